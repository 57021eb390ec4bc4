"""What the state keeps of a segment's runs: a few runs and totals, never contact ids.

It is one value under `KEY` in the segment's partition of `match_all_runs`. It is replaced as a
whole, so a signal finds either the old value or the new one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.run import Predecessor, Run
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.token_user import TokenUser

KEY = "match_all"
"""State key of the value."""


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
class RecordedView:
    """That a user sees what recorded runs show; see `RecordedVisibility`.

    Attributes:
        viewer: The user for whom it was confirmed.
    """

    viewer: str

    @classmethod
    def from_state(cls, value: object) -> RecordedView | None:
        """Return what `to_state` saved, None if `value` is something else."""
        viewer = value.get("viewer") if isinstance(value, dict) else None
        return cls(viewer) if isinstance(viewer, str) else None

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps."""
        return dict(vars(self))


@dataclass(frozen=True)
class SegmentRuns:
    """The runs of one segment that the state keeps.

    Example:
        >>> SegmentRuns.from_state("7", {"running": {"run_id": "a1"}}) == SegmentRuns()  # no start
        True

    Attributes:
        committed: The last committed result.
        predecessor: The run that the next one is compared with.
        running: A run that this tap started and has not committed. It has an end only once rows
            of it may have been emitted.
        pair: A run of whose differences some may have been emitted: to the last one of `recorded`,
            to the predecessor if there is none.
        recorded: Recorded runs of which rows may have been emitted, oldest first. Each follows the
            one before, and the first one the predecessor.
        view: That the user of the API token sees what recorded runs show.
    """

    committed: CommittedResult | None = None
    predecessor: Predecessor | None = None
    running: Run | None = None
    pair: Run | None = None
    recorded: tuple[Run, ...] = ()
    view: RecordedView | None = None

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
            recorded=_recorded_from_state(segment_id, value.get("recorded")),
            view=RecordedView.from_state(value.get("view")),
        )

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps; missing parts have no key."""
        parts = {name: part for name, part in vars(self).items() if part and name != "recorded"}
        state = {name: part.to_state() for name, part in parts.items()}
        if self.recorded:
            state["recorded"] = [run.to_state() for run in self.recorded]
        return state

    @property
    def known_run_ids(self) -> set[str]:
        """The ids of all runs in the state."""
        runs = [self.running, self.pair, *self.recorded]
        runs += [self.predecessor.run] if self.predecessor else []
        known = {run.run_id for run in runs if run}
        return known | (
            {self.committed.run_id} if self.committed and self.committed.run_id else set()
        )

    @property
    def last_known(self) -> tuple[str, str] | None:
        """The id and the start of the last committed run, compared or not; None without one."""
        known = []
        if self.predecessor:
            known.append((self.predecessor.run.run_id, self.predecessor.run.run_id_start))
        if self.committed and self.committed.run_id and self.committed.run_id_start:
            known.append((self.committed.run_id, self.committed.run_id_start))
        return max(known, key=lambda run: run[1], default=None)

    def is_last_listed(self, segment: Segment) -> bool:
        """Tell whether the run that the listing names as the last one is the last committed one.

        One that was evaluated again under the same id is another one.
        """
        if self.last_known is None:
            return False
        run_id, start = self.last_known
        listed = segment.last_run_start
        return (
            segment.last_run_id == run_id
            and listed is not None
            and timestamps.may_be_equal(listed, start)
        )

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

    def update(self, **changes: Any) -> None:
        """Replace some of the runs. Only the main thread may.

        Args:
            changes: Attributes of `SegmentRuns`.
        """
        self.runs = replace(self.runs, **changes)
        self._entry[KEY] = self.runs.to_state()

    def persist(self, **changes: Any) -> None:
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
    return [name for name, part in vars(runs).items() if value.get(name) and not part]


def _recorded_from_state(segment_id: str, value: object) -> tuple[Run, ...]:
    """Return the saved runs; none if one of them is unusable, since each follows the one before."""
    saved = value if isinstance(value, list) else []
    runs = [Run.from_state(segment_id, each) for each in saved]
    usable = tuple(run for run in runs if run and run.run_id_end and run.digest)
    return usable if len(usable) == len(runs) else ()
