"""How a segment is evaluated, question by question.

1. `acquire`: which run?
2. `prove`: is its result complete?
3. `believe`: is it plausible?
4. `compare`: what changed? Recorded runs are compared first, see `backfill`.
5. `emit`: the `Evaluation` that is emitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tap_activecampaign_segments.activecampaign.match_all.acquire import Acquisition
from tap_activecampaign_segments.activecampaign.match_all.backfill import Backfill
from tap_activecampaign_segments.activecampaign.match_all.believe import (
    Belief,
    EvaluateAgain,
    check_order,
)
from tap_activecampaign_segments.activecampaign.match_all.compare import Comparison
from tap_activecampaign_segments.activecampaign.match_all.emit import Chain, Evaluation
from tap_activecampaign_segments.activecampaign.match_all.membership_diff import MembershipDiff
from tap_activecampaign_segments.activecampaign.match_all.previous_result import (
    PreviousResultReader,
)
from tap_activecampaign_segments.activecampaign.match_all.prove import Prover
from tap_activecampaign_segments.activecampaign.match_all.recorded_history import RecordedHistory
from tap_activecampaign_segments.activecampaign.match_all.recorded_reader import RecordedRunReader
from tap_activecampaign_segments.activecampaign.match_all.recorded_visibility import (
    RecordedVisibility,
)
from tap_activecampaign_segments.activecampaign.match_all.result_reader import ResultReader
from tap_activecampaign_segments.activecampaign.match_all.reuse import Reuse
from tap_activecampaign_segments.activecampaign.match_all.run import UnusableRunError
from tap_activecampaign_segments.activecampaign.match_all.run_lifecycle import RunClient
from tap_activecampaign_segments.activecampaign.match_all.unfinished import UnfinishedRuns
from tap_activecampaign_segments.activecampaign.match_all.witnesses import Witnesses
from tap_activecampaign_segments.attempts import Attempts
from tap_activecampaign_segments.circuit_breaker import CircuitBreaker
from tap_activecampaign_segments.errors import MalformedResponseError, TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.account import Account
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Predecessor, Run
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.match_all.run_state import RunState, SegmentRuns
    from tap_activecampaign_segments.activecampaign.segments import Segment

T = TypeVar("T")


@dataclass(frozen=True)
class Proved:
    """A run of this sync whose result is complete.

    Attributes:
        result: The result.
        is_new: Whether this sync started the run.
        is_persisted: Whether the run is in the state.
        may_have_emitted_rows: Whether an earlier sync may have emitted rows of it, as of a
            baseline.
    """

    result: Result
    is_new: bool = False
    is_persisted: bool = False
    may_have_emitted_rows: bool = False

    def select_predecessor(self, chain: Chain) -> Predecessor | None:
        """Return the run to compare with, None if a baseline has to follow."""
        # The emitted rows are those of a baseline, so the run is a baseline or nothing.
        return None if self.may_have_emitted_rows else chain.predecessor


class Evaluator:
    """Evaluates segments. Thread-safe.

    Example:
        >>> evaluator = Evaluator(account, options, progress.count_page, logger)  # doctest: +SKIP
        >>> for batch in evaluator.evaluate(segment, state):  # doctest: +SKIP
        ...     print([evaluation.record["total"] for evaluation in batch])
        [12000]
    """

    def __init__(
        self,
        account: Account,
        options: RunOptions,
        on_page: Callable[[int, int], None],
        logger: Logger,
        count_recorded_run: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Set what all segments share.

        Args:
            account: The account.
            options: What the sync needs of the runs.
            on_page: Called after each page of a result, see `ResultReader`.
            logger: Receives warnings.
            count_recorded_run: Called for each recorded run with what became of it. Any thread may
                call it.
        """
        settings, clock = account.settings, account.clock
        client = RunClient(account.client, clock, settings.page_size)
        reader = ResultReader(client, settings.max_concurrent_requests + 1, on_page)
        read_previous = PreviousResultReader(client, reader).read
        self._acquisition = Acquisition(client, settings, clock, options.viewer)
        self._prover = Prover(client, reader, read_previous, options)
        self._witnesses = Witnesses(account.client, CircuitBreaker(settings.max_left_share))
        self._comparison = Comparison(read_previous, options, clock, logger)
        read_recorded = RecordedRunReader(client, reader, options.viewer).read
        self._reuse = Reuse(
            account.client, read_recorded, settings, options, clock, count_recorded_run
        )
        self._visibility = RecordedVisibility(account.client, logger)
        self._count_recorded_run = count_recorded_run
        self._backfill = Backfill(
            RecordedHistory(account.history, settings, clock, logger),
            read_recorded,
            self._comparison,
            self._witnesses,
            self._visibility,
            options,
            settings,
            clock,
            count_recorded_run,
            logger,
        )
        self._unfinished = UnfinishedRuns(
            self._prover.prove_pair, self._comparison, self._witnesses, options
        )
        self._rebaselined = account.selection.rebaseline_ids
        self._run_attempts = settings.run_attempts
        self._options = options
        self._clock = clock
        self._logger = logger

    def evaluate(self, segment: Segment, state: RunState) -> Iterator[list[Evaluation]]:
        """Evaluate a segment; what an earlier sync left unfinished comes first.

        Args:
            segment: The segment as listed.
            state: Its runs in the state; what is emitted next is persisted there.

        Yields:
            The runs to emit, in order. The next ones are evaluated once these are committed.

        Raises:
            NotReadyError: The run was not ready in time; the next sync resumes it.
            AccountError: The account cannot be read at all.
            TapError: The segment cannot be evaluated in this sync.
        """
        is_rebaselined = segment.segment_id in self._rebaselined
        predecessor = self._comparison.find_predecessor(
            segment, state.runs, is_rebaselined=is_rebaselined
        )
        pair = state.runs.pair
        if self._unfinished.has_any(state.runs, predecessor, is_rebaselined=is_rebaselined):
            unfinished = self._unfinished.finish(segment, state.runs, predecessor)
            if unfinished:
                yield unfinished
                if pair and not self._needs_fresh_run(segment, state.runs, pair):
                    return
            predecessor = state.runs.predecessor if unfinished else None
        yield from self._evaluate_until_believed(segment, state, predecessor)

    def _needs_fresh_run(self, segment: Segment, runs: SegmentRuns, pair: Run) -> bool:
        """Return whether a finished pair is to be followed by a new run in the same sync."""
        lacks_ranks = self._options.ranked and pair.sort is None
        return lacks_ranks or self._acquisition.needs_fresh_run(segment, runs, pair)

    def _evaluate_until_believed(
        self, segment: Segment, state: RunState, predecessor: Predecessor | None
    ) -> Iterator[list[Evaluation]]:
        """Yield the recorded runs, and then this sync's run."""
        view = state.runs.view
        chain = Chain(
            predecessor, view=view if view and self._options.viewer.matches(view.viewer) else None
        )
        try:
            yield from self._attempt_until_believed(segment, state, chain)
        except TapError:
            # What was compared before is true all the same.
            if chain.evaluations:
                state.persist(**chain.state_changes)
                yield chain.take()
            raise

    def _attempt_until_believed(
        self, segment: Segment, state: RunState, chain: Chain
    ) -> Iterator[list[Evaluation]]:
        """Resume the unfinished run, read a recorded one or start one, and others if necessary."""
        runs = state.runs
        belief = Belief(
            self._witnesses, segment, runs.committed_for(self._options.viewer), self._logger
        )
        attempts = Attempts(self._run_attempts)
        resumable = self._acquisition.find_resumable(segment, runs)
        reused = None
        recorded = None
        if resumable is None and not self._is_reuse_excluded:
            recorded = self._reuse.find(segment, runs, chain.predecessor)
        if recorded:
            if known := self._reuse.find_known(recorded, segment, runs):
                yield [self._repeated(known, runs, chain.predecessor)]
                return
            reused = self._reuse.read(recorded)
        while True:
            if resumable is None and reused is None:
                attempts.start()
            outcome = _attempt(
                partial(self._prove, segment, state, chain, belief, resumable, reused)
            )
            if isinstance(outcome, Proved):
                yield from self._backfill.extend(chain, segment, state, outcome.result)
                outcome = _attempt(partial(self._compare, segment, state, chain, belief, outcome))
            if isinstance(outcome, Evaluation):
                yield [*chain.take(), outcome]
                return
            if outcome.counts:
                attempts.raise_if_exhausted(outcome.reason)
            else:
                attempts.grant_extra()
            how = "again" if outcome.counts else "once more"
            self._logger.warning("%s: %s; evaluating it %s", segment, outcome.reason, how)
            resumable = reused = None

    @property
    def _is_reuse_excluded(self) -> bool:
        return self._options.first_page_only or self._visibility.is_restricted

    def _prove(  # noqa: PLR0913, PLR0917
        self,
        segment: Segment,
        state: RunState,
        chain: Chain,
        belief: Belief,
        resumable: Run | None,
        reused: Result | None,
    ) -> Evaluation | EvaluateAgain | Proved:
        """Acquire and prove one run, unless a recorded one is reused, and judge its size."""
        if reused:
            proved = Proved(reused)
        else:
            ready = self._acquisition.acquire(segment, state, resumable)
            proved = Proved(
                self._prover.prove(ready),
                ready.is_new,
                ready.is_persisted,
                ready.may_have_emitted_rows,
            )
        if self._options.first_page_only:
            return Evaluation(proved.result, streams=())
        if proved.may_have_emitted_rows:
            # They are those of a baseline, so the run is a baseline or nothing.
            chain.is_extended = True
        run, predecessor = proved.result.run, proved.select_predecessor(chain)
        if self._comparison.is_repeated(run, state.runs, predecessor):
            return self._repeated(proved.result, state.runs, predecessor)
        check_order(state.runs, run, self._clock.now())
        return belief.judge_result(proved.result) or proved

    def _compare(
        self, segment: Segment, state: RunState, chain: Chain, belief: Belief, proved: Proved
    ) -> Evaluation | EvaluateAgain:
        """Compare one run with its predecessor, and judge what changed."""
        result = proved.result
        predecessor = proved.select_predecessor(chain)
        diff = self._comparison.compare(segment, result, predecessor, chain.contact_ids)
        if not self._backfill.is_visible(chain, segment, result.run, diff):
            cause = "recorded runs have contacts that the user of this API token does not see"
            if result.run.is_recorded:
                return EvaluateAgain(TapError(cause), counts=False)
            self._comparison.warn_of_baseline(segment, cause)
            diff = None
        if again := belief.judge_change(result, diff):
            return again
        self._persist(state, chain, proved, diff)
        if result.run.is_recorded:
            self._count_recorded_run("read")
        return Evaluation(
            result,
            streams=self._options.streams,
            diff=diff,
            outvoted=belief.find_outvoted(result),
            last_change=result.run.segment_timestamp if proved.is_new else None,
            view=chain.view,
        )

    def _repeated(
        self, result: Result, runs: SegmentRuns, predecessor: Predecessor | None
    ) -> Evaluation:
        """Return the run that was committed last: a result without changes."""
        return Evaluation(
            result,
            streams=self._options.streams,
            diff=MembershipDiff(predecessor, result.total) if predecessor else None,
            is_newest=runs.is_newest(result.run),
            is_repeated=True,
        )

    def _persist(
        self, state: RunState, chain: Chain, proved: Proved, diff: MembershipDiff | None
    ) -> None:
        """Persist what the rows belong to, before the first of them is emitted."""
        changes: dict[str, Any] = {}
        if chain.evaluations:
            changes = chain.state_changes
        if diff and (diff.joined or diff.left):
            changes |= {"recorded": chain.runs, "pair": proved.result.run, "running": None}
        if diff is None and self._options.streams and proved.is_persisted:
            # A sync that resumes the run has to find the result of the emitted rows.
            changes["running"] = proved.result.run
        if changes:
            state.persist(**changes)


def _attempt(step: Callable[[], T]) -> T | EvaluateAgain:
    """Return the outcome of a step, `EvaluateAgain` if another evaluation may bring a result."""
    try:
        return step()
    except (UnusableRunError, MalformedResponseError) as error:
        return EvaluateAgain(error, counts=True)
