"""Who may be reached and written to, by what the sandbox knew of contacts and profiles."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.e2e.truth import instant

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from datetime import datetime

    from tests.dbt.nights import Nights

    Row = dict[str, Any]

PERSON = ("email", "phone", "first_name", "last_name", "email_sha256", "phone_sha256")
ACTIVE = "1"


def reached(nights: Nights, members: Iterable[Row]) -> list[Row]:
    """Return the members whose address or digest is known."""
    found = []
    for member in members:
        contact = nights.known.contacts.get(member["contact_id"])
        if contact and contact["is_found"] and not contact["is_anonymized"]:
            person = {name: contact[name] for name in PERSON}
            if any(person[name] for name in ("email", "phone", "email_sha256", "phone_sha256")):
                found.append(
                    {
                        "person_id": member["contact_id"],
                        "audience_id": member["segment_id"],
                        "audience_name": member["segment_name"],
                        **person,
                        "member_since": member["member_since"],
                    }
                )
    return found


def people(rows: Iterable[Row]) -> list[Row]:
    """Return each person once."""
    return list(
        {
            row["person_id"]: {"id": row["person_id"], **{name: row[name] for name in PERSON}}
            for row in rows
        }.values()
    )


def sizes(
    segments: Iterable[Row], evaluated: Container[str], rows: Iterable[Row], *, is_any_known: bool
) -> list[Row]:
    """Return all audiences, each with its size.

    Args:
        segments: Those that exist.
        evaluated: Ids of the segments whose members are known.
        rows: Of `audience_members`.
        is_any_known: Whether any contact was read.
    """
    counts = Counter(row["audience_id"] for row in rows)
    return [
        {
            "id": each["segment_id"],
            "name": each["name"],
            "size": counts[each["segment_id"]]
            if is_any_known and each["segment_id"] in evaluated
            else None,
        }
        for each in segments
    ]


def mailable(nights: Nights, members: Iterable[Row], max_age_days: int | None = None) -> list[Row]:
    """Return the members who may be written to. What is unknown is not permitted.

    Args:
        nights: What happened.
        members: Rows of `current_members`.
        max_age_days: What was read longer than that before the latest listing is unknown.
    """
    listed = [instant(row["listed_at"]) for row in nights.warehouse.rows("segments")]
    since = max(listed) - timedelta(max_age_days) if listed and max_age_days else None
    permitted = {sha256(address.encode()).hexdigest() for address in _permitted(nights, since)}
    read = {row["contact_id"]: row["read_at"] for row in nights.warehouse.rows("contacts")}
    found = []
    for member in members:
        contact = nights.known.contacts.get(member["contact_id"])
        if (
            contact
            and contact["is_found"]
            and contact["is_anonymized"] is False
            and contact["bounced_hard"] == 0
            and any(each["status"] == ACTIVE for each in contact["subscriptions"] or ())
            and contact["email_sha256"] in permitted
        ):
            row = {name: member[name] for name in ("segment_id", "contact_id")}
            row |= {name: contact[name] for name in ("email", "email_sha256")}
            row["read_at"] = instant(read[member["contact_id"]])
            if since is None or row["read_at"] >= since:
                found.append(row)
    return found


def _permitted(nights: Nights, since: datetime | None) -> set[str]:
    """Return the addresses that a group permits to write to, and that no profile refuses."""
    exported = nights.exported(since)
    permits: dict[str, list[bool]] = {}
    refused: set[str] = set()
    for key, profile in nights.known.profiles.items():
        statuses = [*_statuses(profile)]
        is_alive = profile.get("IsActive") is True and profile.get("ReasonCode") is None
        is_gone = profile.get("IsActive") is False or profile.get("ReasonCode") is not None
        for each in profile.get("Emails") or ():
            address = each["Value"].strip().lower()
            if is_gone or any(status != "optin" for _, status in statuses):
                refused.add(address)
            if key in exported:
                is_given = any(is_named and status == "optin" for is_named, status in statuses)
                permits.setdefault(address, []).append(is_alive and is_given)
    return {address for address, of_all in permits.items() if all(of_all)} - refused


def _statuses(profile: Row) -> Iterator[tuple[bool, str]]:
    """Yield the status of each consent that may be one for e-mail, and whether it says so."""
    for each in profile.get("Consents") or ():
        named = [(each.get("Channel") or "").lower(), (each.get("Purpose") or "").lower()]
        if named[0] in {"", "email"} and named[1] in {"", "marketing"}:
            yield all(named), (each.get("Status") or "").lower()
