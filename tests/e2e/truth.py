"""What the sandbox knows, as the rows that a target should hold."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox import Account, Preferences
from tap_activecampaign_segments.sandbox.activecampaign import documents
from tap_activecampaign_segments.sandbox.activecampaign.conditions import (
    make_condition,
    make_field,
    make_groups,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_activecampaign_segments.sandbox import Export, Group, Run, Segment

    Row = dict[str, Any]
    Rows = list[Row]

KEYS = {
    "contacts": ("contact_id",),
    "count_history": ("segment_id", "run_id", "timestamp"),
    "match_all_results": ("segment_id", "contact_id"),
    "match_all_runs": ("segment_id", "run_id"),
    "membership_changes": ("segment_id", "contact_id", "run_id"),
    "memberships": ("segment_id", "contact_id"),
    "segment_conditions": ("segment_id", "created_date", "condition_id", "field_index"),
    "segment_definitions": ("segment_id", "created_date"),
    "segment_group_exports": ("segment_group_name", "exported_at"),
    "segment_group_profiles": ("segment_group_name", "ProfileId"),
    "segments": ("segment_id",),
}
"""All streams, and their keys."""
UNDOCUMENTED = ("DateDeleted", "Household", "LoyaltyTier")
"""Undocumented fields of some of the sandbox's profiles."""
PAGES = {"PAGE_SIZE": "1000", "MYPREFERENCES_PAGE_SIZE": "100"}
"""Page sizes that split large results."""
QUOTED = "somebody@example.com"
"""The value of a condition."""
START = 1_700_000_000.0
DAY = 86_400.0


def furnished() -> tuple[Account, Preferences]:
    """Accounts with one of every case; only `change` records counts."""
    account = Account()
    account.records_runs = False
    many = account.add_segment("Many", range(1, 1_102), evaluation_seconds=0.2)
    many.versions[0].description = 'Says "hello, world";\nin two lines, and ünïcödé'
    for number in range(1, 4):
        many.edit(START + number * DAY + 0.1234)
    for number in range(120):
        many.add_count(
            START + number // 3 * 0.4567 * DAY,
            number,
            active_result_count=None if number % 2 else number - 1,
        )
    few = account.add_segment("Few", [2**40, 7, 3])
    few.versions[0].meta = {"team": "growth"}
    opened = {"aggregate_field_operator": ">=", "aggregate_field_value": "2"}
    logic = make_groups(
        ("or", [make_condition("email_open", make_field("campaignid", "any"), aggregate=opened)]),
        ("and", [make_condition("contact", make_field("email", "contains", QUOTED))]),
    )
    few.versions[0].conditions, few.versions[0].groups = logic["conditions"], logic["groups"]
    account.add_segment("None")
    account.update_contact(60, email=" Mixed.Case@Example.COM ", phone="+1 (555) 010-0199")
    account.update_contact(61, phone="", firstName="Ünï", lastName='Cødé, "Jr."')
    account.anonymize_contact(62)
    account.mark_contact_deleted(63)
    account.subscribe(64, list_id=9, status=2)
    preferences = Preferences()
    large = preferences.add_group("Newsletter consents", 110)
    large.delete(large.profiles[5]["ProfileId"])
    preferences.add_group("Loyalty club", 12)
    preferences.add_group("Nobody", 0)
    return account, preferences


def change(account: Account, preferences: Preferences) -> None:
    """Change contacts and profiles, edit a segment, and record a count."""
    many, few, _ = account.segments
    many.members = range(51, 1_112)
    many.edit(name="Quite many")
    many.add_count(account.clock.time(), 1_061, active_result_count=1_000)
    few.members = [2**40, 3, 2**41]
    large, small, _ = preferences.groups
    large.profiles = [*large.profiles[3:], {"ProfileId": 2**41, "IsActive": False}]
    small.delete(small.profiles[0]["ProfileId"])


def instant(text: str) -> datetime:
    """Parse a timestamp of the account."""
    return datetime.strptime(f"{text[:-1]:0<26}+0000", "%Y-%m-%dT%H:%M:%S.%f%z")


