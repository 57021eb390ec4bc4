"""Which run a segment gets: an unfinished one of an earlier sync, or a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.runs import RunLostError, usable
from tap_activecampaign_segments.attempts import is_recent
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.polling import SHORTEST, NotDoneError

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.match_all.runs import Look, MatchAll, Run
    from tap_activecampaign_segments.activecampaign.match_all.task import Task
    from tap_activecampaign_segments.activecampaign.run_state import RunFacts
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.activecampaign.token_user import TokenUser
    from tap_activecampaign_segments.clock import Clock

LONGEST_EXPECTATION = 60.0
"""Seconds before the first look at most, however long the last evaluation took."""
PATIENCE = 4.0
"""Seconds that the start of a run waits for its result (documented)."""


class NotReadyError(TapError):
    """The run was not ready in time; the next sync takes it up again."""


@dataclass(frozen=True)
class Acquired:
    """A run that is ready.

    Attributes:
        look: The one that found it ready.
        is_new: Whether it was started in this sync.
        is_named: Whether the state names it.
    """

    look: Look
    is_new: bool
    is_named: bool


class Acquisition:
    """Starts, resumes and waits for runs; may be used by several threads at once."""

    def __init__(
        self, match_all: MatchAll, settings: ActiveCampaignSettings, clock: Clock, viewer: TokenUser
    ) -> None:
        """Start nothing yet.

        Args:
            match_all: Where runs are started and read.
            settings: The tap's settings.
            clock: The time to go by.
            viewer: The user who sees the results.
        """
        self._viewer = viewer
        self._match_all = match_all
        self._settings = settings
        self._clock = clock
        self._last_unknown_was_slow = False

    def start(self, task: Task) -> Acquired:
        """Start a run and wait until it is ready.

        Raises:
            NotReadyError: It was not ready in time.
            TapError: It failed, is lost, or no usable answer came.
        """
        expected = task.segment.evaluation_seconds
        is_slow = self._last_unknown_was_slow if expected is None else expected > PATIENCE
        before = self._clock.monotonic()
        look = usable(
            self._match_all.start(task.segment.segment_id, self._settings.sort, instant=is_slow)
        )
        if look.is_ready:
            self._last_unknown_was_slow &= expected is not None
            return Acquired(look, is_new=True, is_named=False)
        task.name(running=replace(look.run, viewer=str(self._viewer)))
        waited = self._clock.monotonic() - before
        first = min(max((expected or 0) - waited, SHORTEST), LONGEST_EXPECTATION)
        look = self._wait(look.run, first)
        if expected is None:
            self._last_unknown_was_slow = self._clock.monotonic() - before > PATIENCE
        return Acquired(look, is_new=True, is_named=True)

    def resume(self, run: Run) -> Acquired:
        """Wait until a run of an earlier sync is ready.

        Raises:
            NotReadyError: It was not ready in time.
            TapError: It failed, is lost, or no usable answer came.
        """
        look = self._match_all.read(run)
        if not look.is_ready:
            look = self._wait(run, first=SHORTEST)
        if not timestamps.may_be_equal(look.run.run_id_start, run.run_id_start):
            # Rows of what it found before may be out, in a sync that the state knows nothing of.
            msg = f"run {run.run_id} was evaluated again since it was started"
            raise RunLostError(msg)
        return Acquired(look, is_new=False, is_named=True)

    def resumable(self, segment: Segment, facts: RunFacts) -> Run | None:
        """Return the unfinished run to take up again, if there is one.

        Args:
            segment: The segment, as the listing has it.
            facts: What the state knows of its runs.
        """
        run = facts.running
        is_fit = (
            run is not None
            and run.sort == self._settings.sort
            and self.is_recent(run)
            and is_newest(run, facts)
            and not segment.lists_later_run_than(run.run_id, run.run_id_start)
            and self._viewer.matches(run.viewer)
        )
        return run if is_fit else None

    def is_recent(self, run: Run) -> bool:
        """Tell whether a run is young enough to be taken up again."""
        begun = timestamps.parse(run.run_id_start)
        return is_recent(begun, self._clock.now(), self._settings.resume_within)

    def _wait(self, run: Run, first: float) -> Look:
        try:
            return self._match_all.wait(run, self._settings.run_timeout, first)
        except NotDoneError as error:
            msg = (
                f"run {run.run_id} is not ready: {error}; the next sync takes it up again "
                "(see run_timeout)"
            )
            raise NotReadyError(msg) from error


def is_newest(run: Run, facts: RunFacts) -> bool:
    """Tell whether no later run was committed, by a sync without differences perhaps."""
    last = facts.committed.run_id_start if facts.committed else None
    return last is None or run.run_id_start >= last
