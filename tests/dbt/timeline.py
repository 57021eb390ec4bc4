"""The evaluations that prove who was in a segment and when, with the members of each.

Which runs are whole follows from the rows that a target holds, everything else from the sandbox.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.e2e.truth import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

    from tap_activecampaign_segments.sandbox import Account, Run
    from tests.dbt.nights import Nights

    Row = dict[str, Any]
    Key = tuple[str, str]


@dataclass(frozen=True)
class Evaluation:
    """A run of a timeline.

    Attributes:
        segment_id: The evaluated segment.
        run_id: Unique.
        started: UTC.
        ended: UTC.
        known: From when on it is the latest: one that ends after a later one tells nothing new
            then.
        members: Contacts that matched.
        definition: Since when the evaluated definition had been in force.
        number: Its place on its chain.
        is_baseline: Whether it was compared with none.
    """

    segment_id: str
    run_id: str
    started: datetime
    ended: datetime
    known: datetime
    members: frozenset[int]
    definition: datetime
    number: int
    is_baseline: bool


@dataclass(frozen=True)
class Change:
    """A contact that is a member after an evaluation and was none before it, or the reverse.

    Attributes:
        contact_id: The contact.
        joined: Whether it is a member now.
        kind: How it is known: ``joined``, ``left``, ``baseline`` or ``segment_edited``.
        before: The evaluation before; None for a segment's first.
        after: The evaluation that found it.
    """

    contact_id: int
    joined: bool
    kind: str
    before: Evaluation | None
    after: Evaluation


Timeline = list[Evaluation]


def timelines(nights: Nights) -> dict[str, Timeline]:
    """Return the whole runs of each segment in order, with what the sandbox knows of them."""
    runs = {
        (segment.segment_id, run.run_id): run
        for segment in nights.known.segments.values()
        for run in segment.runs
    }
    rows = {
        (row["segment_id"], row["run_id"]): row for row in nights.warehouse.rows("match_all_runs")
    }
    changes = nights.warehouse.rows("membership_changes")
    found: dict[str, Timeline] = {}
    for key in whole_runs(rows, changes):
        each = _evaluation(nights.account, key[0], runs[key], rows[key])
        found.setdefault(key[0], []).append(each)
    for timeline in found.values():
        timeline.sort(key=lambda each: (each.started, each.number, each.run_id))
        ends = [each.ended for each in timeline]
        timeline[:] = [
            replace(each, known=min(ends[place:])) for place, each in enumerate(timeline)
        ]
    return found


def changes_of(timeline: Timeline) -> Iterator[Change]:
    """Return all changes of a segment, oldest first."""
    earlier: list[Evaluation | None] = [None, *timeline]
    for before, after in zip(earlier, timeline, strict=False):
        members = before.members if before else frozenset()
        is_edited = before is not None and before.definition != after.definition
        for contact_id in sorted(after.members ^ members):
            joined = contact_id in after.members
            kind = "joined" if joined else "left"
            if is_edited:
                kind = "segment_edited"
            if after.is_baseline:
                kind = "baseline"
            yield Change(contact_id, joined, kind, before, after)


def intervals(timeline: Timeline) -> list[Row]:
    """Return the membership intervals of a segment."""
    found: list[Row] = []
    open_ones: dict[int, Row] = {}
    for change in changes_of(timeline):
        after = change.before and change.before.known
        if change.joined:
            row = {
                "segment_id": change.after.segment_id,
                "contact_id": change.contact_id,
                "valid_from": change.after.known,
                "valid_to": None,
                "began_by": change.kind,
                "ended_by": None,
                "began_run_id": change.after.run_id,
                "ended_run_id": None,
                "began_after": after,
                "ended_after": None,
            }
            open_ones[change.contact_id] = row
            found.append(row)
        else:
            open_ones.pop(change.contact_id).update(
                valid_to=change.after.known,
                ended_by=change.kind,
                ended_run_id=change.after.run_id,
                ended_after=after,
            )
    return found


def daily_changes(timeline: Timeline) -> list[Row]:
    """Return a row per day on which the segment was evaluated."""
    days: dict[date, list[Evaluation]] = {}
    for each in timeline:
        days.setdefault(each.known.date(), []).append(each)
    prefixes = {"segment_edited": "edit_", "baseline": "baseline_"}
    counts: Counter[tuple[date, str]] = Counter()
    for change in changes_of(timeline):
        kind = "joined_count" if change.joined else "left_count"
        counts[change.after.known.date(), f"{prefixes.get(change.kind, '')}{kind}"] += 1
    names = [
        f"{prefix}{kind}_count"
        for prefix in ("", *prefixes.values())
        for kind in ("joined", "left")
    ]
    return [
        {
            "segment_id": timeline[0].segment_id,
            "day": day,
            "runs": len(runs),
            **{name: counts[day, name] for name in names},
            "net_count": counts[day, "joined_count"] - counts[day, "left_count"],
            "total": len(runs[-1].members),
        }
        for day, runs in days.items()
    ]


def members_at(timelines: Mapping[str, Timeline], at: datetime) -> set[tuple[str, int]]:
    """Return the members of all segments at an instant."""
    found = set()
    for segment_id, timeline in timelines.items():
        past = [each for each in timeline if each.ended <= at]
        found |= {(segment_id, contact_id) for contact_id in (past[-1].members if past else ())}
    return found


def whole_runs(rows: Mapping[Key, Row], changes: Iterable[Row]) -> list[Key]:
    """Return the runs that have all of their log rows, as have all runs before them."""
    logged = Counter(
        (each["segment_id"], each["run_id"], each["previous_run_id"]) for each in changes
    )

    def is_whole(key: Key) -> bool:
        row = rows.get(key)
        if row is None or row["baseline_run_id"] is None:
            return False
        if row["joined_count"] + row["left_count"] != logged[(*key, row["previous_run_id"])]:
            return False
        previous = key[0], row["previous_run_id"]
        return row["is_baseline"] or (
            previous in rows
            and rows[previous]["run_id_start"] < row["run_id_start"]
            and is_whole(previous)
        )

    return [key for key in rows if is_whole(key)]


def _evaluation(account: Account, segment_id: str, run: Run, row: Row) -> Evaluation:
    def at(seconds: float) -> datetime:
        return instant(account.timestamps.format(seconds))

    return Evaluation(
        segment_id,
        run.run_id,
        at(run.started),
        at(run.ended),
        at(run.ended),
        frozenset(run.members),
        at(run.segment_timestamp),
        row["run_number"],
        row["is_baseline"],
    )
