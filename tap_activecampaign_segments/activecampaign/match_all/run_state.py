"""What the state keeps of a segment's runs: a few runs and totals, never contact ids.

It is one value under `KEY` in the segment's partition of `match_all_runs`. It is replaced as a
whole, so a signal finds either the old value or the new one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.run import Run
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.token_user import TokenUser

KEY = "match_all"
"""State key of the value."""
RUN_STREAM = "match_all_runs"
"""Name of the stream whose rows are the commits."""


@dataclass(frozen=True)
class CommittedResult:
    """The last result whose rows were all emitted, compared or not.

    Attributes:
        total: Number of its contacts.
        segment_timestamp: When the segment had last been changed, None where it is unknown.
        run_id_start: When its run was started, None in states of older versions.
        run_id: Its run, None in states of older versions.
        viewer: The user who saw it, None where it was not asked.
        outvoted: The evaluation in the listing that contradicts this result, which was believed
            nevertheless; None where none does.
    """

    total: int
    segment_timestamp: str | None
    run_id_start: str | None = None
    run_id: str | None = None
    viewer: str | None = None
    outvoted: str | None = None

    @classmethod
    def from_state(cls, value: object) -> CommittedResult | None:
        """Return what `to_state` saved, None if `value` is something else."""
        if not isinstance(value, dict):
            return None
        total, timestamp = value.get("total"), value.get("segment_timestamp")
        if type(total) is not int or not isinstance(timestamp, str | None):
            return None
        start, run_id, viewer, outvoted = (
            each if isinstance(each, str) else None
            for each in map(value.get, ("run_id_start", "run_id", "viewer", "outvoted"))
        )
        with suppress(MalformedResponseError):
            return cls(
                total,
                timestamps.normalize_optional(timestamp),
                timestamps.normalize_optional(start),
                run_id,
                viewer,
                outvoted,
            )
        return None

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps."""
        return dict(vars(self))


@dataclass(frozen=True)
class Predecessor:
    """The run that the next one is compared with: the last one whose changes were committed.

    Attributes:
        run: The run, with the digest of its contact ids.
        baseline_run_id: The baseline that its chain begins with.
        run_number: Its place in the chain, from 1.
        streams: Names of the change streams that have its rows, and of the run stream.
    """

    run: Run
    baseline_run_id: str
    run_number: int
    streams: tuple[str, ...]

    @classmethod
    def from_state(cls, segment_id: str, value: object) -> Predecessor | None:
        """Return what `to_state` saved, None if `value` is something else."""
        run = Run.from_state(segment_id, value)
        if not isinstance(value, dict):
            return None
        baseline_run_id = value.get("baseline_run_id")
        if run is None or run.run_id_end is None or not isinstance(baseline_run_id, str):
            return None
        streams = value.get("streams")
        names = tuple(map(str, streams)) if isinstance(streams, list) else ()
        number = value.get("run_number")
        if type(number) is not int:
            # Older versions did not number the runs, and did not save whether these were selected.
            return cls(run, baseline_run_id, 1, (*names, RUN_STREAM))
        return cls(run, baseline_run_id, number, names)

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps."""
        return {
            **self.run.to_state(),
            "baseline_run_id": self.baseline_run_id,
            "run_number": self.run_number,
            "streams": list(self.streams),
        }


@dataclass(frozen=True)
class SegmentRuns:
    """The runs of one segment that the state keeps.

    Example:
        >>> SegmentRuns.from_state("7", {"running": {"run_id": "a1"}})  # no start: unusable
        SegmentRuns(committed=None, predecessor=None, running=None, pair=None)

    Attributes:
        committed: The last committed result.
        predecessor: The run that the next one is compared with.
        running: A run that this tap started and has not committed. It has an end only once rows
            of it may have been emitted.
        pair: A run of whose differences to the predecessor some may have been emitted.
    """

    committed: CommittedResult | None = None
    predecessor: Predecessor | None = None
    running: Run | None = None
    pair: Run | None = None

    @classmethod
    def from_state(cls, segment_id: str, value: object) -> SegmentRuns:
        """Return what `to_state` saved; each unusable part of `value` counts as missing."""
        if not isinstance(value, dict):
            return cls()
        return cls(
            committed=CommittedResult.from_state(value.get("committed")),
            predecessor=Predecessor.from_state(segment_id, value.get("predecessor")),
            running=Run.from_state(segment_id, value.get("running")),
            pair=Run.from_state(segment_id, value.get("pair")),
        )

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps; missing parts have no key."""
        return {name: part.to_state() for name, part in vars(self).items() if part}

    def is_newest(self, run: Run) -> bool:
        """Tell whether no later run is committed, e.g. by a sync that compared nothing."""
        last = self.committed.run_id_start if self.committed else None
        return last is None or run.run_id_start >= last

    def committed_for(self, viewer: TokenUser) -> CommittedResult | None:
        """Return the last committed result, None if another user saw it."""
        committed = self.committed
        return committed if committed and viewer.matches(committed.viewer) else None


class RunState:
    """The runs of one segment, in the state."""

    def __init__(
        self,
        segment_id: str,
        entry: dict[str, Any],
        persist: Callable[[Callable[[], None]], None],
    ) -> None:
        """Read the runs.

        Args:
            segment_id: The segment.
            entry: Its partition of `match_all_runs` in the state; mutated by `update`.
            persist: Makes a change of the state in the main thread, and returns once it is in a
                STATE message.
        """
        self._entry = entry
        self._persist = persist
        self.runs = SegmentRuns.from_state(segment_id, entry.get(KEY))

    def update(self, **changes: CommittedResult | Predecessor | Run | None) -> None:
        """Replace some of the runs. Only the main thread may.

        Args:
            changes: Attributes of `SegmentRuns`.
        """
        self.runs = replace(self.runs, **changes)  # type: ignore[arg-type]
        self._entry[KEY] = self.runs.to_state()

    def persist(self, **changes: CommittedResult | Predecessor | Run | None) -> None:
        """Replace some of the runs, and return once they are in a STATE message. Thread-safe.

        Raises:
            TapError: The sync has ended.
        """
        self._persist(lambda: self.update(**changes))


def unreadable_parts(entry: dict[str, Any]) -> list[str]:
    """Return the names of the parts of a state entry that exist and cannot be read."""
    value = entry.get(KEY)
    if value is None:
        return []
    if not isinstance(value, dict):
        return [KEY]
    runs = SegmentRuns.from_state("", value)
    return [name for name, part in vars(runs).items() if value.get(name) and part is None]
