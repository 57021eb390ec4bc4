"""What is emitted for a run: its rows, its commit, its state."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
from tap_activecampaign_segments.activecampaign.match_all.run import (
    CONTACT_STREAMS,
    RUN_STREAM,
    Predecessor,
)
from tap_activecampaign_segments.activecampaign.match_all.run_state import CommittedResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_activecampaign_segments.activecampaign.match_all.membership_diff import MembershipDiff
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_state import (
        RecordedView,
        RunState,
    )
    from tap_activecampaign_segments.activecampaign.segments import Segment


@dataclass(frozen=True)
class Evaluation:
    """A run of a segment, ready to be emitted.

    Attributes:
        result: The complete result.
        streams: See `RunOptions`.
        diff: The difference to the predecessor, None on a baseline.
        is_newest: Whether no later run is committed.
        is_repeated: Whether it is the run that was committed last: its row is not emitted again.
        outvoted: The evaluation in the listing that contradicts this result; None where none does.
        last_change: When the run that this sync started found the segment to have been changed
            last; None if it started none, or does not tell.
        is_backfilled: Whether another run follows that this sync has read already.
        recorded: The recorded runs that follow; see `SegmentRuns.recorded`.
        view: That the user of the API token sees what recorded runs show; None if unknown.
    """

    result: Result
    streams: tuple[str, ...]
    diff: MembershipDiff | None = None
    is_newest: bool = True
    is_repeated: bool = False
    outvoted: str | None = None
    last_change: str | None = None
    is_backfilled: bool = False
    recorded: tuple[Run, ...] = ()
    view: RecordedView | None = None

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
    def contact_ids(self) -> Iterable[Sequence[int]]:
        """Pages of the ids to look up: who joined if the other members were looked up, else all."""
        if self.is_baseline or not (self._has_contacts_before or self.is_backfilled):
            return self.result.contact_ids
        return (self.joined,)

    @property
    def successor(self) -> Predecessor:
        """What the next run is compared with, once this one is committed."""
        streams = self.streams
        if self.is_backfilled and not (self.is_baseline or self._has_contacts_before):
            # Only those that joined were read.
            streams = tuple(name for name in streams if name not in CONTACT_STREAMS)
        return Predecessor(self.result.run, self.baseline_run_id, self.run_number, streams)

    @property
    def _has_contacts_before(self) -> bool:
        """Whether the predecessor's members were looked up; true if contacts are not selected."""
        known = self.predecessor.streams if self.predecessor else ()
        return CONTACT_STREAMS.intersection(self.streams) <= {*known}

    @property
    def _has_changes(self) -> bool:
        """Whether a change stream is selected."""
        return any(name not in {*CONTACT_STREAMS, RUN_STREAM} for name in self.streams)

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
            "origin": run.origin,
        }
        if self._has_changes:
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
        changes: dict[str, Any] = {}
        if self.streams:
            changes["recorded"] = self.recorded
        if self.view:
            changes["view"] = self.view
        if not self.is_backfilled:
            changes["running"] = None
        if self.is_repeated:
            if self.predecessor and not self._has_contacts_before:
                others = (name for name in self.predecessor.streams if name not in CONTACT_STREAMS)
                streams = (*others, *CONTACT_STREAMS.intersection(self.streams))
                changes["predecessor"] = replace(self.predecessor, streams=streams)
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
            changes["predecessor"] = self.successor
            if not self.is_backfilled:
                changes["pair"] = None
        return changes


@dataclass
class Chain:
    """Runs that were compared and not emitted yet, and what the next one is compared with.

    Attributes:
        predecessor: The run to compare with, None if a baseline has to follow.
        contact_ids: Its contact ids, None if they are not known yet.
        view: That the token's user sees what recorded runs show, None if it is not confirmed.
        evaluations: The runs that were compared, in order.
        is_extended: Whether the recorded runs are in it, or must not be.
    """

    predecessor: Predecessor | None
    contact_ids: ContactIds | None = None
    view: RecordedView | None = None
    evaluations: list[Evaluation] = field(default_factory=list)
    is_extended: bool = False

    def append(self, evaluation: Evaluation) -> None:
        """Append a recorded run."""
        evaluation = replace(evaluation, is_backfilled=True)
        self.predecessor = evaluation.successor
        self.contact_ids = evaluation.result.contact_ids
        result, diff = evaluation.result, evaluation.diff
        if diff:
            # Only its differences are emitted, and many runs may wait for that.
            result, diff = replace(result, contact_ids=ContactIds()), diff.compact()
        self.evaluations.append(replace(evaluation, result=result, diff=diff))

    @property
    def runs(self) -> tuple[Run, ...]:
        """The recorded runs, as `SegmentRuns.recorded` keeps them."""
        return tuple(each.result.run for each in self.evaluations)

    @property
    def state_changes(self) -> dict[str, Any]:
        """What the state gets before the first row of them is emitted."""
        changes: dict[str, Any] = {"recorded": self.runs, "pair": None}
        if self.evaluations and self.evaluations[0].is_baseline:
            # A sync that finds them unfinished has to begin with the same baseline.
            changes["predecessor"] = None
        return changes

    def take(self) -> list[Evaluation]:
        """Return the evaluations, each with the runs that follow, and forget them."""
        taken, runs = self.evaluations, self.runs
        self.evaluations = []
        return [
            replace(each, recorded=runs[number:], view=self.view)
            for number, each in enumerate(taken, start=1)
        ]


class Evaluates(Protocol):
    """What the streams need of the `Evaluator`. Thread-safe."""

    def evaluate(self, segment: Segment, state: RunState) -> Iterator[list[Evaluation]]:
        """Evaluate a segment; see `Evaluator.evaluate`."""
