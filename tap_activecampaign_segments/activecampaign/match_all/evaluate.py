"""How a segment comes to a result that can leave, question by question.

Which run (`Acquisition`)? Is its result whole (`Results`)? Can it be believed (`Plausibility`)?
What changed (`Comparison`)? What then leaves is an `Evaluation`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.acquire import (
    Acquired,
    Acquisition,
    is_newest,
)
from tap_activecampaign_segments.activecampaign.match_all.believe import (
    Doubt,
    DoubtedError,
    Plausibility,
    TrippedError,
    check_order,
)
from tap_activecampaign_segments.activecampaign.match_all.compare import (
    Comparison,
    PredecessorLostError,
)
from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluation
from tap_activecampaign_segments.activecampaign.match_all.prove import (
    IncompleteResultError,
    Result,
    Results,
)
from tap_activecampaign_segments.activecampaign.match_all.runs import (
    KEPT,
    RunFailedError,
    RunLostError,
)
from tap_activecampaign_segments.attempts import Attempts
from tap_activecampaign_segments.circuit_breaker import CircuitBreaker
from tap_activecampaign_segments.errors import MalformedResponseError, TapError

if TYPE_CHECKING:
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.account import Account
    from tap_activecampaign_segments.activecampaign.match_all.runs import Look, Run
    from tap_activecampaign_segments.activecampaign.match_all.task import Task, Wishes
    from tap_activecampaign_segments.activecampaign.run_state import Committed, Predecessor

OLD_DAYS = 75
"""Age in days from which on a previous run is warned of."""


class DisagreementError(TapError):
    """Two evaluations contradict each other.

    Attributes:
        doubt: What is said against the later one.
    """

    def __init__(self, before: Doubt, now: Doubt) -> None:
        """Name what they found."""
        super().__init__(f"two evaluations found {before.total} and {now.total} contacts")
        self.doubt = now


class Evaluator:
    """Brings segments to results that can leave; may be used by several threads at once."""

    def __init__(self, account: Account, wishes: Wishes, logger: Logger) -> None:
        """Start nothing yet.

        Args:
            account: The account that is read.
            wishes: What is wanted.
            logger: Where warnings go.
        """
        settings = account.settings
        self._results = Results(account.match_all, settings.max_concurrent_requests + 1)
        self._acquisition = Acquisition(account.match_all, settings, account.clock, wishes.viewer)
        breaker = CircuitBreaker(settings.max_left_share)
        self._plausibility = Plausibility(account.client, breaker)
        self._comparison = Comparison(account.match_all, self._results)
        self._run_attempts = settings.run_attempts
        self._clock = account.clock
        self._logger = logger
        self._wishes = wishes

    def evaluate(self, task: Task) -> Evaluation:
        """Return what is to leave for a segment: first what a lost sync began to say.

        Raises:
            TapError: The segment cannot be had in this sync.
        """
        predecessor = self._predecessor(task)
        if self._wishes.streams and task.facts.pair and predecessor:
            try:
                return self._finished(task, task.facts.pair, predecessor)
            except PredecessorLostError as error:
                self._logger.warning("%s: %s; a baseline follows", task.segment, error)
                predecessor = None
        return self._attempts(task, predecessor)

    def _predecessor(self, task: Task) -> Predecessor | None:
        """Return the run to compare with, None where a baseline has to follow."""
        predecessor = task.facts.predecessor
        if not self._wishes.streams or not predecessor or task.is_rebaselined:
            return None
        if missing := {*self._wishes.streams} - {*predecessor.streams}:
            names = ", ".join(sorted(missing))
            self._logger.warning(
                "%s: %s knows nothing of the last run; a baseline follows", task.segment, names
            )
            return None
        if not self._wishes.viewer.matches(predecessor.run.viewer):
            self._logger.warning(
                "%s: the last run was not made by the user of this API token, or that cannot be "
                "told; a baseline follows",
                task.segment,
            )
            return None
        age = self._clock.now() - timestamps.parse(predecessor.run.run_id_start)
        if OLD_DAYS <= age.days < KEPT.days:
            self._logger.warning(
                "%s: the run to compare with is %d days old; ActiveCampaign keeps it for %d days: "
                "sync before then, or a baseline follows",
                task.segment,
                age.days,
                KEPT.days,
            )
        return predecessor

    def _finished(self, task: Task, pair: Run, predecessor: Predecessor) -> Evaluation:
        """Return a difference of which rows may be out already, exactly as it was."""
        roster = self._comparison.as_it_was(pair, task.tell)
        result = Result(self._named(pair, roster.digest), len(roster), roster)
        found = self._comparison.difference(predecessor, result, task.tell)
        newest = is_newest(pair, task.facts)
        # A state that was restored may have forgotten later runs, which the listing knows.
        is_last = newest and task.segment.last_run_id == pair.run_id
        return Evaluation(
            result,
            streams=self._wishes.streams,
            is_new=False,
            predecessor=predecessor,
            joined=found.joined,
            left=found.left,
            is_newest=newest,
            needs_fresh=not (is_last and self._acquisition.is_recent(pair)),
            outvoted=self._outvoted(task, result),
        )

    def _attempts(self, task: Task, predecessor: Predecessor | None) -> Evaluation:
        attempts = Attempts(self._run_attempts)
        doubt: Doubt | None = None
        has_tripped = False
        resumed = self._acquisition.resumable(task.segment, task.facts)
        while True:
            try:
                if resumed:
                    acquired = self._acquisition.resume(resumed)
                    # Where rows of its baseline may be out, it is one, or nothing.
                    before = predecessor if resumed.run_id_end is None else None
                else:
                    attempts.begin()
                    acquired = self._acquisition.start(task)
                    before = predecessor
                return self._evaluated(task, acquired, before, doubt, resumed)
            except DoubtedError as error:
                doubt = error.doubt
                attempts.allow_one_more()
                self._logger.warning("%s: %s; evaluating it once more", task.segment, error)
            except TrippedError as error:
                if has_tripped or error.was_doubted:
                    raise
                has_tripped = True
                attempts.allow_one_more()
                self._logger.warning("%s: %s; evaluating it once more", task.segment, error)
            except DisagreementError as error:
                attempts.end_with(error)
                self._logger.warning("%s: %s; evaluating it again", task.segment, error)
                doubt = error.doubt
            except (
                RunFailedError,
                RunLostError,
                IncompleteResultError,
                MalformedResponseError,
            ) as error:
                attempts.end_with(error)
                self._logger.warning("%s: %s; evaluating it again", task.segment, error)
            resumed = None

    def _evaluated(
        self,
        task: Task,
        acquired: Acquired,
        predecessor: Predecessor | None,
        doubted: Doubt | None,
        resumed: Run | None,
    ) -> Evaluation:
        """Return what is to leave of one run.

        Args:
            task: The segment.
            acquired: The run, ready.
            predecessor: What it is compared with; None for a baseline.
            doubted: What was said against the evaluation before, if anything.
            resumed: The run as the state has it, if it was taken up again.
        """
        if self._wishes.glimpse:
            first = self._results.first_page(acquired.look)
            return Evaluation(first, streams=(), is_new=acquired.is_new)
        result = self._as_it_was(resumed, self._read(task, acquired.look))
        if repeated := self._repeated(task, result, predecessor):
            return repeated
        check_order(task.facts, result.run, self._clock.now())
        doubt = self._plausibility.doubt(task.segment, self._committed(task), result)
        if doubt and not doubted:
            raise DoubtedError(doubt)
        if predecessor:
            try:
                return self._compared(task, result, predecessor, acquired)
            except TrippedError as error:
                error.was_doubted = doubt is not None
                raise
            except PredecessorLostError as error:
                self._logger.warning("%s: %s; a baseline follows", task.segment, error)
        if doubt and doubted:
            self._settle(task, doubted, doubt)
        if self._wishes.streams and acquired.is_named:
            # Taken up again, the run must be the very one of which rows are out.
            task.name(running=result.run)
        return Evaluation(
            result,
            streams=self._wishes.streams,
            is_new=acquired.is_new,
            outvoted=self._outvoted(task, result),
        )

    def _compared(
        self, task: Task, result: Result, predecessor: Predecessor, acquired: Acquired
    ) -> Evaluation:
        found = self._comparison.difference(predecessor, result, task.tell)
        self._plausibility.check(len(found.left), predecessor.run, found.members, result.run)
        if found.joined or found.left:
            task.name(pair=result.run, running=None)
        return Evaluation(
            result,
            streams=self._wishes.streams,
            is_new=acquired.is_new,
            predecessor=predecessor,
            joined=found.joined,
            left=found.left,
            outvoted=self._outvoted(task, result),
        )

    def _settle(self, task: Task, before: Doubt, now: Doubt) -> None:
        """Believe two evaluations that agree against a witness, where there is no difference.

        Raises:
            TrippedError: The fall is one for the circuit breaker.
            DisagreementError: They do not agree.
        """
        if now.trips:
            error = TrippedError(now.sentence)
            error.was_doubted = True
            raise error
        if not self._plausibility.agree(before.total, now.total):
            raise DisagreementError(before, now)
        self._logger.warning(
            "%s: %s; two evaluations agree, so it is believed", task.segment, now.sentence
        )

    def _repeated(
        self, task: Task, result: Result, predecessor: Predecessor | None
    ) -> Evaluation | None:
        """Return what is to leave of the very run that was committed last, None for another one.

        Raises:
            MalformedResponseError: It has that run's id, but is not the same. Rows of both would
                count as those of one run.
        """
        run, last, committed = result.run, task.facts.predecessor, task.facts.committed
        if last and last.run.run_id == run.run_id:
            if not last.run.has_the_result_of(run) or not (
                predecessor or not self._wishes.streams or last.run_number == 1
            ):
                msg = f"the new run has the id of the previous one, {run.run_id}"
                raise MalformedResponseError(msg)
            # A baseline may be said again, with the same rows.
            is_repeated = predecessor is not None or not self._wishes.streams
        else:
            is_repeated = (
                not self._wishes.streams
                and committed is not None
                and committed.run_id == run.run_id
            )
        if not is_repeated:
            return None
        return Evaluation(
            result,
            streams=self._wishes.streams,
            is_new=False,
            predecessor=predecessor,
            is_newest=is_newest(run, task.facts),
            is_repeated=True,
        )

    def _read(self, task: Task, look: Look) -> Result:
        """Return what a run found, proved, and as the state keeps it."""
        if not self._wishes.contacts:
            result = self._results.proved_total(look)
        else:
            result = self._results.proved(look, task.tell)
        digest = result.roster.digest if self._wishes.streams else None
        return replace(result, run=self._named(result.run, digest))

    def _named(self, run: Run, digest: str | None) -> Run:
        """Return a run as the state keeps it."""
        return replace(run, digest=digest, viewer=str(self._wishes.viewer))

    def _as_it_was(self, known: Run | None, result: Result) -> Result:
        """Return the result of a run that the state names, of which rows may be out.

        Raises:
            RunLostError: It is not the same any more.
        """
        if known is None or known.run_id_end is None:
            return result
        if not known.has_the_result_of(result.run):
            msg = f"the result of run {known.run_id} changed since its rows began to leave"
            raise RunLostError(msg)
        # Its rows name its instants as they were written then.
        return replace(result, run=known)

    def _committed(self, task: Task) -> Committed | None:
        """Return the last committed result, if the same user saw it."""
        committed = task.facts.committed
        return committed if committed and self._wishes.viewer.matches(committed.viewer) else None

    def _outvoted(self, task: Task, result: Result) -> str | None:
        contradicts = self._plausibility.is_fall(task.segment.last_size, result.total)
        return task.segment.last_evaluation_key if contradicts else None
