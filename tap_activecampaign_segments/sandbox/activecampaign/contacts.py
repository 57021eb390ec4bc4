"""Contacts as the API shows them: numbers are text, dates have an offset.

All fields follow from the id. Contacts up to 49 are plain: on the first list, and with nothing of
the following, which others have:

==========================  ==================================================
contact                     what it shows
==========================  ==================================================
id % 97 == 11               ``udate`` is ``0000-00-00``
id % 97 == 23               the address in mixed case, with spaces around it
id % 97 == 37               ``deleted_at`` is null
id % 97 == 59               bounced hard, also on its lists
id % 97 == 71               bounced softly, twice
id % 97 == 83               no names
id % 7 == 0                 on the second list too
id % 13 == 0                on the third list too
id % 17 == 0, 1 or 2        unsubscribed, unconfirmed or bounced on its lists
id % 29 == 0                ``udate`` of its subscriptions is ``0000-00-00 00:00:00``
id % 53 == 0                on no list
==========================  ==================================================

Every third contact has a phone number.
"""

from __future__ import annotations

from typing import Any

from tap_activecampaign_segments.sandbox.seeded import mix

from .contact_dates import NO_DATE, NO_TIME, format_date, remove_offset

Document = dict[str, Any]

UNCONFIRMED, ACTIVE, UNSUBSCRIBED, BOUNCED = "0", "1", "2", "3"
"""Status of a subscription."""

EARLIEST = 1_577_858_400
"""Epoch seconds before which no contact was created: 2020 in the account's time."""
LATEST = EARLIEST + 60 * 2_000_000 + 86_400
"""Epoch seconds after which a contact has a date only if it was changed."""

_NEVER = float("-inf")
_PLAIN = 50
_PERIOD = 97
_NO_UPDATE, _UNTIDY, _NO_DELETION, _BOUNCED_HARD, _BOUNCED_SOFT, _NAMELESS = 11, 23, 37, 59, 71, 83
_LISTS = {"2": 7, "3": 13}
_STATUSES = {0: UNSUBSCRIBED, 1: UNCONFIRMED, 2: BOUNCED}
_STATUS_PERIOD, _NO_TIME_PERIOD, _NO_LIST_PERIOD = 17, 29, 53


def get_dates(contact: int) -> tuple[float, float]:
    """Return when a contact was created and updated, in epoch seconds; minus infinity if never."""
    created = _get_created(contact)
    return created, _NEVER if _get_kind(contact) == _NO_UPDATE else created + 86_400


def get_statuses(contact: int) -> set[str]:
    """Return the statuses of a contact's subscriptions."""
    return {_get_status(contact)} if _get_lists(contact) else set()


def build_contact(contact: int) -> Document:
    """Return a contact as nobody has changed it."""
    kind = _get_kind(contact)
    created = _get_created(contact)
    cdate = format_date(created)
    udate = NO_TIME if kind == _NO_UPDATE else format_date(created + 86_400)
    name = "" if kind == _NAMELESS else str(contact)
    untidy, address = f"  Contact{contact}@Example.com ", f"contact{contact}@example.com"
    return {
        "id": str(contact),
        "email": untidy if kind == _UNTIDY else address,
        "phone": "" if contact % 3 else f"+1555{contact % 10_000_000:07d}",
        "firstName": name and f"First{name}",
        "lastName": name and f"Last{name}",
        "cdate": cdate,
        "udate": NO_DATE if kind == _NO_UPDATE else udate,
        "deleted": "0",
        "deleted_at": None if kind == _NO_DELETION else NO_TIME,
        "anonymized": "0",
        "bounced_hard": "1" if kind == _BOUNCED_HARD else "0",
        "bounced_soft": "2" if kind == _BOUNCED_SOFT else "0",
        "orgid": "0",
        "hash": f"{mix(contact, 2):032x}",
        "ip": f"192.0.2.{contact % 254 + 1}",
        "ua": None,
        # The names promise UTC, and the values are the account's time.
        "created_utc_timestamp": remove_offset(cdate),
        "updated_utc_timestamp": remove_offset(udate),
    }


def build_subscriptions(contact: int) -> list[Document]:
    """Return a contact's subscriptions as nobody has changed them."""
    return [_build_subscription(contact, list_id) for list_id in _get_lists(contact)]


def build_subscription(contact: int) -> Document:
    """Return a contact's subscription to the first list."""
    return _build_subscription(contact, "1")


def _build_subscription(contact: int, list_id: str) -> Document:
    sdate = format_date(_get_created(contact))
    is_old = contact >= _PLAIN and contact % _NO_TIME_PERIOD == 0
    return {
        "contact": str(contact),
        "list": list_id,
        "status": _get_status(contact),
        "sdate": sdate,
        "udate": NO_TIME if is_old else sdate,
    }


def _get_created(contact: int) -> int:
    return EARLIEST + 60 * (mix(contact, 1) % 2_000_000)


def _get_kind(contact: int) -> int | None:
    return contact % _PERIOD if contact >= _PLAIN else None


def _get_lists(contact: int) -> list[str]:
    if contact < _PLAIN:
        return ["1"]
    if contact % _NO_LIST_PERIOD == 0:
        return []
    return ["1", *(list_id for list_id, period in _LISTS.items() if contact % period == 0)]


def _get_status(contact: int) -> str:
    if _get_kind(contact) == _BOUNCED_HARD:
        return BOUNCED
    return _STATUSES.get(contact % _STATUS_PERIOD, ACTIVE) if contact >= _PLAIN else ACTIVE
