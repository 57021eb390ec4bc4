"""One sync of one MyPreferences account: what its streams share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tap_activecampaign_segments.mypreferences.client import MyPreferencesClient
from tap_activecampaign_segments.mypreferences.export_lifecycle import ExportClient
from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings

if TYPE_CHECKING:
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.http.metrics import RequestMetrics
    from tap_activecampaign_segments.singer.output_tap import OutputTap
    from tap_activecampaign_segments.singer.state_writer import ThrottledStateWriter


class ExportSync:
    """What the streams of an account share in one sync.

    Attributes:
        failures: Where failures are recorded.
        progress: Where the sync is.
        exported: Number of segment groups that were exported.
    """

    def __init__(self, tap: OutputTap, failures: Failures, metrics: RequestMetrics) -> None:
        """Set what the streams share; nothing is read yet.

        Args:
            tap: Provides the configuration, state writer, clock and logger.
            failures: Where failures are recorded.
            metrics: Counts the requests.
        """
        self._tap = tap
        self._metrics = metrics
        self.failures = failures
        self.progress = tap.progress
        self.exported = 0

    @cached_property
    def settings(self) -> MyPreferencesSettings:
        """The settings. Discovery does not need them, and is allowed without valid ones."""
        return MyPreferencesSettings.from_config(self._tap.config)

    @property
    def clock(self) -> Clock:
        """Time source."""
        return self._tap.clock

    @property
    def state_writer(self) -> ThrottledStateWriter:
        """Persists the state."""
        return self._tap.state_writer

    @cached_property
    def export_client(self) -> ExportClient:
        """Starts, polls, reads and confirms exports."""
        api = MyPreferencesClient(self.settings, self.clock, self._tap.logger, self._metrics)
        return ExportClient(api, self.settings, self.clock)
