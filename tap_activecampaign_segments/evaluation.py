"""One run of a segment on its way into the tables: the result, and how it differs from the last."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.bookmarks import Committed, Predecessor
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.roster import difference
from tap_activecampaign_segments.runs import RunFailedError, RunLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.results import Result
    from tap_activecampaign_segments.roster import Roster
    from tap_activecampaign_segments.segments import Segment

FEWEST_FOR_BREAKER = 100
"""Members below which any share may leave."""


class PredecessorLostError(TapError):
    """The run to compare with is gone: a baseline follows."""


class TrippedError(TapError):
    """More members left than can be believed."""


@dataclass
class Evaluation:
    """What leaves for one run.

    Attributes:
        segment: Whose run it is.
        result: What it found.
        compares: Whether its differences, or its baseline, are emitted.
        committed: The last committed result, if any.
        predecessor: The run it is compared with, None on a baseline.
        previous: Reads that run's result; not called on a baseline.
        max_left_share: The share of members that may leave at once.
        error: What went wrong while it was emitted.
    """

    segment: Segment
    result: Result
    compares: bool
    committed: Committed | None
    predecessor: Predecessor | None
    previous: Callable[[], Result]
    max_left_share: float
    error: TapError | None = field(default=None, init=False)

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
        before = self.predecessor.run if self.predecessor else None
        return before is not None and _differ(
            before.segment_timestamp, self.result.run.segment_timestamp
        )

    @cached_property
    def changes(self) -> tuple[list[int], list[int]]:
        """Who joined and who left, ascending; both results are proved complete by then.

        Raises:
            TrippedError: Too many left.
            PredecessorLostError: The previous result is gone, or not what it was.
            TapError: A result could not be read whole.
        """
        assert self.predecessor is not None  # noqa: S101
        new = self.result.roster()
        if self.predecessor.digest == new.digest:
            return [], []
        previous = self.previous_roster
        joined, left = difference(previous, new)
        if not self.definition_changed:
            self._believe(len(left), len(previous))
        return joined, left

    def believe_total(self) -> None:
        """Check the size of a result that is compared with nothing.

        Raises:
            TrippedError: It is much smaller than the last one.
        """
        last = self.committed
        if last and not _differ(last.segment_timestamp, self.result.run.segment_timestamp):
            self._believe(last.total - self.result.total, last.total)

    def members(self) -> Iterator[tuple[int, list[int]]]:
        """Give the contact ids page by page, each page with the rank of its first, from 1.

        Raises:
            TapError: They could not be read whole; pages may be out by then.
        """
        rank = 1
        for page in self.result.pages():
            yield rank, page
            rank += len(page)

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
        if self.compares:
            row |= {
                "previous_run_id": self.predecessor.run.run_id if self.predecessor else None,
                "baseline_run_id": self.baseline_run_id,
                "is_baseline": self.is_baseline,
                "definition_changed": self.definition_changed,
                "joined_count": self.result.total if self.is_baseline else len(self.changes[0]),
                "left_count": 0 if self.is_baseline else len(self.changes[1]),
            }
        return row

    @property
    def facts(self) -> dict[str, Any]:
        """What the state keeps of it once everything is out."""
        run = self.result.run
        facts: dict[str, Any] = {
            "committed": Committed(self.result.total, run.segment_timestamp),
            "running": None,
        }
        if self.compares:
            digest = self.result.roster().digest
            facts["predecessor"] = Predecessor(run, self.baseline_run_id, digest)
            facts["pair"] = None
        return facts

    @cached_property
    def previous_roster(self) -> Roster:
        """The previous result, as it was when it was committed.

        Raises:
            PredecessorLostError: It is gone, or not what it was.
            TapError: It could not be read whole.
        """
        assert self.predecessor is not None  # noqa: S101
        run = self.predecessor.run
        try:
            previous = self.previous()
            roster = previous.roster()
        except (RunLostError, RunFailedError) as error:
            raise PredecessorLostError(str(error)) from error
        # Read once with another sort, by whomever, a run is evaluated again under the same id.
        if previous.run.run_id_end != run.run_id_end or (
            self.predecessor.digest not in {None, roster.digest}
        ):
            msg = f"the result of run {run.run_id} is another one than when it was committed"
            raise PredecessorLostError(msg)
        return roster

    def _believe(self, left: int, before: int) -> None:
        if before >= FEWEST_FOR_BREAKER and left > self.max_left_share * before:
            msg = (
                f"{left} of {before} members left at once, more than max_left_share "
                f"({self.max_left_share:g}) allows: nothing was emitted; if it is true, run one "
                "sync with max_left_share: 1"
            )
            raise TrippedError(msg)


def _differ(before: str | None, now: str | None) -> bool:
    return before is not None and now is not None and before != now
