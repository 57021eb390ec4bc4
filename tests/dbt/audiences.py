"""Who may be reached and written to, by what the sandbox knew of contacts and profiles."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def sizes(segments: Iterable[Row], rows: Iterable[Row]) -> list[Row]:
    """Return all audiences, each with its size."""
    counts = Counter(row["audience_id"] for row in rows)
    return [
        {"id": each["segment_id"], "name": each["name"], "size": counts[each["segment_id"]]}
        for each in segments
    ]


def mailable(nights: Nights, members: Iterable[Row]) -> list[Row]:
    """Return the members who may be written to. What is unknown is not permitted."""
    permitted = {sha256(address.encode()).hexdigest() for address in _permitted(nights)}
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
            names = ("email", "email_sha256")
            keys = {"segment_id": member["segment_id"], "contact_id": member["contact_id"]}
            found.append(keys | {name: contact[name] for name in names})
    return found


def _permitted(nights: Nights) -> set[str]:
    """Return the addresses of which each profile permits marketing by e-mail."""
    opinions: dict[str, list[bool]] = {}
    for (group, profile_id), profile in nights.known.profiles.items():
        if (group, profile_id) not in nights.exported():
            continue
        consents = [
            each["Status"] == "OptIn"
            for each in profile.get("Consents") or ()
            if (each["Channel"], each["Purpose"]) == ("Email", "Marketing")
        ]
        is_alive = profile.get("IsActive") is True and profile.get("ReasonCode") is None
        for each in profile.get("Emails") or ():
            opinion = is_alive and bool(consents) and all(consents)
            opinions.setdefault(each["Value"].strip().lower(), []).append(opinion)
    return {address for address, of_all in opinions.items() if all(of_all)}