def listed(account: Account) -> Rows:
    """Return the rows of the current listing."""
    return [
        {"last_used_date": None, "listing_size": len(account.segments)}
        | {
            name: instant(value) if name.endswith("_date") else value
            for name, value in documents.build_summary(account, segment)["attributes"].items()
        }
        | {"counts": _counts(account, segment)}
        for segment in account.segments
    ]


def _counts(account: Account, segment: Segment) -> Row:
    """The counts of the listing, with timestamps as the tap writes them."""
    counts = documents.build_summary(account, segment)["attributes"]["counts"]
    return {
        name: {
            key: value if key in {"count", "run_id"} else f"{instant(value):%Y-%m-%dT%H:%M:%S.%fZ}"
            for key, value in total.items()
        }
        for name, total in counts.items()
    }


def known(account: Account) -> dict[str, Rows]:
    """Return all expected rows of the segments except the listing, oldest first.

    Args:
        account: After its runs.
    """
    rows: dict[str, Rows] = {
        stream: [] for stream in KEYS if not stream.startswith("segment_group_")
    }
    for segment in account.segments:
        for version in segment.versions:
            row = documents.build_definition(account, segment, version)["attributes"]
            of_version = {"created_date": instant(row["created_date"])}
            rows["segment_definitions"].append(row | of_version)
            rows["segment_conditions"] += [condition | of_version for condition in conditions(row)]
        rows["count_history"] += [
            _size(documents.build_count(account, segment, count)) for count in segment.counts
        ]
        for stream, found in _of_runs(account, segment).items():
            rows[stream] += found
    members = {each for segment in account.segments for run in segment.runs for each in run.members}
    rows["contacts"] = [contact_row(account, each) for each in sorted(members)]
    return rows


def conditions(definition: Row) -> Rows:
    """Return the fields of a definition's conditions, without what is told in words."""
    groups = {
        value["id"]: group["id"]
        for group in definition["segment_condition_groups"]
        for value in group["values"]
    }
    return [
        {
            "segment_id": definition["segment_id"],
            "condition_id": condition["id"],
            "field_index": number,
            "group_id": groups[condition["id"]],
            "object_type": condition["object_type"],
            "source_system": condition["source_system"],
            "field_name": field["name"],
            "operator": field["operator"],
            "value": field["value"],
            "data_type": field["data_type"],
            "external": False,
        }
        for condition in definition["segment_conditions"]
        for number, field in enumerate(condition["fields"], 1)
    ]


CONTACT_TEXTS = {
    "email": "email",
    "phone": "phone",
    "first_name": "firstName",
    "last_name": "lastName",
}
"""Columns, and the fields of the API."""
NOT_FOUND = {
    **dict.fromkeys([*CONTACT_TEXTS, "email_sha256", "phone_sha256", "created_at", "updated_at"]),
    **dict.fromkeys(["bounced_hard", "bounced_soft", "is_anonymized", "subscriptions"]),
    "is_found": False,
}
"""What is known of a contact that was deleted."""


def contact_row(account: Account, contact_id: int) -> Row:
    """Return the row of a contact, without the time of reading."""
    document = account.contacts.build_contact(contact_id)
    if document["deleted"] == "1":
        return {"contact_id": contact_id, **NOT_FOUND}
    texts = {name: document[field] or None for name, field in CONTACT_TEXTS.items()}
    email, phone = document["email"].strip().lower(), re.sub(r"[ ()-]", "", document["phone"])
    created, updated = (
        datetime.fromtimestamp(int(at), timezone.utc) if isfinite(at) else None
        for at in account.contacts.get_dates(contact_id)
    )
    return {
        "contact_id": contact_id,
        **texts,
        "email_sha256": sha256(email.encode()).hexdigest() if email else None,
        "phone_sha256": sha256(phone.encode()).hexdigest() if phone else None,
        "created_at": created,
        "updated_at": updated,
        "bounced_hard": int(document["bounced_hard"]),
        "bounced_soft": int(document["bounced_soft"]),
        "is_anonymized": document["anonymized"] == "1",
        "is_found": True,
        "subscriptions": [
            {
                "list_id": each["list"],
                "status": each["status"],
                "updated_at": _zoned(each["udate"]),
            }
            for each in account.contacts.build_subscriptions(contact_id)
        ],
    }


