"""What is emitted for a run: its rows, its commit, its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.run_state import (
    CommittedResult,
    Predecessor,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.activecampaign.match_all.membership_diff import MembershipDiff
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run_state import RunState
    from tap_activecampaign_segments.activecampaign.segments import Segment


@dataclass(frozen=True)
class Evaluation:
    """A run of a segment, ready to be emitted.

    Attributes:
        result: The complete result.
        streams: Names of the selected change streams, and of the run stream; empty if nothing is
            compared.
        is_new: Whether this sync started the run.
        diff: The difference to the predecessor, None on a baseline.
        is_newest: Whether no later run is committed.
        needs_fresh: Whether a new run has to follow in this sync.
        is_repeated: Whether it is the run that was committed last: its row is not emitted again.
        outvoted: The evaluation in the listing that contradicts this result; None where none does.
    """

    result: Result
    streams: tuple[str, ...]
    is_new: bool
    diff: MembershipDiff | None = None
    is_newest: bool = True
    needs_fresh: bool = False
    is_repeated: bool = False
    outvoted: str | None = None

    @property
    def predecessor(self) -> Predecessor | None:
        """The run that it was compared with, None on a baseline."""
        return self.diff.predecessor if self.diff else None

    @property
    def joined(self) -> Sequence[int]:
        """Ids of the contacts that joined, ascending; empty on a baseline, which all join."""
        return self.diff.joined if self.diff else ()

    @property
    def left(self) -> Sequence[int]:
        """Ids of the contacts that left, ascending."""
        return self.diff.left if self.diff else ()

    @property
    def is_baseline(self) -> bool:
        """Whether every member counts as joined."""
        return self.diff is None

    @property
    def baseline_run_id(self) -> str:
        """The run that the chain begins with."""
        return self.predecessor.baseline_run_id if self.predecessor else self.result.run.run_id

    @property
    def run_number(self) -> int:
        """Its place in the chain, 1 on a baseline."""
        return self.predecessor.run_number + 1 if self.predecessor else 1

    @property
    def definition_changed(self) -> bool:
        """Whether the segment was edited between the two runs, as far as both tell when."""
        return self.predecessor is not None and not timestamps.may_be_equal(
            self.predecessor.run.segment_timestamp, self.result.run.segment_timestamp
        )

    @property
    def record(self) -> dict[str, Any]:
        """The record of `match_all_runs`: the commit of the run."""
        run = self.result.run
        record: dict[str, Any] = {
            "segment_id": run.segment_id,
            "run_id": run.run_id,
            "run_id_start": run.run_id_start,
            "run_id_end": run.run_id_end,
            "segment_timestamp": run.segment_timestamp,
            "sort": run.sort,
            "total": self.result.total,
            "previous_run_id": None,
            "baseline_run_id": None,
            "run_number": None,
            "is_baseline": None,
            "definition_changed": None,
            "joined_count": None,
            "left_count": None,
        }
        if self.streams:
            record |= {
                "previous_run_id": self.predecessor.run.run_id if self.predecessor else None,
                "baseline_run_id": self.baseline_run_id,
                "run_number": self.run_number,
                "is_baseline": self.is_baseline,
                "definition_changed": self.definition_changed,
                "joined_count": self.result.total if self.is_baseline else len(self.joined),
                "left_count": len(self.left),
            }
        return record

    @property
    def state_changes(self) -> dict[str, Any]:
        """What `RunState.update` gets once all rows are emitted."""
        run = self.result.run
        changes: dict[str, Any] = {"running": None}
        if self.is_repeated:
            return changes
        if self.is_newest:
            changes["committed"] = CommittedResult(
                self.result.total,
                run.segment_timestamp,
                run.run_id_start,
                run.run_id,
                run.viewer,
                self.outvoted,
            )
        if self.streams:
            changes["predecessor"] = Predecessor(
                run, self.baseline_run_id, self.run_number, self.streams
            )
            changes["pair"] = None
        return changes


class Evaluates(Protocol):
    """What the streams need of the `Evaluator`. Thread-safe."""

    def evaluate(self, segment: Segment, state: RunState) -> Evaluation:
        """Evaluate a segment; see `Evaluator.evaluate`."""
