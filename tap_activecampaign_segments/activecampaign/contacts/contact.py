"""Records of contacts, with or without what identifies a person."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import MalformedResponseError
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PUNCTUATION = re.compile(r"[\s().\-/\u2010-\u2015]")
"""Separators in phone numbers."""
NO_DATE = "0000-00-00"
"""How the API writes that there is no date."""
IDENTIFIERS = ("email", "phone", "first_name", "last_name")
"""Columns that are null in hashed records."""
BOOLEANS = {"1": True, "0": False}

Subscriptions = dict[int, list[dict[str, Any]]]
"""The subscriptions of each contact, by its id."""


def contact_record(
    contact_id: int,
    contact: Mapping[str, Any],
    subscriptions: list[dict[str, Any]] | None,
    *,
    read_at: str,
    hashed: bool,
) -> dict[str, Any]:
    """Return the record of a contact.

    A value that has no usable form is null: a contact is not left out because of one.

    Example:
        >>> contact = {"email": "contact5@example.com", "cdate": "2026-01-31T04:00:00-05:00"}
        >>> record = contact_record(5, contact, None, read_at="", hashed=False)
        >>> record["email"], record["created_at"]
        ('contact5@example.com', '2026-01-31T09:00:00.000000Z')

    Args:
        contact_id: Its id.
        contact: The contact as the API answers; its numbers are text (documented).
        subscriptions: See `read_subscriptions`; None if the API did not tell.
        read_at: When it was read, normalized.
        hashed: Whether to leave out what identifies a person, except as a digest.
    """
    if str(contact.get("deleted")) in {"1", "True"}:
        # Deleted contacts are not listed (documented), but some were seen.
        return missing_record(contact_id, read_at=read_at)
    email, phone = _text(contact.get("email")), _text(contact.get("phone"))
    record = {
        "contact_id": contact_id,
        "email": email,
        "email_sha256": _sha256(email, lambda text: text.strip().lower()),
        "phone": phone,
        "phone_sha256": _sha256(phone, lambda text: PUNCTUATION.sub("", text)),
        "first_name": _text(contact.get("firstName")),
        "last_name": _text(contact.get("lastName")),
        "created_at": _timestamp(contact.get("cdate")),
        # `updated_utc_timestamp` was seen with local time.
        "updated_at": _timestamp(contact.get("udate")),
        "bounced_hard": coerce_count(contact.get("bounced_hard")),
        "bounced_soft": coerce_count(contact.get("bounced_soft")),
        "is_anonymized": BOOLEANS.get(str(contact.get("anonymized"))),
        "is_found": True,
        "subscriptions": subscriptions,
        "read_at": read_at,
    }
    return {**record, **dict.fromkeys(IDENTIFIERS)} if hashed else record


def missing_record(contact_id: int, *, read_at: str) -> dict[str, Any]:
    """Return the record of a contact that the API does not have.

    Args:
        contact_id: Its id.
        read_at: When it was asked for last, normalized.
    """
    record = contact_record(contact_id, {}, None, read_at=read_at, hashed=True)
    return {**record, "is_found": False}


def read_subscriptions(answer: Mapping[str, Any]) -> Subscriptions | None:
    """Return what ``include=contactLists`` brought; None if it brought nothing that is usable.

    Args:
        answer: The object that the API answered.
    """
    rows = answer.get("contactLists")
    if not isinstance(rows, list):
        return None
    found: Subscriptions = defaultdict(list)
    for row in rows:
        contact_id = coerce_count(row.get("contact")) if isinstance(row, dict) else None
        if contact_id is None:
            # Its owner is unknown, so no contact's subscriptions are complete.
            return None
        found[contact_id].append(
            {
                "list_id": _text(row.get("list")),
                "status": _text(row.get("status")),
                "updated_at": _timestamp(row.get("udate")),
            }
        )
    return found


def _text(value: object) -> str | None:
    """Return a text or a number as text; None for an empty one, and for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) if str(value).strip() else None


def _timestamp(value: object) -> str | None:
    if not isinstance(value, str) or value.startswith(NO_DATE):
        return None
    try:
        return timestamps.normalize(value)
    except MalformedResponseError:
        return None


def _sha256(text: str | None, normalize: Callable[[str], str]) -> str | None:
    """Return the hexadecimal digest of a normalized text, None if nothing is left of it."""
    normalized = normalize(text or "")
    return hashlib.sha256(normalized.encode()).hexdigest() if normalized else None