def _zoned(text: str) -> str | None:
    """A timestamp with an offset as the tap writes it."""
    if text.startswith("0000"):
        return None
    at = datetime.fromisoformat(text).astimezone(timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def _size(resource: Mapping[str, Any]) -> Row:
    row = {"count_updating_with_runid": None, **resource["attributes"], "id": resource["id"]}
    return {"active_result_count": None} | row | {"timestamp": instant(row["timestamp"])}


def _of_runs(account: Account, segment: Segment) -> dict[str, Rows]:
    """Rows of a segment's runs; the first run is the baseline."""

    def text(at: float) -> datetime:
        return instant(account.timestamps.format(at))

    rows: dict[str, Rows] = {"match_all_runs": [], "membership_changes": [], "memberships": []}
    rows["match_all_results"] = [
        {
            "segment_id": segment.segment_id,
            "contact_id": contact_id,
            "position": position,
            "run_id": run.run_id,
            "run_id_end": text(run.ended),
            "segment_timestamp": text(run.segment_timestamp),
        }
        for run in segment.runs
        for position, contact_id in enumerate(sorted(run.members), 1)
    ]
    before: list[Run | None] = [None, *segment.runs]
    baseline, *_ = segment.runs
    for number, (previous, run) in enumerate(zip(before, segment.runs, strict=False), 1):
        members = set(previous.members if previous else ())
        joined, left = set(run.members) - members, members - set(run.members)
        of_run = {"segment_id": segment.segment_id, "run_id": run.run_id}
        facts = {
            "segment_timestamp": text(run.segment_timestamp),
            "previous_run_id": previous.run_id if previous else None,
            "definition_changed": bool(
                previous and previous.segment_timestamp != run.segment_timestamp
            ),
            "is_baseline": previous is None,
        }
        rows["match_all_runs"].append(
            of_run
            | facts
            | {
                "run_id_start": text(run.started),
                "run_id_end": text(run.ended),
                "sort": "id",
                "total": len(run.members),
                "baseline_run_id": baseline.run_id,
                "run_number": number,
                "joined_count": len(joined),
                "left_count": len(left),
                "origin": "tap",
            }
        )
        for contact_id in joined | left:
            of_contact = of_run | {"contact_id": contact_id, "changed_at": text(run.ended)}
            rows["membership_changes"].append(
                of_contact
                | facts
                | {
                    "change": "joined" if contact_id in joined else "left",
                    "previous_run_id_end": text(previous.ended) if previous else None,
                }
            )
            rows["memberships"].append(
                of_contact | {"is_member": contact_id in joined, "baseline_run_id": baseline.run_id}
            )
    return rows


def exported(
    preferences: Preferences, instants: Mapping[str, Iterable[datetime]]
) -> dict[str, Rows]:
    """Return all exported rows, oldest first.

    Args:
        preferences: After its exports.
        instants: `exported_at` of the exports by group, in order.
    """
    exports: Rows = []
    profiles: Rows = []
    for group in preferences.groups:
        fields = dict.fromkeys(_fields(preferences.groups))
        for export, at in zip(group.exports, instants[group.name], strict=True):
            of_export = {"segment_group_name": group.name, "exported_at": at}
            about = {"last_date_time": None, "is_full": True, "total_results": len(export.rows)}
            exports.append(of_export | about)
            profiles += [fields | of_export | profile for profile in _profiles(export)]
    return {"segment_group_exports": exports, "segment_group_profiles": profiles}


def _profiles(export: Export) -> Iterable[Row]:
    for document in (json.loads(row.document) for row in export.rows):
        beyond = {name: document.pop(name) for name in UNDOCUMENTED if name in document}
        yield document | {"additional_fields": beyond or None}


def _fields(groups: Iterable[Group]) -> set[str]:
    """The names of all fields that any profile has."""
    exports = [export for group in groups for export in group.exports]
    return {name for export in exports for profile in _profiles(export) for name in profile}


def now() -> datetime:
    """The present."""
    return datetime.now(timezone.utc)
