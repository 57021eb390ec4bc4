"""Which recorded runs there are between the last run of the tap and the present."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.count_history_cursor import CountHistoryReader
from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import RecordedRun

if TYPE_CHECKING:
    from datetime import datetime
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.api import Api
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_state import SegmentRuns
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.clock import Clock


class RecordedHistory:
    """Finds recorded runs in the count history. Thread-safe."""

    def __init__(
        self, client: Api, settings: ActiveCampaignSettings, clock: Clock, logger: Logger
    ) -> None:
        """Set what all segments share.

        Args:
            client: Reads the count history.
            settings: The tap's settings.
            clock: Time source; replaceable in tests.
            logger: Receives a warning if the history may be incomplete.
        """
        self._client = client
        self._settings = settings
        self._clock = clock
        self._logger = logger

    def find(self, segment: Segment, runs: SegmentRuns, until: Run) -> list[RecordedRun]:
        """Return the last recorded run of each UTC day, oldest first.

        They are later than every run that the state knows, not older than `backfill_days` and
        `start_date`, and earlier than `until`. A run that is recorded twice was evaluated again
        under its id, and is left out.

        Args:
            segment: The segment as listed.
            runs: The segment's runs in the state.
            until: The run that this sync has read.

        Raises:
            TapError: The count history cannot be read.
        """
        if not self._may_have_any(segment, runs):
            return []
        since = self._since(runs)
        reader = CountHistoryReader(
            self._client,
            segment.segment_id,
            bookmark=None,
            start=since,
            known_rows=None,
            warn=lambda text: self._logger.warning("%s: %s", segment, text),
        )
        rows = {(row["timestamp"], row["run_id"]): row for batch in reader for row in batch}
        known = {*rows, *((row["timestamp"], row["run_id"]) for row in reader.first_page)}
        times_recorded = Counter(run_id for _, run_id in known)
        excluded = {until.run_id, *runs.known_run_ids}
        by_day: dict[str, RecordedRun] = {}
        for (timestamp, run_id), row in sorted(rows.items()):
            is_between = timestamps.format_utc(since) < timestamp < until.run_id_start
            if is_between and run_id not in excluded and times_recorded[run_id] == 1:
                recorded = RecordedRun.from_count(row)
                by_day[recorded.day] = recorded
        return [*by_day.values()]

    def _may_have_any(self, segment: Segment, runs: SegmentRuns) -> bool:
        """Return whether a run may have been recorded since the last one of the tap.

        The listing tells it without a request.
        """
        if runs.last_known is None or segment.last_run_start is None:
            return True
        run_id, run_id_start = runs.last_known
        is_evaluated_anew = segment.last_run_id == run_id and not runs.is_last_listed(segment)
        return is_evaluated_anew or segment.lists_later_run_than(run_id, run_id_start)

    def _since(self, runs: SegmentRuns) -> datetime:
        since = [self._clock.now() - timedelta(days=self._settings.backfill_days)]
        if self._settings.start_date:
            since.append(self._settings.start_date)
        if runs.last_known:
            _, start = runs.last_known
            since.append(timestamps.parse(start))
        return max(since)
