"""What every model of the package must hold, by what the sandbox knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox.activecampaign import documents
from tests.dbt import audiences
from tests.dbt.timeline import Timeline, daily_changes, intervals, timelines
from tests.e2e.truth import conditions, instant

if TYPE_CHECKING:
    from datetime import datetime

    from tests.dbt.nights import Nights

    Row = dict[str, Any]

OVERLAP_MIN_SIZE = 30
MAILABLE_MAX_AGE_DAYS = 7
UNUSED = timedelta(days=90)
STALE = timedelta(days=7)
EDITED = timedelta(days=7)


@dataclass(frozen=True)
class Truth:
    """What is true after some nights.

    Attributes:
        timelines: Of each segment.
        models: Rows by the name of the model.
    """

    timelines: dict[str, Timeline]
    models: dict[str, list[Row]]

    @classmethod
    def of(cls, nights: Nights, mailable_max_age_days: int | None = None) -> Truth:
        """Note what is true now."""
        found = timelines(nights)
        models = _Models(nights, found, mailable_max_age_days)
        return cls(found, models.all())


class _Models:
    def __init__(
        self, nights: Nights, found: dict[str, Timeline], mailable_max_age_days: int | None
    ) -> None:
        self._mailable_max_age_days = mailable_max_age_days
        self._nights = nights
        self._timelines = found
        self._heads = {segment_id: timeline[-1] for segment_id, timeline in found.items()}
        self._existing = {each["segment_id"]: each for each in existing_segments(nights)}
        self._latest = _latest_definitions(nights)
        self._open = [
            row
            for segment_id in self._existing
            for row in intervals(found.get(segment_id, []))
            if row["valid_to"] is None
        ]

    def all(self) -> dict[str, list[Row]]:
        """Return the rows of all models."""
        members = self._current_members()
        reached = audiences.reached(self._nights, members)
        return {
            "membership_intervals": [
                row
                for timeline in self._timelines.values()
                for row in intervals(timeline)
                if row["valid_to"] is None or row["valid_to"] > row["valid_from"]
            ],
            "current_members": members,
            "daily_changes": [
                row for timeline in self._timelines.values() for row in daily_changes(timeline)
            ],
            "segments_current": self._segments_current(),
            "segment_sizes": self._segment_sizes(),
            "segment_overlap": self._segment_overlap(),
            "segment_audit": self._segment_audit(),
            "segment_lineage": self._segment_lineage(),
            "audience_members": reached,
            "audience_people": audiences.people(reached),
            "audiences": audiences.sizes(
                self._existing.values(),
                self._heads,
                reached,
                is_any_known=bool(self._nights.known.contacts),
            ),
            "mailable_members": audiences.mailable(
                self._nights, members, self._mailable_max_age_days
            ),
        }

    def _current_members(self) -> list[Row]:
        return [
            {
                "segment_id": row["segment_id"],
                "segment_name": self._existing[row["segment_id"]]["name"],
                "contact_id": row["contact_id"],
                "member_since": row["valid_from"],
                "began_by": row["began_by"],
                "run_id": self._heads[row["segment_id"]].run_id,
                "run_id_end": self._heads[row["segment_id"]].ended,
            }
            for row in self._open
        ]

    def _segments_current(self) -> list[Row]:
        found = []
        for segment_id, listed in self._existing.items():
            last = (listed["counts"] or {}).get("last_total")
            head = self._heads.get(segment_id)
            names = ("name", "category", "created_date", "updated_date", "last_used_date")
            found.append(
                {
                    "segment_id": segment_id,
                    **{name: listed[name] for name in (*names, "listed_at")},
                    "last_total": last["count"] if last else None,
                    "last_total_at": instant(last["run_id_end"]) if last else None,
                    "run_id": head and head.run_id,
                    "run_id_end": head and head.ended,
                    "total": len(head.members) if head else None,
                    **self._edit(segment_id, "definition_text", "segment_hash"),
                }
            )
        return found

    def _edit(self, segment_id: str, *more: str) -> Row:
        """The latest edit of a segment."""
        latest = self._latest.get(segment_id, {})
        return {
            "edited_at": latest.get("created_date"),
            "edited_by": latest.get("user_id"),
            "changes_text": latest.get("changes_text"),
            **{name: latest.get(name) for name in more},
        }

    def _segment_sizes(self) -> list[Row]:
        stored = {
            (row["segment_id"], row["run_id"], instant(row["timestamp"]))
            for row in self._nights.warehouse.rows("count_history")
        }
        found: list[Row] = []
        for segment_id, segment in self._nights.known.segments.items():
            days: dict[Any, Row] = {}
            text = self._nights.account.timestamps.format
            counts = [
                (at, int(count.count_id), count)
                for count in segment.counts
                if (segment_id, count.run_id, at := instant(text(count.at))) in stored
            ]
            for at, _, count in sorted(counts, key=lambda each: each[:2]):
                days[at.date()] = {
                    "segment_id": segment_id,
                    "day": at.date(),
                    "size": count.result_count,
                    "active_size": count.active_result_count,
                    "counted_at": at,
                }
            previous: int | None = None
            for row in days.values():
                growth = None if previous is None else row["size"] - previous
                rate = growth / previous if previous and growth is not None else None
                found.append(
                    row | {"previous_size": previous, "growth": growth, "growth_rate": rate}
                )
                previous = row["size"]
        return found

    def _segment_overlap(self) -> list[Row]:
        large = {
            segment_id: (listed["name"], self._heads[segment_id].members)
            for segment_id, listed in self._existing.items()
            if segment_id in self._heads
            and len(self._heads[segment_id].members) >= OVERLAP_MIN_SIZE
        }
        found = []
        for a, b in combinations(sorted(large), 2):
            (name_a, of_a), (name_b, of_b) = large[a], large[b]
            if shared := len(of_a & of_b):
                found.append(
                    {
                        "segment_id_a": a,
                        "segment_id_b": b,
                        "name_a": name_a,
                        "name_b": name_b,
                        "size_a": len(of_a),
                        "size_b": len(of_b),
                        "shared_count": shared,
                        "jaccard": shared / len(of_a | of_b),
                        "share_of_a": shared / len(of_a),
                        "share_of_b": shared / len(of_b),
                    }
                )
        return found

    def _segment_audit(self) -> list[Row]:
        now = max(each["listed_at"] for each in self._existing.values())
        hashes = [self._edit(each, "segment_hash")["segment_hash"] for each in self._existing]
        found = []
        for segment_id, listed in self._existing.items():
            head = self._heads.get(segment_id)
            size = self._size(segment_id)
            edit = self._edit(segment_id, "segment_hash")
            same = hashes.count(edit["segment_hash"]) if edit["segment_hash"] else 1
            edited = edit["edited_at"]
            found.append(
                {
                    "segment_id": segment_id,
                    "name": listed["name"],
                    "category": listed["category"],
                    "size": size,
                    "is_empty": None if size is None else size == 0,
                    "is_unused": _is_unused(listed, now),
                    "last_used_date": listed["last_used_date"],
                    "is_duplicate": same > 1,
                    "duplicate_count": same - 1,
                    "is_stale": head is None or head.ended < now - STALE,
                    "last_evaluated_at": head and head.ended,
                    "is_edited_lately": edited is not None and edited >= now - EDITED,
                    **edit,
                    "audited_at": now,
                }
            )
        return found

    def _size(self, segment_id: str) -> int | None:
        """The latest known size, whoever counted."""
        head = self._heads.get(segment_id)
        last = (self._existing[segment_id]["counts"] or {}).get("last_total")
        if last and not (head and head.ended >= instant(last["run_id_end"])):
            return int(last["count"])
        return len(head.members) if head else None

    def _segment_lineage(self) -> list[Row]:
        keys = ("object_type", "source_system", "field_name", "value", "is_external")
        found: dict[tuple[Any, ...], int] = {}
        for segment_id in self._existing:
            for row in self._latest.get(segment_id, {}).get("conditions", []):
                condition = row | {"is_external": row["external"]}
                key = *(condition[name] for name in keys), segment_id
                found[key] = found.get(key, 0) + 1
        return [
            dict(zip((*keys, "segment_id"), key, strict=True))
            | {"segment_name": self._existing[key[-1]]["name"], "use_count": uses}
            for key, uses in found.items()
        ]


def _is_unused(listed: Row, now: datetime) -> bool | None:
    """Whether a segment was not used for long; None of one that is in no listing."""
    used = listed["last_used_date"]
    if listed["updated_date"] is None:
        return None
    return used is None or used < now - UNUSED


def existing_segments(nights: Nights) -> list[Row]:
    """Return the listed rows of the segments that exist by the latest listing that is whole."""
    rows = nights.warehouse.rows("segments")

    def since(at: str) -> list[Row]:
        return [row for row in rows if row["listed_at"] >= at]

    whole = [
        row["listed_at"] for row in rows if row["listing_size"] <= len(since(row["listed_at"]))
    ]
    return [
        nights.known.listed[row["segment_id"]] | {"listed_at": instant(row["listed_at"])}
        for row in (since(max(whole)) if whole else ())
    ]


def _latest_definitions(nights: Nights) -> dict[str, Row]:
    """Return the latest version of each segment that the target has, with its conditions."""
    latest: dict[str, Row] = {}
    for row in nights.warehouse.rows("segment_definitions"):
        at = instant(row["created_date"])
        known = latest.get(row["segment_id"])
        if known is None or known["created_date"] < at:
            segment = nights.known.segments[row["segment_id"]]
            [version] = (
                each
                for each in segment.versions
                if instant(nights.account.timestamps.format(each.created)) == at
            )
            told = documents.build_definition(nights.account, segment, version)["attributes"]
            latest[row["segment_id"]] = {
                "created_date": at,
                "user_id": version.user_id,
                "segment_hash": version.segment_hash,
                # The sandbox has no words for it.
                "definition_text": row["definition_text"],
                "changes_text": row["changes_text"],
                "conditions": list(conditions(told)),
            }
    return latest
