"""One run of a segment, ready to leave: its result, and how it differs from the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.run_state import Committed, Predecessor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.activecampaign.match_all.prove import Result


@dataclass(frozen=True)
class Evaluation:
    """What leaves for one run.

    Attributes:
        result: What the run found, proved complete.
        streams: The streams that know of it: those of differences, and that of the runs; empty
            where no differences are wanted.
        is_new: Whether the run was started in this sync.
        predecessor: The run it was compared with, None on a baseline.
        joined: Contacts that joined, ascending; empty on a baseline, where all did.
        left: Contacts that left, ascending.
        is_newest: Whether no later run was committed before.
        needs_fresh: Whether it may be too old to be this sync's run.
        is_repeated: Whether it is the run that was committed last: it leaves no row again.
        outvoted: The evaluation in the listing that contradicts this result; None where none does.
    """

    result: Result
    streams: tuple[str, ...]
    is_new: bool
    predecessor: Predecessor | None = None
    joined: Sequence[int] = ()
    left: Sequence[int] = ()
    is_newest: bool = True
    needs_fresh: bool = False
    is_repeated: bool = False
    outvoted: str | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether every member counts as joined."""
        return self.predecessor is None

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
        """Whether the segment was edited between the two runs, as far as both say when."""
        return self.predecessor is not None and not timestamps.may_be_equal(
            self.predecessor.run.segment_timestamp, self.result.run.segment_timestamp
        )

    @property
    def row(self) -> dict[str, Any]:
        """The run as a record."""
        run = self.result.run
        row: dict[str, Any] = {
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
            row |= {
                "previous_run_id": self.predecessor.run.run_id if self.predecessor else None,
                "baseline_run_id": self.baseline_run_id,
                "run_number": self.run_number,
                "is_baseline": self.is_baseline,
                "definition_changed": self.definition_changed,
                "joined_count": self.result.total if self.is_baseline else len(self.joined),
                "left_count": len(self.left),
            }
        return row

    @property
    def facts(self) -> dict[str, Any]:
        """What the state keeps of it once everything is out."""
        run = self.result.run
        facts: dict[str, Any] = {"running": None}
        if self.is_repeated:
            return facts
        if self.is_newest:
            facts["committed"] = Committed(
                self.result.total,
                run.segment_timestamp,
                run.run_id_start,
                run.run_id,
                run.viewer,
                self.outvoted,
            )
        if self.streams:
            facts["predecessor"] = Predecessor(
                run, self.baseline_run_id, self.run_number, self.streams
            )
            facts["pair"] = None
        return facts
