"""Whether a result can be believed: witnesses of its size, and the circuit breaker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign import definitions
from tap_activecampaign_segments.clock import MAX_CLOCK_SKEW
from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from datetime import datetime

    from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient
    from tap_activecampaign_segments.activecampaign.match_all.prove import Result
    from tap_activecampaign_segments.activecampaign.match_all.runs import Run
    from tap_activecampaign_segments.activecampaign.run_state import Committed, RunFacts
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.circuit_breaker import CircuitBreaker


class DoubtedError(TapError):
    """A result that a witness contradicts: it is evaluated once more."""

    def __init__(self, doubt: Doubt) -> None:
        """Keep the doubt."""
        super().__init__(doubt.sentence)
        self.doubt = doubt


class TrippedError(TapError):
    """More members left than can be believed.

    Attributes:
        was_doubted: Whether a witness contradicted the result as well.
    """

    was_doubted = False


@dataclass(frozen=True)
class Doubt:
    """Why a result is not believed at once.

    Attributes:
        sentence: What contradicts it.
        total: How many contacts it has.
        trips: Whether it would trip the circuit breaker: the state had so many more.
    """

    sentence: str
    total: int
    trips: bool


class Plausibility:
    """Holds results against what else is known of a segment's size."""

    def __init__(self, client: ActiveCampaignClient, breaker: CircuitBreaker) -> None:
        """Ask nothing yet.

        Args:
            client: Where definitions are looked up.
            breaker: How many may leave at once.
        """
        self._client = client
        self._breaker = breaker

    def doubt(self, segment: Segment, committed: Committed | None, result: Result) -> Doubt | None:
        """Return what speaks against a result: the last total in the state, or the listing's.

        Args:
            segment: The segment, as the listing has it.
            committed: The last committed result, None if the same user has not seen one.
            result: The result.
        """
        run, total = result.run, result.total
        if committed and self.is_fall(committed.total, total):
            is_edit = self._is_edit(segment.segment_id, committed.segment_timestamp, run)
            # An edit explains a fall; one to nothing is looked at twice all the same.
            if not is_edit or total == 0:
                fall = (committed.total - total, committed.total)
                trips = self._breaker.trips(*fall) and not is_edit
                return Doubt(self._breaker.sentence(*fall), total, trips)
        outvoted = committed.outvoted if committed else None
        if (
            self.is_fall(segment.last_size, total)
            # What was settled before is raised again only by a later evaluation.
            and segment.last_evaluation_key != outvoted
            and (total == 0 or not self._is_edit_since_listed(segment, run))
        ):
            sentence = f"it has {total} contacts, but {segment.last_size} by the listing"
            return Doubt(sentence, total, trips=False)
        return None

    def is_fall(self, before: int, now: int) -> bool:
        """Tell whether a size fell so far that it is looked at twice."""
        return self._breaker.is_fall(before, now)

    def agree(self, one: int, other: int) -> bool:
        """Tell whether two evaluations found about the same number of contacts."""
        return not (self.is_fall(one, other) or self.is_fall(other, one))

    def check(self, left: int, before: Run, members: int, now: Run) -> None:
        """Let the circuit breaker look at a difference.

        Args:
            left: How many members left.
            before: The previous run.
            members: How many it had.
            now: The new run.

        Raises:
            TrippedError: Too many left, and the definition is the same.
        """
        if self._breaker.trips(left, members) and not self._is_edit(
            now.segment_id, before.segment_timestamp, now
        ):
            raise TrippedError(self._breaker.sentence(left, members))

    def _is_edit(self, segment_id: str, before: str | None, run: Run) -> bool:
        """Tell whether the definition of a run is another one than that of an instant before.

        Its instant alone proves nothing: it may move with each evaluation.
        """
        now = run.segment_timestamp
        if before is None or now is None or timestamps.may_be_equal(before, now):
            return False
        return definitions.differ_between(self._client, segment_id, before, now)

    def _is_edit_since_listed(self, segment: Segment, run: Run) -> bool:
        listed = segment.last_run_start
        if listed is None or run.segment_timestamp is None or run.segment_timestamp <= listed:
            return False
        return self._is_edit(segment.segment_id, listed, run)


def check_order(facts: RunFacts, run: Run, now: datetime) -> None:
    """Check that a run was started later than those before it, by the vendor's clock.

    Args:
        facts: What the state knows of the segment's runs.
        run: The new one.
        now: The present.

    Raises:
        TapError: It was not: no query could tell which of them is the newer one. Or it was in the
            future, and none would be later for long.
    """
    if timestamps.parse(run.run_id_start) > now + MAX_CLOCK_SKEW:
        msg = f"run {run.run_id} was started at {run.run_id_start}, in the future by this clock"
        raise TapError(msg)
    before: list[tuple[str | None, str | None]] = []
    if facts.predecessor:
        before.append((facts.predecessor.run.run_id, facts.predecessor.run.run_id_start))
    if facts.committed:
        before.append((facts.committed.run_id, facts.committed.run_id_start))
    for run_id, start in before:
        if start and run_id != run.run_id and not run.is_later_than(start):
            msg = (
                f"run {run.run_id} was started at {run.run_id_start}, not later than the one "
                f"before it ({start}): the next sync tries again"
            )
            raise TapError(msg)
