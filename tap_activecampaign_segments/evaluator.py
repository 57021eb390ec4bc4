"""Which run a segment gets in this sync: one taken up again, a new one, or another attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import MalformedAnswerError, TapError
from tap_activecampaign_segments.evaluation import (
    Evaluation,
    PredecessorLostError,
    TrippedError,
)
from tap_activecampaign_segments.polling import SHORTEST, NotDoneError
from tap_activecampaign_segments.results import IncompleteResultError, Result
from tap_activecampaign_segments.runs import RunFailedError, RunLostError, usable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from logging import Logger

    from tap_activecampaign_segments.bookmarks import Predecessor, RunBookmark
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.runs import Look, MatchAll, Run
    from tap_activecampaign_segments.segments import Segment
    from tap_activecampaign_segments.settings import Settings

READINGS = 2
"""Times that the pages of one run are read before it is evaluated anew."""


class Evaluator:
    """Brings segments to results that can be emitted."""

    def __init__(  # noqa: PLR0913
        self,
        match_all: MatchAll,
        settings: Settings,
        clock: Clock,
        logger: Logger,
        *,
        compares: bool,
        name_in_state: Callable[[], None],
    ) -> None:
        """Start nothing yet.

        Args:
            match_all: Starts and reads runs.
            settings: The tap's settings.
            clock: The time to go by.
            logger: Where second attempts and baselines are told.
            compares: Whether differences are wanted.
            name_in_state: Writes the state as it is now, before anything is waited for.
        """
        self._match_all = match_all
        self._settings = settings
        self._clock = clock
        self._logger = logger
        self._compares = compares
        self._name_in_state = name_in_state

    def evaluations(self, segment: Segment, bookmark: RunBookmark) -> Iterator[Evaluation]:
        """Give what is to be emitted for a segment, until one of its runs was emitted whole.

        What goes wrong while one is emitted is left in its `error`; what follows depends on it.

        Raises:
            TapError: The segment cannot be had in this sync.
        """
        predecessor = bookmark.facts.predecessor
        pair = bookmark.facts.pair
        if segment.is_meant_by(self._settings.rebaseline):
            predecessor = None
        if self._compares and pair and predecessor:
            try:
                yield from self._finish(segment, bookmark, pair, predecessor)
            except (PredecessorLostError, RunLostError, RunFailedError) as error:
                self._logger.warning("%s: %s; a baseline follows", segment, error)
                predecessor = None
            else:
                if self._is_recent(pair):
                    return
                predecessor = bookmark.facts.predecessor
        yield from self._attempts(segment, bookmark, predecessor)

    def _finish(
        self, segment: Segment, bookmark: RunBookmark, pair: Run, predecessor: Predecessor
    ) -> Iterator[Evaluation]:
        """Emit a difference of which rows may be out already, exactly as it was."""
        look = self._match_all.read(pair)
        if not look.is_ready or look.run.run_id_end != pair.run_id_end:
            msg = f"the result of run {pair.run_id} changed since its rows began to leave"
            raise PredecessorLostError(msg)
        for evaluation in self._readings(segment, bookmark, look, predecessor):
            evaluation.max_left_share = 1
            if evaluation.is_baseline:
                msg = f"the predecessor of run {pair.run_id} is gone"
                raise PredecessorLostError(msg)
            yield evaluation

    def _attempts(
        self, segment: Segment, bookmark: RunBookmark, predecessor: Predecessor | None
    ) -> Iterator[Evaluation]:
        attempt = 0
        has_tripped = False
        resumed = bookmark.facts.running
        if resumed and not (resumed.sort == self._settings.sort and self._is_recent(resumed)):
            resumed = None
        while True:
            try:
                if resumed:
                    look = self._resume(resumed)
                else:
                    attempt += 1
                    look = self._start(segment, bookmark)
                yield from self._readings(segment, bookmark, look, predecessor)
            except TrippedError as error:
                if has_tripped:
                    raise
                has_tripped = True
                bookmark.update(running=None)
                self._logger.warning("%s: %s; evaluating it once more", segment, error)
            except (
                RunFailedError,
                RunLostError,
                IncompleteResultError,
                MalformedAnswerError,
            ) as error:
                bookmark.update(running=None)
                if attempt >= self._settings.run_attempts + has_tripped:
                    msg = f"{error} (evaluated {attempt} times, see run_attempts)"
                    raise TapError(msg) from error
                self._logger.warning("%s: %s; evaluating it again", segment, error)
            else:
                return
            resumed = None

    def _start(self, segment: Segment, bookmark: RunBookmark) -> Look:
        look = usable(self._match_all.start(segment.segment_id, self._settings.sort))
        if look.is_ready:
            return look
        bookmark.update(running=look.run)
        self._name_in_state()
        return self._wait(look.run)

    def _resume(self, run: Run) -> Look:
        look = self._match_all.read(run)
        if look.is_ready:
            return look
        self._name_in_state()
        return self._wait(run)

    def _wait(self, run: Run) -> Look:
        try:
            return self._match_all.wait(run, self._settings.run_timeout, SHORTEST)
        except NotDoneError as error:
            msg = (
                f"run {run.run_id} is not ready: {error}; the next sync takes it up again "
                "(see run_timeout)"
            )
            raise TapError(msg) from error

    def _readings(
        self,
        segment: Segment,
        bookmark: RunBookmark,
        look: Look,
        predecessor: Predecessor | None,
    ) -> Iterator[Evaluation]:
        readings = 0
        while True:
            readings += 1
            try:
                result = Result(self._match_all, look, self._clock)
                yield from self._comparisons(segment, bookmark, result, predecessor)
            except IncompleteResultError:
                if readings == READINGS:
                    raise
                look = self._match_all.read(look.run)
            else:
                return

    def _comparisons(
        self,
        segment: Segment,
        bookmark: RunBookmark,
        result: Result,
        predecessor: Predecessor | None,
    ) -> Iterator[Evaluation]:
        evaluation = self._evaluation(segment, bookmark, result, predecessor)
        yield evaluation
        if isinstance(evaluation.error, PredecessorLostError):
            self._logger.warning("%s: %s; a baseline follows", segment, evaluation.error)
            evaluation = self._evaluation(segment, bookmark, result, None)
            yield evaluation
        if evaluation.error:
            raise evaluation.error

    def _evaluation(
        self,
        segment: Segment,
        bookmark: RunBookmark,
        result: Result,
        predecessor: Predecessor | None,
    ) -> Evaluation:
        evaluation = Evaluation(
            segment=segment,
            result=result,
            compares=self._compares,
            committed=bookmark.facts.committed,
            predecessor=predecessor,
            previous=lambda: self._previous(predecessor),
            max_left_share=self._settings.max_left_share,
        )
        if not self._compares:
            evaluation.predecessor = None
        if evaluation.is_baseline:
            evaluation.believe_total()
        return evaluation

    def _previous(self, predecessor: Predecessor | None) -> Result:
        assert predecessor is not None  # noqa: S101
        run = predecessor.run
        look = self._match_all.read(run)
        if not look.is_ready:
            msg = f"run {run.run_id} is being evaluated again"
            raise RunLostError(msg)
        return Result(self._match_all, look, self._clock)

    def _is_recent(self, run: Run) -> bool:
        age = self._clock.now() - timestamps.parse(run.run_id_start)
        return age.total_seconds() <= self._settings.resume_within
