"""Which run a segment gets in a sync: one taken up again, a new one, or another attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
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

LONGEST_EXPECTATION = 60.0
"""Seconds before the first look at most, however long the last evaluation took."""
PATIENCE = 4.0
"""Seconds that the start of a run waits for its result (documented)."""
FEWEST_FOR_BREAKER = 100
"""Members below which any share may leave."""

DAYS_KEPT = 90
"""Days for which ActiveCampaign keeps the result of a run (documented)."""
OLD = timedelta(days=75)
"""Age from which on a previous run is warned of."""


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
        streams: The streams of differences that are wanted.
        glimpse: Whether the first page is enough: a connection test.
    """

    contacts: bool
    streams: tuple[str, ...]
    glimpse: bool = False


@dataclass(frozen=True)
class Task:
    """One segment to be evaluated.

    Attributes:
        segment: The segment.
        facts: What the state knows of its runs.
        name: Puts facts into the state, and returns when they are in a STATE message.
        tell: Told of each page: how many ids it has, and with the first how many there are.
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
        if predecessor and (missing := {*self._wishes.streams} - {*predecessor.streams}):
            names = ", ".join(sorted(missing))
            self._logger.warning(
                "%s: %s knows nothing of the last run; a baseline follows", task.segment, names
            )
            predecessor = None
        if self._wishes.streams and predecessor:
            self._warn_of_age(task, predecessor)
        if self._wishes.streams and facts.pair and predecessor:
            try:
                return self._finished(task, facts.pair, predecessor)
            except (PredecessorLostError, RunLostError, RunFailedError) as error:
                self._logger.warning("%s: %s; a baseline follows", task.segment, error)
                predecessor = None
        return self._attempts(task, predecessor)

    def _warn_of_age(self, task: Task, predecessor: Predecessor) -> None:
        age = self._clock.now() - timestamps.parse(predecessor.run.run_id_start)
        if OLD <= age < timedelta(days=DAYS_KEPT):
            self._logger.warning(
                "%s: the run to compare with is %d days old; ActiveCampaign keeps it for %d days: "
                "sync before then, or a baseline follows",
                task.segment,
                age.days,
                DAYS_KEPT,
            )

    def _is_recent(self, run: Run) -> bool:
        """Tell whether a run is young enough to be taken up again."""
        begun = timestamps.parse(run.run_id_start)
        return is_recent(begun, self._clock.now(), self._settings.resume_within)

    def _finished(self, task: Task, pair: Run, predecessor: Predecessor) -> Evaluation:
        """Return a difference of which rows may be out already, exactly as it was."""
        look = self._match_all.read(pair)
        if not look.is_ready or look.run.run_id_end not in {None, pair.run_id_end}:
            msg = f"the result of run {pair.run_id} changed since its rows began to leave"
            raise PredecessorLostError(msg)
        result = self._read(task, look)
        joined, left = difference(self._previous(task, predecessor).roster, result.roster)
        is_newest = _is_newest(pair, task.facts)
        return Evaluation(
            result,
            streams=self._wishes.streams,
            is_new=False,
            predecessor=predecessor,
            joined=joined,
            left=left,
            is_newest=is_newest,
            needs_fresh=not (is_newest and self._is_recent(pair)),
        )

    def _attempts(self, task: Task, predecessor: Predecessor | None) -> Evaluation:
        attempts = Attempts(self._settings.run_attempts)
        has_tripped = False
        resumed = self._resumable(task.facts)
        while True:
            try:
                if resumed:
                    look, is_named = self._resume(resumed), True
                else:
                    attempts.begin()
                    look, is_named = self._start(task)
                return self._evaluated(
                    task, look, predecessor, is_new=not resumed, is_named=is_named
                )
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

    def _start(self, task: Task) -> tuple[Look, bool]:
        """Return a run that is ready, and whether the state names it."""
        expected = task.segment.evaluation_seconds
        is_slow = self._last_unknown_was_slow if expected is None else expected > PATIENCE
        before = self._clock.monotonic()
        look = usable(
            self._match_all.start(task.segment.segment_id, self._settings.sort, instant=is_slow)
        )
        if look.is_ready:
            self._last_unknown_was_slow &= expected is not None
            return look, False
        task.name(running=look.run)
        waited = self._clock.monotonic() - before
        first = min(max((expected or 0) - waited, SHORTEST), LONGEST_EXPECTATION)
        look = self._wait(look.run, first)
        if expected is None:
            self._last_unknown_was_slow = self._clock.monotonic() - before > PATIENCE
        return look, True

    def _resume(self, run: Run) -> Look:
        look = self._match_all.read(run)
        if not look.is_ready:
            look = self._wait(run, first=SHORTEST)
        if run.run_id_end is not None and look.run.run_id_end not in {None, run.run_id_end}:
            msg = f"run {run.run_id} was evaluated again since rows of it began to leave"
            raise RunLostError(msg)
        return look

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
        self,
        task: Task,
        look: Look,
        predecessor: Predecessor | None,
        *,
        is_new: bool,
        is_named: bool,
    ) -> Evaluation:
        if self._wishes.glimpse:
            return Evaluation(self._results.first_page(look), streams=(), is_new=is_new)
        result = self._read(task, look)
        streams = self._wishes.streams
        if streams and predecessor:
            try:
                return self._compared(task, result, predecessor, is_new=is_new)
            except PredecessorLostError as error:
                self._logger.warning("%s: %s; a baseline follows", task.segment, error)
        self._believe_total(task.facts.committed, result)
        if streams and is_named:
            # Taken up again, the run must be the very one of which rows are out.
            task.name(running=result.run)
        return Evaluation(result, streams=streams, is_new=is_new)

    def _compared(
        self, task: Task, result: Result, predecessor: Predecessor, *, is_new: bool
    ) -> Evaluation:
        if predecessor.run.run_id == result.run.run_id:
            # Rows of both would count as those of one run.
            msg = f"the new run has the id of the previous one, {result.run.run_id}"
            raise MalformedAnswerError(msg)
        if predecessor.digest == result.roster.digest:
            return Evaluation(
                result, streams=self._wishes.streams, is_new=is_new, predecessor=predecessor
            )
        previous = self._previous(task, predecessor)
        joined, left = difference(previous.roster, result.roster)
        evaluation = Evaluation(
            result,
            streams=self._wishes.streams,
            is_new=is_new,
            predecessor=predecessor,
            joined=joined,
            left=left,
        )
        if not evaluation.definition_changed:
            self._believe(len(left), previous.total)
        if joined or left:
            task.name(pair=result.run, running=None)
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
        except (IncompleteResultError, MalformedAnswerError) as error:
            msg = f"the previous run cannot be read: {error}; name the segment in rebaseline once"
            raise TapError(msg) from error
        msg = f"the result of run {run.run_id} is another one than when it was committed"
        raise PredecessorLostError(msg)

    def _resumable(self, facts: RunFacts) -> Run | None:
        """Return the unfinished run to take up again, if there is one."""
        run = facts.running
        is_fit = (
            run is not None
            and run.sort == self._settings.sort
            and self._is_recent(run)
            and _is_newest(run, facts)
        )
        return run if is_fit else None

    def _read(self, task: Task, look: Look) -> Result:
        """Return what a run found, read once more if it was not whole."""
        if not self._wishes.contacts:
            return self._results.total(look)
        try:
            return self._results.whole(look, task.tell)
        except IncompleteResultError:
            again = self._match_all.read(look.run)
            if look.matches and not again.matches:
                # Ids were seen: it is not empty.
                raise
            return self._results.whole(again, task.tell)

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


def _is_newest(run: Run, facts: RunFacts) -> bool:
    """Tell whether no later run was committed, by a sync without differences perhaps."""
    last = facts.committed.run_id_start if facts.committed else None
    return last is None or run.run_id_start >= last
