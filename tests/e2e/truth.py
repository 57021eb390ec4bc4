"""What the sandbox knows, as the rows that a target should hold."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox import Account, Preferences
from tap_activecampaign_segments.sandbox.activecampaign import documents

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
    account.add_segment("None")
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
            version_row = row | {"created_date": instant(row["created_date"])}
            rows["segment_definitions"].append(version_row)
            rows["segment_conditions"] += _conditions(version_row)
        rows["count_history"] += [
            _size(documents.build_count(account, segment, count)) for count in segment.counts
        ]
        for stream, found in _of_runs(account, segment).items():
            rows[stream] += found
    joined = {row["contact_id"] for row in rows["membership_changes"] if row["change"] == "joined"}
    rows["contacts"] = [_contact(account, each) for each in sorted(joined)]
    return rows


def _conditions(version: Row) -> Rows:
    """The rows of a version's conditions."""
    groups = {
        each["id"]: group["id"]
        for group in version["segment_condition_groups"]
        for each in group["values"]
        if each["type"] == "condition"
    }
    return [
        {
            "segment_id": version["segment_id"],
            "created_date": version["created_date"],
            "condition_id": condition["id"],
            "field_index": place,
            "group_id": groups.get(condition["id"]),
            "object_type": condition["object_type"],
            "source_system": condition["source_system"],
            "field_name": field["name"],
            "operator": field["operator"],
            "value": _text(field.get("value")),
            "data_type": field["data_type"],
            "external": field.get("external", False),
        }
        for condition in version["segment_conditions"]
        for place, field in enumerate(condition["fields"], 1)
    ]


def _text(value: Any) -> str | None:
    return value if isinstance(value, (str, type(None))) else json.dumps(value)


def _contact(account: Account, contact_id: int) -> Row:
    """The row of a contact."""
    contact = account.contacts.build_contact(contact_id)
    email, phone = contact["email"], contact["phone"] or None
    return {
        "contact_id": contact_id,
        "email": email,
        "email_sha256": hashlib.sha256(email.strip().lower().encode()).hexdigest(),
        "phone": phone,
        "phone_sha256": phone and hashlib.sha256(phone.encode()).hexdigest(),
        "first_name": contact["firstName"] or None,
        "last_name": contact["lastName"] or None,
        "created_at": _zoned(contact["cdate"]),
        "updated_at": _zoned(contact["udate"]),
        "bounced_hard": int(contact["bounced_hard"]),
        "bounced_soft": int(contact["bounced_soft"]),
        "is_anonymized": contact["anonymized"] == "1",
        "is_found": True,
        "subscriptions": [
            {
                "list_id": each["list"],
                "status": each["status"],
                "updated_at": at and f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            }
            for each in account.contacts.build_subscriptions(contact_id)
            for at in [_zoned(each["udate"])]
        ],
    }


def _zoned(text: str) -> datetime | None:
    """Parse a date of a contact."""
    if text.startswith("0000"):
        return None
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").astimezone(timezone.utc)


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
