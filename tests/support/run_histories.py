"""Generated histories of runs, as the rows that a target holds after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FIRST = datetime(2026, 1, 1)  # noqa: DTZ001
ROWS = 500
"""Rows per INSERT: psql takes statements as arguments, whose length is limited."""
RUN_COLUMNS = {
    "segment_id": "VARCHAR",
    "run_id": "VARCHAR",
    "run_id_start": "TIMESTAMP",
    "run_id_end": "TIMESTAMP",
    "total": "BIGINT",
    "previous_run_id": "VARCHAR",
    "baseline_run_id": "VARCHAR",
    "run_number": "BIGINT",
    "is_baseline": "BOOLEAN",
    "joined_count": "BIGINT",
    "left_count": "BIGINT",
}
CHANGE_COLUMNS = {
    "segment_id": "VARCHAR",
    "run_id": "VARCHAR",
    "previous_run_id": "VARCHAR",
    "contact_id": "BIGINT",
    "change": "VARCHAR",
}
KINDS = (
    *("run",) * 4,
    "baseline",
    "lost",  # The target keeps the rows, the state is lost.
    "restored",
    "restored",
    "other state",
    "same start",
    "missing change",
    "other predecessor in the log",
    "changes since two predecessors",
    "missing run",
    "number restarts",
    "nothing compared",
)

events = st.tuples(st.sampled_from(KINDS), st.integers(0, 7))
"""What happens, and a number: the state to restore, or the contacts that change."""
histories = st.lists(events, max_size=14)
"""What happens in one segment, oldest first."""


@dataclass
class RunHistory:
    """The rows of one segment.

    Attributes:
        segment_id: Id of the segment.
        runs: Rows of `match_all_runs`.
        changes: Rows of `membership_changes`.
    """

    segment_id: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    _states: list[dict[str, Any] | None] = field(default_factory=lambda: [None, None])
    _known: list[dict[str, Any] | None] = field(default_factory=list)
    _start: datetime = FIRST

    def extend(self, happened: Iterable[tuple[str, int]]) -> RunHistory:
        """Append what happened."""
        for kind, number in happened:
            if kind == "other state":
                self._states.reverse()
            elif kind == "restored":
                self._states[0] = self._known[number % len(self._known)] if self._known else None
            else:
                self._run(kind, number)
        return self

    def _run(self, kind: str, number: int) -> None:
        previous = None if kind == "baseline" else self._states[0]
        if kind != "same start":
            self._start += timedelta(hours=1)
        count = len(self._known) + 1
        # The ids of neighbours are not in the order of their starts.
        run_id = f"{count * 37 % 101:03d}"
        run = {
            "segment_id": self.segment_id,
            "run_id": run_id,
            "run_id_start": self._start,
            "run_id_end": FIRST + timedelta(hours=count, minutes=30),
            "total": 9,
            "previous_run_id": previous and previous["run_id"],
            "baseline_run_id": previous["baseline_run_id"] if previous else run_id,
            "run_number": previous["run_number"] + 1 if previous else 1,
            "is_baseline": previous is None,
            "joined_count": number & 1,
            "left_count": number >> 1 & 1,
        }
        if kind == "number restarts":
            run["run_number"] = 1
        if kind == "nothing compared":
            compared = ("previous_run_id", "baseline_run_id", "run_number", "is_baseline")
            self.runs.append(run | dict.fromkeys((*compared, "joined_count", "left_count")))
            self._known.append(self._states[0])
            return
        self._log(run, kind)
        if kind != "missing run":
            self.runs.append(run)
        self._known.append(run)
        if kind != "lost":
            self._states[0] = run

    def _log(self, run: dict[str, Any], kind: str) -> None:
        contact = int(run["run_id"]) % 3
        happened = ["joined"] * run["joined_count"] + ["left"] * run["left_count"]
        if kind == "missing change":
            happened = happened[1:]
        named = "none" if kind == "other predecessor in the log" else run["previous_run_id"]
        rows = [(named, contact + place, change) for place, change in enumerate(happened)]
        if kind == "changes since two predecessors":
            rows.append(("none", contact + 2, "joined"))
        for previous_run_id, contact_id, change in rows:
            self.changes.append(
                {
                    "segment_id": self.segment_id,
                    "run_id": run["run_id"],
                    "previous_run_id": previous_run_id,
                    "contact_id": contact_id,
                    "change": change,
                }
            )


def of_segments(happened: Iterable[list[tuple[str, int]]]) -> list[RunHistory]:
    """Return one history per segment."""
    return [RunHistory(f"{place:04d}").extend(each) for place, each in enumerate(happened)]


def tables(segments: Iterable[RunHistory]) -> Iterator[str]:
    """Return statements that create and fill `match_all_runs` and `membership_changes`."""
    runs, changes = [], []
    for each in segments:
        runs += each.runs
        changes += each.changes
    yield from _table("match_all_runs", RUN_COLUMNS, runs)
    yield from _table("membership_changes", CHANGE_COLUMNS, changes)


def _table(name: str, columns: dict[str, str], rows: list[dict[str, Any]]) -> Iterator[str]:
    kinds = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    yield f"CREATE TABLE {name} ({kinds})"
    values = [f"({', '.join(_literal(row[key]) for key in columns)})" for row in rows]
    for first in range(0, len(rows), ROWS):
        yield f"INSERT INTO {name} VALUES {', '.join(values[first : first + ROWS])}"  # noqa: S608


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    return f"'{value}'"
