"""How a segment is evaluated, question by question.

1. `acquire`: which run?
2. `prove`: is its result complete?
3. `believe`: is it plausible?
4. `compare`: what changed?
5. `emit`: the `Evaluation` that is emitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.match_all.acquire import Acquisition
from tap_activecampaign_segments.activecampaign.match_all.believe import (
    Belief,
    EvaluateAgain,
    check_order,
)
from tap_activecampaign_segments.activecampaign.match_all.compare import Comparison
from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluation
from tap_activecampaign_segments.activecampaign.match_all.membership_diff import MembershipDiff
from tap_activecampaign_segments.activecampaign.match_all.previous_result import (
    PreviousResultReader,
)
from tap_activecampaign_segments.activecampaign.match_all.prove import Prover
from tap_activecampaign_segments.activecampaign.match_all.result_reader import ResultReader
from tap_activecampaign_segments.activecampaign.match_all.run import (
    PreviousResultLostError,
    UnusableRunError,
)
from tap_activecampaign_segments.activecampaign.match_all.run_lifecycle import RunClient
from tap_activecampaign_segments.activecampaign.match_all.witnesses import Witnesses
from tap_activecampaign_segments.attempts import Attempts
from tap_activecampaign_segments.circuit_breaker import CircuitBreaker
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.account import Account
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.match_all.run_response import ReadyRun
    from tap_activecampaign_segments.activecampaign.match_all.run_state import (
        Predecessor,
        RunState,
        SegmentRuns,
    )
    from tap_activecampaign_segments.activecampaign.segments import Segment


class Evaluator:
    """Evaluates segments. Thread-safe.

    Example:
        >>> evaluator = Evaluator(account, options, progress.count_page, logger)  # doctest: +SKIP
        >>> evaluator.evaluate(segment, state).record["total"]  # doctest: +SKIP
        12000
    """

    def __init__(
        self,
        account: Account,
        options: RunOptions,
        on_page: Callable[[int, int], None],
        logger: Logger,
    ) -> None:
        """Set what all segments share.

        Args:
            account: The account.
            options: What the sync needs of the runs.
            on_page: Called after each page of a result, see `ResultReader`.
            logger: Receives warnings.
        """
        settings, clock = account.settings, account.clock
        client = RunClient(account.client, clock, settings.page_size)
        reader = ResultReader(client, settings.max_concurrent_requests + 1, on_page)
        read_previous = PreviousResultReader(client, reader).read
        self._acquisition = Acquisition(client, settings, clock, options.viewer)
        self._prover = Prover(client, reader, read_previous, options)
        self._witnesses = Witnesses(account.client, CircuitBreaker(settings.max_left_share))
        self._comparison = Comparison(read_previous, options, clock, logger)
        self._rebaselined = account.selection.rebaseline_ids
        self._run_attempts = settings.run_attempts
        self._options = options
        self._clock = clock
        self._logger = logger

    def evaluate(self, segment: Segment, state: RunState) -> Evaluation:
        """Evaluate a segment; a pair that an earlier sync left unfinished comes first.

        Args:
            segment: The segment as listed.
            state: Its runs in the state; what is emitted next is persisted there.

        Raises:
            NotReadyError: The run was not ready in time; the next sync resumes it.
            AccountError: The account cannot be read at all.
            TapError: The segment cannot be evaluated in this sync.
        """
        is_rebaselined = segment.segment_id in self._rebaselined
        predecessor = self._comparison.find_predecessor(
            segment, state.runs, is_rebaselined=is_rebaselined
        )
        committed = state.runs.committed_for(self._options.viewer)
        belief = Belief(self._witnesses, segment, committed, self._logger)
        if predecessor and state.runs.pair:
            evaluation = self._finish_pair(segment, state.runs, predecessor, belief)
            if evaluation:
                return evaluation
            predecessor = None
        return self._evaluate_until_believed(segment, state, predecessor, belief)

    def _evaluate_until_believed(
        self,
        segment: Segment,
        state: RunState,
        predecessor: Predecessor | None,
        belief: Belief,
    ) -> Evaluation:
        """Resume the unfinished run or start one, and start others while attempts are left."""
        attempts = Attempts(self._run_attempts)
        resumable = self._acquisition.find_resumable(segment, state.runs)
        while True:
            if resumable is None:
                attempts.start()
            outcome: Evaluation | EvaluateAgain
            try:
                outcome = self._attempt(segment, state, predecessor, belief, resumable)
            except (UnusableRunError, MalformedResponseError) as error:
                outcome = EvaluateAgain(error, counts=True)
            if isinstance(outcome, Evaluation):
                return outcome
            if outcome.counts:
                attempts.raise_if_exhausted(outcome.reason)
            else:
                attempts.grant_extra()
            how = "again" if outcome.counts else "once more"
            self._logger.warning("%s: %s; evaluating it %s", segment, outcome.reason, how)
            resumable = None

    def _attempt(
        self,
        segment: Segment,
        state: RunState,
        predecessor: Predecessor | None,
        belief: Belief,
        resumable: Run | None,
    ) -> Evaluation | EvaluateAgain:
        """Acquire, prove, believe and compare one run."""
        ready = self._acquisition.acquire(segment, state, resumable)
        result = self._prover.prove(ready)
        if self._options.first_page_only:
            return Evaluation(result, streams=(), is_new=ready.is_new)
        if ready.may_have_emitted_rows:
            # They are those of a baseline, so the run is a baseline or nothing.
            predecessor = None
        if self._comparison.is_repeated(result.run, state.runs, predecessor):
            return self._repeated(result, state.runs, predecessor)
        check_order(state.runs, result.run, self._clock.now())
        if again := belief.judge_result(result):
            return again
        diff = self._comparison.compare(segment, result, predecessor)
        if again := belief.judge_change(result, diff):
            return again
        self._persist(state, ready, result, diff)
        return Evaluation(
            result,
            streams=self._options.streams,
            is_new=ready.is_new,
            diff=diff,
            outvoted=belief.find_outvoted(result),
        )

    def _finish_pair(
        self, segment: Segment, runs: SegmentRuns, predecessor: Predecessor, belief: Belief
    ) -> Evaluation | None:
        """Return the difference of which rows may have been emitted, the same as it was.

        The sort and the age of the pair do not matter. None if a result is lost: a baseline has to
        follow.
        """
        assert runs.pair  # noqa: S101
        try:
            result = self._prover.prove_pair(runs.pair)
        except PreviousResultLostError as error:
            self._comparison.warn_of_baseline(segment, str(error))
            return None
        diff = self._comparison.compare(segment, result, predecessor)
        if diff is None:
            return None
        return Evaluation(
            result,
            streams=self._options.streams,
            is_new=False,
            diff=diff,
            is_newest=runs.is_newest(runs.pair),
            needs_fresh=self._acquisition.needs_fresh_run(segment, runs, runs.pair),
            outvoted=belief.find_outvoted(result),
        )

    def _repeated(
        self, result: Result, runs: SegmentRuns, predecessor: Predecessor | None
    ) -> Evaluation:
        """Return the run that was committed last: a result without changes."""
        return Evaluation(
            result,
            streams=self._options.streams,
            is_new=False,
            diff=MembershipDiff(predecessor, result.total) if predecessor else None,
            is_newest=runs.is_newest(result.run),
            is_repeated=True,
        )

    def _persist(
        self, state: RunState, ready: ReadyRun, result: Result, diff: MembershipDiff | None
    ) -> None:
        """Persist what the rows belong to, before the first of them is emitted."""
        if diff:
            if diff.joined or diff.left:
                state.persist(pair=result.run, running=None)
        elif self._options.streams and ready.is_persisted:
            # A sync that resumes the run has to find the result of the emitted rows.
            state.persist(running=result.run)
