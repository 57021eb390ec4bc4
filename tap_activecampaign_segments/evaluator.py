"""Which run a segment gets in a sync: one taken up again, a new one, or another attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.attempts import Attempts, is_recent
from tap_activecampaign_segments.errors import MalformedAnswerError, TapError
from tap_activecampaign_segments.evaluation import Evaluation, differ
from tap_activecampaign_segments.polling import SHORTEST, NotDoneError
from tap_activecampaign_segments.results import IncompleteResultError
from tap_activecampaign_segments.roster import difference
from tap_activecampaign_segments.runs import RunFailedError, RunLostError, usable

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

    from tap_activecampaign_segments.bookmarks import Committed, Predecessor, RunFacts
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.results import Result, Results
    from tap_activecampaign_segments.runs import Look, MatchAll, Run
    from tap_activecampaign_segments.segments import Segment
    from tap_activecampaign_segments.settings import Settings

PATIENCE = 4.0
"""Seconds that the start of a run waits for its result (documented)."""
FEWEST_FOR_BREAKER = 100
"""Members below which any share may leave."""


class TrippedError(TapError):
    """More members left than can be believed."""


class PredecessorLostError(TapError):
    """The run to compare with is gone: a baseline follows."""


class NotReadyError(TapError):
    """The run was not ready in time; the next sync takes it up again."""


@dataclass(frozen=True)
class Wishes:
    """What is wanted of a segment's runs.

    Attributes:
        contacts: Whether the ids of the contacts are needed, or the total alone.
        compares: Whether differences are wanted.
        glimpse: Whether the first page is enough: a connection test.
    """

    contacts: bool
    compares: bool
    glimpse: bool = False


@dataclass(frozen=True)
class Task:
    """One segment to be evaluated.

    Attributes:
        segment: The segment.
        facts: What the state knows of its runs.
        name: Puts facts into the state, and returns when they are in a STATE message.
        tell: Told of each page: how many ids it has, and how many there are in all.
    """

    segment: Segment
    facts: RunFacts
    name: Callable[..., None]
    tell: Callable[[int, int], None]


class Evaluator:
    """Brings segments to results that can leave; may be used by several threads at once."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        match_all: MatchAll,
        results: Results,
        settings: Settings,
        clock: Clock,
        logger: Logger,
        wishes: Wishes,
    ) -> None:
        """Start nothing yet."""
        self._match_all = match_all
        self._results = results
        self._settings = settings
        self._clock = clock
        self._logger = logger
        self._wishes = wishes
        self._last_unknown_was_slow = False

    def evaluate(self, task: Task) -> Evaluation:
        """Return what is to leave for a segment: first what a lost sync began to say.

        Raises:
            TapError: The segment cannot be had in this sync.
        """
        facts, predecessor = task.facts, task.facts.predecessor
        if task.segment.is_meant_by(self._settings.rebaseline):
            predecessor = None
        if self._wishes.compares and facts.pair and predecessor:
            try:
                return self._finished(task, facts.pair, predecessor)
            except (PredecessorLostError, RunLostError, RunFailedError) as error:
                self._logger.warning("%s: %s; a baseline follows", task.segment, error)
                predecessor = None
        return self._attempts(task, predecessor)

    def is_recent(self, run: Run) -> bool:
        """Tell whether a run is young enough to be taken up again."""
        begun = timestamps.parse(run.run_id_start)
        return is_recent(begun, self._clock.now(), self._settings.resume_within)

    def _finished(self, task: Task, pair: Run, predecessor: Predecessor) -> Evaluation:
        """Return a difference of which rows may be out already, exactly as it was."""
        look = self._match_all.read(pair)
        if not look.is_ready or look.run.run_id_end != pair.run_id_end:
            msg = f"the result of run {pair.run_id} changed since its rows began to leave"
            raise PredecessorLostError(msg)
        result = self._read(task, look)
        joined, left = difference(self._previous(task, predecessor).roster, result.roster)
        return Evaluation(
            result,
            compares=True,
            is_new=False,
            predecessor=predecessor,
            joined=joined,
            left=left,
        )

    def _attempts(self, task: Task, predecessor: Predecessor | None) -> Evaluation:
        attempts = Attempts(self._settings.run_attempts)
        has_tripped = False
        resumed = task.facts.running
        if resumed and not (resumed.sort == self._settings.sort and self.is_recent(resumed)):
            resumed = None
        while True:
            try:
                if resumed:
                    look = self._resume(resumed)
                else:
                    attempts.begin()
                    look = self._start(task)
                return self._evaluated(task, look, predecessor, is_new=not resumed)
            except TrippedError as error:
                if has_tripped:
                    raise
                has_tripped = True
                attempts.allow_one_more()
                self._logger.warning("%s: %s; evaluating it once more", task.segment, error)
            except (
                RunFailedError,
                RunLostError,
                IncompleteResultError,
                MalformedAnswerError,
            ) as error:
                attempts.end_with(error)
                self._logger.warning("%s: %s; evaluating it again", task.segment, error)
            resumed = None

    def _start(self, task: Task) -> Look:
        expected = task.segment.evaluation_seconds
        is_slow = self._last_unknown_was_slow if expected is None else expected > PATIENCE
        before = self._clock.monotonic()
        look = usable(
            self._match_all.start(task.segment.segment_id, self._settings.sort, instant=is_slow)
        )
        if look.is_ready:
            self._last_unknown_was_slow &= expected is not None
            return look
        task.name(running=look.run)
        waited = self._clock.monotonic() - before
        look = self._wait(look.run, first=max((expected or 0) - waited, SHORTEST))
        if expected is None:
            self._last_unknown_was_slow = self._clock.monotonic() - before > PATIENCE
        return look

    def _resume(self, run: Run) -> Look:
        look = self._match_all.read(run)
        return look if look.is_ready else self._wait(run, first=SHORTEST)

    def _wait(self, run: Run, first: float) -> Look:
        try:
            return self._match_all.wait(run, self._settings.run_timeout, first)
        except NotDoneError as error:
            msg = (
                f"run {run.run_id} is not ready: {error}; the next sync takes it up again "
                "(see run_timeout)"
            )
            raise NotReadyError(msg) from error

    def _evaluated(
        self, task: Task, look: Look, predecessor: Predecessor | None, *, is_new: bool
    ) -> Evaluation:
        if self._wishes.glimpse:
            return Evaluation(self._results.first_page(look), compares=False, is_new=is_new)
        result = self._read(task, look)
        compares = self._wishes.compares
        if compares and predecessor:
            try:
                return self._compared(task, result, predecessor, is_new=is_new)
            except PredecessorLostError as error:
                self._logger.warning("%s: %s; a baseline follows", task.segment, error)
        self._believe_total(task.facts.committed, result)
        return Evaluation(result, compares=compares, is_new=is_new)

    def _compared(
        self, task: Task, result: Result, predecessor: Predecessor, *, is_new: bool
    ) -> Evaluation:
        if predecessor.digest == result.roster.digest:
            return Evaluation(result, compares=True, is_new=is_new, predecessor=predecessor)
        previous = self._previous(task, predecessor)
        joined, left = difference(previous.roster, result.roster)
        evaluation = Evaluation(
            result,
            compares=True,
            is_new=is_new,
            predecessor=predecessor,
            joined=joined,
            left=left,
        )
        if not evaluation.definition_changed:
            self._believe(len(left), previous.total)
        if joined or left:
            task.name(pair=result.run)
        return evaluation

    def _previous(self, task: Task, predecessor: Predecessor) -> Result:
        """Return the previous result, as it was when it was committed."""
        run = predecessor.run
        try:
            look = self._match_all.read(run)
            # Read once with another sort, by whomever, a run is evaluated again under its id.
            if look.is_ready and look.run.run_id_end in {None, run.run_id_end}:
                result = self._read(task, look)
                if predecessor.digest in {None, result.roster.digest}:
                    return result
        except (RunLostError, RunFailedError) as error:
            raise PredecessorLostError(str(error)) from error
        msg = f"the result of run {run.run_id} is another one than when it was committed"
        raise PredecessorLostError(msg)

    def _read(self, task: Task, look: Look) -> Result:
        """Return what a run found, read once more if it was not whole."""
        if not self._wishes.contacts:
            return self._results.total(look)
        try:
            return self._results.whole(look, task.tell)
        except IncompleteResultError:
            return self._results.whole(self._match_all.read(look.run), task.tell)

    def _believe_total(self, last: Committed | None, result: Result) -> None:
        """Check the size of a result that is compared with nothing."""
        if last and not differ(last.segment_timestamp, result.run.segment_timestamp):
            self._believe(last.total - result.total, last.total)

    def _believe(self, left: int, before: int) -> None:
        share = self._settings.max_left_share
        if before >= FEWEST_FOR_BREAKER and left > share * before:
            msg = (
                f"{left} of {before} members left at once, more than max_left_share ({share:g}) "
                "allows: nothing was emitted; if it is true, run one sync with max_left_share: 1"
            )
            raise TrippedError(msg)
