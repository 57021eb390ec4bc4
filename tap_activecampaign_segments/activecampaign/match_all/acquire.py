"""Which run? The unfinished one of an earlier sync, or a new one.

`reuse` finds the recorded run that may take its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.run import RunLostError
from tap_activecampaign_segments.activecampaign.match_all.run_response import ReadyRun, RunResponse
from tap_activecampaign_segments.attempts import is_recent
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.polling import MIN_INTERVAL, PollTimeoutError

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_lifecycle import RunClient
    from tap_activecampaign_segments.activecampaign.match_all.run_state import (
        RunState,
        SegmentRuns,
    )
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.activecampaign.token_user import TokenUser
    from tap_activecampaign_segments.clock import Clock

START_WAIT = 4.0
"""Seconds that ActiveCampaign keeps a start waiting for its result (documented)."""
MAX_FIRST_DELAY = 60.0
"""Upper limit of the seconds before the first poll, however long the last evaluation took."""


class NotReadyError(TapError):
    """The run was not ready in time; the next sync resumes it."""


class Acquisition:
    """Starts, resumes and awaits runs. Thread-safe."""

    def __init__(
        self,
        run_client: RunClient,
        settings: ActiveCampaignSettings,
        clock: Clock,
        viewer: TokenUser,
    ) -> None:
        """Set what all segments share.

        Args:
            run_client: Starts and reads runs.
            settings: The tap's settings.
            clock: Time source; replaceable in tests.
            viewer: The user who sees the results.
        """
        self._run_client = run_client
        self._settings = settings
        self._clock = clock
        self._viewer = viewer
        self._was_last_unknown_slow = False

    def find_resumable(self, segment: Segment, runs: SegmentRuns) -> Run | None:
        """Return the unfinished run that may be resumed, None if there is none.

        It must have the present sort and user, be not older than `resume_within`, and be the
        newest run that the state and the listing know of.

        Args:
            segment: The segment as listed.
            runs: The segment's runs in the state.
        """
        run = runs.running
        is_fit = (
            run is not None
            and run.sort == self._settings.sort
            and self._is_recent(run, self._settings.resume_within)
            and runs.is_newest(run)
            and not segment.lists_later_run_than(run.run_id, run.run_id_start)
            and self._viewer.matches(run.viewer)
        )
        return run if is_fit else None

    def needs_fresh_run(self, segment: Segment, runs: SegmentRuns, pair: Run) -> bool:
        """Tell whether a finished pair is to be followed by a new run in the same sync.

        It is, if the pair's run is older than `resume_within` (a recorded run: than
        `reuse_runs_within`) or not the newest one. A state that was restored may lack later runs,
        which the listing has.

        Args:
            segment: The segment as listed.
            runs: The segment's runs in the state.
            pair: The pair's later run.
        """
        is_last = runs.is_newest(pair) and segment.last_run_id == pair.run_id
        settings = self._settings
        within = settings.reuse_runs_within if pair.is_recorded else settings.resume_within
        return not (is_last and self._is_recent(pair, within))

    def acquire(self, segment: Segment, state: RunState, resumable: Run | None) -> ReadyRun:
        """Resume a run, or start one, and wait until it is ready.

        A started run is in a STATE message before it is polled.

        Args:
            segment: The segment as listed.
            state: The segment's runs in the state.
            resumable: The run to resume, see `find_resumable`; None to start one.

        Raises:
            NotReadyError: It was not ready within `run_timeout`.
            UnusableRunError: It failed, is lost, or was evaluated again; a new one may succeed.
            TapError: There was no usable answer.
        """
        return self._resume(resumable) if resumable else self._start(segment, state)

    def _start(self, segment: Segment, state: RunState) -> ReadyRun:
        expected = segment.evaluation_seconds
        is_slow = self._was_last_unknown_slow if expected is None else expected > START_WAIT
        started = self._clock.monotonic()
        response = self._run_client.start(segment.segment_id, self._settings.sort, instant=is_slow)
        if response.is_ready:
            self._was_last_unknown_slow &= expected is not None
            return ReadyRun(response, resumed=None, is_persisted=False)
        state.persist(running=replace(response.run, viewer=str(self._viewer)))
        waited = self._clock.monotonic() - started
        first_delay = min(max((expected or 0) - waited, MIN_INTERVAL), MAX_FIRST_DELAY)
        response = self._wait(response.run, first_delay)
        if expected is None:
            self._was_last_unknown_slow = self._clock.monotonic() - started > START_WAIT
        return ReadyRun(response, resumed=None, is_persisted=True)

    def _resume(self, run: Run) -> ReadyRun:
        response = self._run_client.read(run)
        if not response.is_ready:
            response = self._wait(run, MIN_INTERVAL)
        if not timestamps.may_be_equal(response.run.run_id_start, run.run_id_start):
            # A sync whose state was lost may have emitted rows of the earlier result.
            msg = f"run {run.run_id} was evaluated again since it was started"
            raise RunLostError(msg)
        return ReadyRun(response, resumed=run, is_persisted=True)

    def _is_recent(self, run: Run, within: float) -> bool:
        return is_recent(timestamps.parse(run.run_id_start), self._clock.now(), within)

    def _wait(self, run: Run, first_delay: float) -> RunResponse:
        try:
            return self._run_client.wait(run, self._settings.run_timeout, first_delay)
        except PollTimeoutError as error:
            msg = (
                f"run {run.run_id} is not ready: {error}; the next sync resumes it "
                "(see run_timeout)"
            )
            raise NotReadyError(msg) from error
