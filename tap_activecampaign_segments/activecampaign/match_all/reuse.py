"""Reads the last recorded run instead of starting one, if it is young enough."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.definitions import versions
from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import (
    RecordedRun,
    SkippedRunError,
)
from tap_activecampaign_segments.activecampaign.match_all.result import Result
from tap_activecampaign_segments.attempts import is_recent
from tap_activecampaign_segments.clock import MAX_CLOCK_SKEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.api import Api
    from tap_activecampaign_segments.activecampaign.match_all.run import Predecessor
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.match_all.run_state import SegmentRuns
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.clock import Clock

RECORDED_SORT = "id"
"""The only order of a recorded run that can be told: by its ids."""


class Reuse:
    """Finds and reads the recorded runs that take the place of new ones. Thread-safe."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        client: Api,
        read: Callable[[RecordedRun], Result],
        settings: ActiveCampaignSettings,
        options: RunOptions,
        clock: Clock,
        count_run: Callable[[str], None],
    ) -> None:
        """Set what all segments share.

        Args:
            client: Reads definitions.
            read: Reads a recorded run; see `RecordedRunReader.read`.
            settings: The tap's settings.
            options: What the sync needs of the runs.
            clock: Time source; replaceable in tests.
            count_run: Called with the reason if a run is left out.
        """
        self._client = client
        self._read_run = read
        self._settings = settings
        self._options = options
        self._clock = clock
        self._count_run = count_run

    def find(
        self, segment: Segment, runs: SegmentRuns, predecessor: Predecessor | None
    ) -> RecordedRun | None:
        """Return the run that the listing names, None if a run has to be started.

        Args:
            segment: The segment as listed.
            runs: The segment's runs in the state.
            predecessor: The run to compare with, None if a baseline has to follow.

        Raises:
            AccountError: The account cannot be read at all.
        """
        if self._options.ranked and self._settings.sort != RECORDED_SORT:
            return None
        if self._options.streams and predecessor is None and runs.is_last_listed(segment):
            # It was committed already, and a baseline has to follow.
            return None
        return self._find_young(segment, runs)

    def find_known(
        self, recorded: RecordedRun, segment: Segment, runs: SegmentRuns
    ) -> Result | None:
        """Return a run without its contacts if it is the last committed one: nothing is to be read.

        Args:
            recorded: The run that `find` returned.
            segment: The segment as listed.
            runs: The segment's runs in the state.
        """
        committed, predecessor = runs.committed, runs.predecessor
        if committed is None or self._options.ranked or not runs.is_last_listed(segment):
            return None
        run = recorded.run
        if self._options.streams:
            if predecessor is None or predecessor.run.run_id != committed.run_id:
                return None
            if not {*self._options.streams} <= {*predecessor.streams}:
                # The contacts of its members are to be read.
                return None
            run = predecessor.run
        return Result(run, committed.total, ContactIds())

    def read(self, recorded: RecordedRun) -> Result | None:
        """Return the result of a run that `find` returned, None if it cannot be used.

        Raises:
            TapError: The API does not answer.
        """
        try:
            return self._sorted(self._read_run(recorded))
        except SkippedRunError as error:
            self._count_run(error.reason)
            return None

    def _sorted(self, result: Result) -> Result:
        """Return a result with its order, if that is needed or can be told.

        Raises:
            SkippedRunError: It is needed and cannot be told.
        """
        if self._settings.sort == RECORDED_SORT and result.contact_ids.ascends:
            return replace(result, run=replace(result.run, sort=RECORDED_SORT))
        if self._options.ranked:
            raise SkippedRunError(result.run.run_id, "other_sort")
        return result

    def _find_young(self, segment: Segment, runs: SegmentRuns) -> RecordedRun | None:
        """Return the run that the listing names, None if it is too old, or edited or known since.

        Raises:
            AccountError: The account cannot be read at all.
        """
        recorded, start = RecordedRun.from_listing(segment), segment.last_run_start
        within = self._settings.reuse_runs_within
        if not within or recorded is None or start is None:
            return None
        started, now = timestamps.parse(start), self._clock.now()
        if started > now + MAX_CLOCK_SKEW or not is_recent(started, now, within):
            return None
        last = runs.last_known
        is_later = last is None or segment.lists_later_run_than(*last)
        if not is_later and not runs.is_last_listed(segment):
            return None
        return None if versions.is_edited_since(self._client, segment, start) else recorded
