"""Is it plausible? Believed, to be evaluated again, or a failure.

The verdict is given in two steps, because a result that the witnesses contradict is evaluated
again before any request is spent on its predecessor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.clock import MAX_CLOCK_SKEW
from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from datetime import datetime
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.match_all.membership_diff import MembershipDiff
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_state import (
        CommittedResult,
        SegmentRuns,
    )
    from tap_activecampaign_segments.activecampaign.match_all.witnesses import (
        Contradiction,
        Witnesses,
    )
    from tap_activecampaign_segments.activecampaign.segments import Segment


class ImplausibleResultError(TapError):
    """The result cannot be believed, even though the segment was evaluated once more."""


@dataclass(frozen=True)
class EvaluateAgain:
    """The verdict that the segment has to be evaluated again.

    Attributes:
        reason: Why; raised if no attempt is left.
        counts: Whether the next evaluation counts as one of `run_attempts`.
    """

    reason: TapError
    counts: bool


class Belief:
    """Decides whether one segment's evaluations are believed.

    Each segment has its own in each sync, since a verdict depends on the evaluations before it:

    - A result that a witness contradicts, and a difference that trips the circuit breaker, are
      evaluated once more. These evaluations do not count as attempts.
    - If the next difference trips it too, or the result was contradicted as well, the segment
      fails.
    - Without a difference, two evaluations that agree are believed against a witness. If they
      disagree, another one decides, which counts as an attempt.
    """

    def __init__(
        self,
        witnesses: Witnesses,
        segment: Segment,
        committed: CommittedResult | None,
        logger: Logger,
    ) -> None:
        """Prepare for the segment's first evaluation.

        Args:
            witnesses: What else is known of the segment's size.
            segment: The segment as listed.
            committed: The last committed result that the same user saw, None if there is none.
            logger: Receives a warning if a result is believed against a witness.
        """
        self._witnesses = witnesses
        self._segment = segment
        self._committed = committed
        self._logger = logger
        self._earlier: Contradiction | None = None
        self._present: Contradiction | None = None
        self._has_tripped = False

    def judge_result(self, result: Result) -> EvaluateAgain | None:
        """Judge a result by its size.

        Args:
            result: The complete result of an evaluation.

        Returns:
            None if it may be compared.

        Raises:
            AccountError: The account cannot be read at all.
        """
        self._present = self._witnesses.find_contradiction(self._segment, self._committed, result)
        if self._earlier or not self._present:
            return None
        self._earlier = self._present
        return _evaluate_once_more(self._present.sentence)

    def judge_change(self, result: Result, diff: MembershipDiff | None) -> EvaluateAgain | None:
        """Judge a result by what changed.

        Args:
            result: The result that `judge_result` let pass.
            diff: Its difference to the predecessor, None for a baseline.

        Returns:
            None if it is believed.

        Raises:
            ImplausibleResultError: It is not, and was evaluated once more already.
            AccountError: The account cannot be read at all.
        """
        if diff is None:
            return self._judge_baseline()
        sentence = self._witnesses.find_mass_departure(
            len(diff.left), diff.predecessor.run, diff.previous_total, result.run
        )
        if sentence is None:
            return None
        if self._has_tripped or self._present:
            raise ImplausibleResultError(sentence)
        self._has_tripped = True
        return _evaluate_once_more(sentence)

    def find_outvoted(self, result: Result) -> str | None:
        """Return the evaluation in the listing that contradicts a believed result, or None."""
        return self._witnesses.find_outvoted(self._segment, result)

    def _judge_baseline(self) -> EvaluateAgain | None:
        earlier, present = self._earlier, self._present
        if not earlier or not present:
            return None
        if present.trips:
            raise ImplausibleResultError(present.sentence)
        if not self._witnesses.agree(earlier, present):
            self._earlier = present
            msg = f"two evaluations found {earlier.total} and {present.total} contacts"
            return EvaluateAgain(TapError(msg), counts=True)
        self._logger.warning(
            "%s: %s; two evaluations agree, so it is believed", self._segment, present.sentence
        )
        return None


def check_order(runs: SegmentRuns, run: Run, now: datetime) -> None:
    """Check that a run was started after those before it, by the vendor's clock.

    Args:
        runs: The segment's runs in the state.
        run: The new run.
        now: The present, UTC.

    Raises:
        TapError: It was not, so no query could tell which run is the newer one. Or it was started
            in the future, and no later run could follow it for long.
    """
    if timestamps.parse(run.run_id_start) > now + MAX_CLOCK_SKEW:
        msg = f"run {run.run_id} was started at {run.run_id_start}, in the future by this clock"
        raise TapError(msg)
    before: list[tuple[str | None, str | None]] = []
    if runs.predecessor:
        before.append((runs.predecessor.run.run_id, runs.predecessor.run.run_id_start))
    if runs.committed:
        before.append((runs.committed.run_id, runs.committed.run_id_start))
    for run_id, run_id_start in before:
        if run_id_start and run_id != run.run_id and not run.is_later_than(run_id_start):
            msg = (
                f"run {run.run_id} was started at {run.run_id_start}, not later than the one "
                f"before it ({run_id_start}): the next sync tries again"
            )
            raise TapError(msg)


def _evaluate_once_more(sentence: str) -> EvaluateAgain:
    return EvaluateAgain(TapError(sentence), counts=False)
