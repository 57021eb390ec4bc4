"""One run of a segment, ready to leave: its result, and how it differs from the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.bookmarks import Committed, Predecessor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.results import Result


@dataclass(frozen=True)
class Evaluation:
    """What leaves for one run.

    Attributes:
        result: What the run found, proved complete.
        streams: The streams that get its differences, or its baseline.
        is_new: Whether the run was started in this sync.
        predecessor: The run it was compared with, None on a baseline.
        joined: Contacts that joined, ascending; empty on a baseline, where all did.
        left: Contacts that left, ascending.
        is_newest: Whether no later run was committed before.
        needs_fresh: Whether it is too old to be this sync's run.
    """

    result: Result
    streams: tuple[str, ...]
    is_new: bool
    predecessor: Predecessor | None = None
    joined: Sequence[int] = ()
    left: Sequence[int] = ()
    is_newest: bool = True
    needs_fresh: bool = False

    @property
    def is_baseline(self) -> bool:
        """Whether every member counts as joined."""
        return self.predecessor is None

    @property
    def baseline_run_id(self) -> str:
        """The run that the chain begins with."""
        return self.predecessor.baseline_run_id if self.predecessor else self.result.run.run_id

    @property
    def definition_changed(self) -> bool:
        """Whether the segment was edited between the two runs, as far as both say when."""
        return self.predecessor is not None and differ(
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
            "is_baseline": None,
            "definition_changed": None,
            "joined_count": None,
            "left_count": None,
        }
        if self.streams:
            row |= {
                "previous_run_id": self.predecessor.run.run_id if self.predecessor else None,
                "baseline_run_id": self.baseline_run_id,
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
        if self.is_newest:
            committed = Committed(self.result.total, run.segment_timestamp, run.run_id_start)
            facts["committed"] = committed
        if self.streams:
            digest = self.result.roster.digest
            facts["predecessor"] = Predecessor(run, self.baseline_run_id, digest, self.streams)
            facts["pair"] = None
        return facts


def differ(before: str | None, now: str | None) -> bool:
    """Tell whether two instants of a definition differ; an absent one counts as the same."""
    return before is not None and now is not None and before != now
