"""The tap: which sources there are, and how a sync begins and ends."""

from __future__ import annotations

import signal
import traceback
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from typing_extensions import override

from tap_activecampaign_segments import settings
from tap_activecampaign_segments.activecampaign.source import ActiveCampaign
from tap_activecampaign_segments.failures import Failures, describe_error
from tap_activecampaign_segments.logs.summary import Summary
from tap_activecampaign_segments.mypreferences.source import MyPreferences
from tap_activecampaign_segments.singer.base_tap import BaseTap
from tap_activecampaign_segments.singer.message_writer import OutputError, SyncStoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk import Stream

    from tap_activecampaign_segments.source import Source

SOURCES: tuple[type[Source], ...] = (ActiveCampaign, MyPreferences)
"""All sources, in the order in which they are read. Without any setting the first is meant."""


class TapActiveCampaignSegments(BaseTap):
    """Singer tap for ActiveCampaign segments: who is in them, who joined, who left."""

    name = "tap-activecampaign-segments"
    stream_types: ClassVar = {
        stream.name: stream for source in SOURCES for stream in source.stream_types
    }
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *(each for source in SOURCES for each in source.properties), *settings.PROPERTIES
    ).to_dict()

    def __init__(self, **kwargs: Any) -> None:
        """Prepare a sync; nothing is read yet."""
        self._started = self.clock.monotonic()
        self.failures = Failures()
        """What failed of the sync as a whole; the rest is in the sources' failures."""
        super().__init__(**kwargs)

    @cached_property
    def sources(self) -> list[Source]:
        """All sources, configured or not."""
        return [source(self) for source in SOURCES]

    @property
    def configured_sources(self) -> list[Source]:
        """The sources that are read."""
        configured = configured_sources(self.config)
        return [source for source in self.sources if type(source) in configured]

    @override
    def discover_streams(self) -> list[Stream]:
        return [stream for source in self.configured_sources for stream in source.create_streams()]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # The SDK sorts them by name. The segments must be emitted before anything else is read.
        streams = super().streams
        return {name: streams[name] for name in self.stream_types if name in streams}

    @override
    def run(self) -> int:
        has_begun = False
        self._record_streams_not_offered()
        try:
            self._begin()
            has_ended = any(source.failures.fatal for source in self.configured_sources)
            if not has_ended or any(each.selected for each in self.streams.values()):
                has_begun = True
                self.sync_all()
                self._end()
        except SyncStoppedError:
            pass
        except OutputError as error:
            self.progress.close()
            self.logger.error(error)  # noqa: TRY400
            return 1
        except Exception as error:  # noqa: BLE001
            # Nobody knows which rows were written: no STATE follows.
            self.logger.debug("%s", "".join(traceback.format_tb(error.__traceback__)))
            self.failures.record("the sync broke off", describe_error(error))
            has_begun = False
        return self._finish(writes_state=has_begun)

    def _record_streams_not_offered(self) -> None:
        for name, stream in self.selected_but_not_offered.items():
            for source in self.sources:
                if stream in source.stream_types:
                    source.failures.record(
                        name, f"is selected, but {source.required_settings} not set"
                    )

    def _begin(self) -> None:
        """Begin each source before anything is written; one that cannot be read is left out."""
        for source in self.configured_sources:
            source.begin()
            if source.failures.fatal:
                for stream in source.stream_types:
                    self.streams[stream.name].selected = False

    def _end(self) -> None:
        for source in self.configured_sources:
            source.end()
        if not self.failure_lines:
            for source in self.configured_sources:
                source.activate_versions()

    def _finish(self, *, writes_state: bool) -> int:
        """Write the last STATE, log what failed, and return the exit code."""
        self.writer.finish()
        self.state_writer.close()
        if writes_state:
            try:
                self.state_writer.write_now()
            except OutputError as error:
                self.failures.record("output", error)
        self.progress.close()
        summary = self._summarize()
        self.logger.info(str(summary), extra={"summary": summary.fields})
        # The failures come last: Meltano shows the last line of a failed test.
        self.log_failures()
        if self.received_signal:
            return 128 + self.received_signal
        return int(bool(self.failure_lines))

    def _summarize(self) -> Summary:
        if self.received_signal:
            outcome = f"sync stopped by {signal.Signals(self.received_signal).name}"
        else:
            outcome = "sync failed" if self.failure_lines else "sync finished"
        summary = Summary(outcome, {}, seconds=self.clock.monotonic() - self._started)
        for source in self.configured_sources:
            source.metrics.finish()
            summary.results |= source.results()
            summary.requests |= source.metrics.by_endpoint
            summary.retries += source.metrics.retries
            summary.rejections += source.metrics.rejections
        selected = (name for name, stream in self.streams.items() if stream.selected)
        summary.rows = dict.fromkeys(selected, 0) | self.writer.rows
        summary.waited = self.wait_timer.seconds
        return summary

    @property
    @override
    def failure_lines(self) -> list[str]:
        return [line for failures in self._all_failures for line in failures.lines]

    @override
    def log_failures(self) -> None:
        for failures in self._all_failures:
            failures.log(self.logger)

    @property
    def _all_failures(self) -> list[Failures]:
        return [*(source.failures for source in self.sources), self.failures]

    @override
    def normalize_config(self, config: dict[str, Any]) -> None:
        settings.normalize(config, self.config_jsonschema)

    @override
    def config_errors(self, config: dict[str, Any]) -> Iterator[str]:
        invalid = set()
        for name, error in settings.schema_errors(self.json_schema_validator().iter_errors(config)):
            invalid.add(name.partition(".")[0])
            yield f"{name}: {error}"
        checked = {name: value for name, value in config.items() if name not in invalid}
        configured = configured_sources(config)
        errors = [*settings.shared_errors(checked)]
        for source in SOURCES:
            errors += source.config_errors(checked, required=source in configured)
        for name, error in errors:
            if name.partition(".")[0] not in invalid:
                yield f"{name}: {error}"

    @override
    def config_warnings(self, config: dict[str, Any]) -> Iterator[str]:
        yield from settings.unknown_settings("", config, self.config_jsonschema["properties"])
        for source in configured_sources(config):
            yield from source.config_warnings(config)


def configured_sources(config: Mapping[str, Any]) -> list[type[Source]]:
    """Return the sources that the settings name, or the first if they name none."""
    return [source for source in SOURCES if source.is_configured(config)] or [SOURCES[0]]
