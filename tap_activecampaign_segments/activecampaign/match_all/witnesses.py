"""What else is known of a segment's size: the state's total, the listing's, its definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.definitions import versions

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.api import Api
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_state import CommittedResult
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.circuit_breaker import CircuitBreaker


@dataclass(frozen=True)
class Contradiction:
    """Why a result is doubted.

    Attributes:
        sentence: What contradicts it.
        total: Number of contacts in the result.
        trips: Whether the drop since the committed result trips the circuit breaker.
    """

    sentence: str
    total: int
    trips: bool


class Witnesses:
    """Holds results against what else is known of a segment's size. Thread-safe."""

    def __init__(self, client: Api, breaker: CircuitBreaker) -> None:
        """Set what all segments share.

        Args:
            client: Reads definitions.
            breaker: Limits how many members may leave at once.
        """
        self._client = client
        self._breaker = breaker

    def find_contradiction(
        self, segment: Segment, committed: CommittedResult | None, result: Result
    ) -> Contradiction | None:
        """Return what contradicts a result, None if nothing does.

        The committed total in the state and the listing's ``last_total`` are witnesses of the
        size. A drop that an edit of the definition explains is no contradiction, unless it is one
        to 0.

        Args:
            segment: The segment as listed.
            committed: The last committed result that the same user saw, None if there is none.
            result: The result.

        Raises:
            AccountError: The account cannot be read at all.
        """
        run, total = result.run, result.total
        if drop := self.find_drop(committed, result):
            return drop
        outvoted = committed.outvoted if committed else None
        if (
            self._breaker.is_large_drop(segment.last_size, total)
            # An evaluation that was outvoted before is no witness again.
            and segment.last_evaluation_key != outvoted
            and (total == 0 or not self._is_edited_since_listed(segment, run))
        ):
            sentence = f"it has {total} contacts, but {segment.last_size} by the listing"
            return Contradiction(sentence, total, trips=False)
        return None

    def find_drop(self, committed: CommittedResult | None, result: Result) -> Contradiction | None:
        """Return how the committed total contradicts a result, None if it does not.

        Args:
            committed: See `find_contradiction`.
            result: The result.

        Raises:
            AccountError: The account cannot be read at all.
        """
        run, total = result.run, result.total
        if committed is None or not self._breaker.is_large_drop(committed.total, total):
            return None
        is_edited = self._is_edited(run.segment_id, committed.segment_timestamp, run)
        if is_edited and total > 0:
            return None
        drop = (committed.total - total, committed.total)
        trips = self._breaker.trips(*drop) and not is_edited
        return Contradiction(self._breaker.describe(*drop), total, trips)

    def agree(self, one: Contradiction, other: Contradiction) -> bool:
        """Tell whether two evaluations found about the same number of contacts."""
        return not (
            self._breaker.is_large_drop(one.total, other.total)
            or self._breaker.is_large_drop(other.total, one.total)
        )

    def find_mass_departure(
        self, left: int, previous: Run, previous_total: int, run: Run
    ) -> str | None:
        """Return a sentence if more members left than may leave at once, otherwise None.

        An edit explains any number, but only if the definition's hash differs too: its timestamp
        may move with each evaluation (inferred).

        Args:
            left: Number of members that left.
            previous: The run that was compared with.
            previous_total: Number of its members.
            run: The new run.

        Raises:
            AccountError: The account cannot be read at all.
        """
        if not self._breaker.trips(left, previous_total):
            return None
        before = previous.segment_timestamp
        if self._is_edited(run.segment_id, before, run):
            return None
        return self._breaker.describe(left, previous_total)

    def find_outvoted(self, segment: Segment, result: Result) -> str | None:
        """Return the evaluation in the listing that contradicts a believed result, or None."""
        contradicts = self._breaker.is_large_drop(segment.last_size, result.total)
        return segment.last_evaluation_key if contradicts else None

    def _is_edited(self, segment_id: str, before: str | None, run: Run) -> bool:
        """Tell whether the definition of a run differs from the one at a timestamp before."""
        now = run.segment_timestamp
        if before is None or now is None or timestamps.may_be_equal(before, now):
            return False
        return versions.differ_between(self._client, segment_id, before, now)

    def _is_edited_since_listed(self, segment: Segment, run: Run) -> bool:
        listed = segment.last_run_start
        if listed is None or run.segment_timestamp is None or run.segment_timestamp <= listed:
            return False
        return self._is_edited(segment.segment_id, listed, run)
