"""Contacts: which there are, and how the API shows them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from heapq import merge
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox.seeded import mix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account
    from .users import User

_CREATED = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=-6)))


def iterate_contacts(account: Account, user: User, after: int = 0) -> Iterator[int]:
    """Yield the ids of the contacts that a user may see, ascending.

    They are those that are a member of a segment, or were when one was evaluated.

    Args:
        account: The account.
        user: The reader.
        after: Lower bound, exclusive.
    """
    results = [run.members for segment in account.segments for run in segment.runs]
    members = [segment.members for segment in account.segments]
    last = after
    for contact in merge(*(_ascending(each, after) for each in (*members, *results))):
        if contact > last and contact not in account.deleted and user.sees(contact):
            yield contact
        last = max(last, contact)


def build_contact(contact: int) -> dict[str, Any]:
    """Return a contact as the API shows it: numbers are text, dates have an offset."""
    created = _CREATED + timedelta(minutes=mix(contact, 1) % 2_000_000)
    return {
        "id": str(contact),
        "email": f"contact{contact}@example.com",
        "phone": "",
        "firstName": f"First{contact}",
        "lastName": f"Last{contact}",
        "cdate": created.isoformat(),
        "udate": (created + timedelta(days=1)).isoformat(),
        "deleted": "0",
        "anonymized": "0",
        "bounced_hard": "0",
        "bounced_soft": "0",
    }


def build_subscription(contact: int) -> dict[str, str]:
    """Return a contact's subscription to the first list."""
    return {"contact": str(contact), "list": "1", "status": "1"}


def _ascending(members: Any, after: int) -> Iterator[int]:
    return (each for each in sorted(members) if each > after)
