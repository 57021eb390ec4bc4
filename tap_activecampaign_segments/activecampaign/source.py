"""The source ActiveCampaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_activecampaign_segments.activecampaign import settings
from tap_activecampaign_segments.activecampaign.contacts.streams import AllContacts
from tap_activecampaign_segments.activecampaign.definitions.streams import (
    SegmentConditions,
    SegmentDefinitions,
)
from tap_activecampaign_segments.activecampaign.match_all.evaluate import Evaluator
from tap_activecampaign_segments.activecampaign.match_all.streams import (
    JoinedContacts,
    MatchAllResults,
    MatchAllRuns,
    MembershipChanges,
    Memberships,
)
from tap_activecampaign_segments.activecampaign.streams import CountHistory, Segments
from tap_activecampaign_segments.activecampaign.sync_context import AccountSync
from tap_activecampaign_segments.failures import wrap_unexpected_errors
from tap_activecampaign_segments.logs.context import log_context
from tap_activecampaign_segments.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tap_activecampaign_segments.activecampaign.base_streams import AccountStream
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.singer.base_stream import BaseStream
    from tap_activecampaign_segments.singer.output_tap import OutputTap


class ActiveCampaign(Source):
    """The segments of one account."""

    properties = settings.PROPERTIES
    stream_types: ClassVar[tuple[type[Any], ...]] = (
        Segments,
        CountHistory,
        MatchAllRuns,
        MatchAllResults,
        MembershipChanges,
        Memberships,
        SegmentDefinitions,
        SegmentConditions,
        JoinedContacts,
    )
    required_settings = "api_url and api_token are"

    def __init__(self, tap: OutputTap) -> None:
        """Create the source; see `Source`."""
        super().__init__(tap)
        self._streams: list[AccountStream] = []

    @classmethod
    @override
    def is_configured(cls, config: Mapping[str, Any]) -> bool:
        return settings.is_configured(config)

    @classmethod
    @override
    def config_errors(
        cls, config: Mapping[str, Any], *, required: bool
    ) -> Iterator[tuple[str, str]]:
        return settings.config_errors(config, required=required)

    @classmethod
    @override
    def config_warnings(cls, config: Mapping[str, Any]) -> Iterator[str]:
        return settings.config_warnings(config)

    @override
    def create_streams(self) -> list[BaseStream]:
        per_segment = [
            stream.name
            for stream in (CountHistory, MatchAllRuns, SegmentDefinitions, SegmentConditions)
        ]
        sync = AccountSync(
            self.tap,
            self.failures,
            self.metrics,
            per_segment,
            _create_evaluator,
        )
        self._sync = sync
        others = (each for each in self.stream_types if each is not JoinedContacts)
        contacts = AllContacts if self.tap.config.get("contacts") == "all" else JoinedContacts
        # Among the child streams of a run they come first: if they fail, no row of it is emitted.
        self._streams = [stream(self.tap, sync) for stream in (contacts, *others)]
        return [*self._streams]

    @override
    def begin(self) -> None:
        with log_context(stream_name="segments"), self.failures.catch("segments"):
            self._sync.list_segments()
        for stream in self._streams:
            if isinstance(stream, AllContacts) and stream.selected and not self.failures.fatal:
                with (
                    log_context(stream_name=stream.name),
                    self.failures.catch(stream.name),
                    wrap_unexpected_errors(self.tap.logger, stream.name),
                ):
                    stream.start()

    @override
    def end(self) -> None:
        if not self.failures.fatal:
            self._sync.account.check_not_all_vanished()

    @override
    def results(self) -> dict[str, int]:
        results = self._sync.results
        return {
            **self._sync.count_segments(),
            "baselines": results.baselines,
            "joined": results.joined,
            "left": results.left,
            **{f"recorded_runs_{name}": n for name, n in sorted(results.recorded_runs.items())},
        }

    @override
    def activate_versions(self) -> None:
        if self._sync.account.is_fully_selected and self._sync.account.selected:
            for stream in self._streams:
                if isinstance(stream, MatchAllResults):
                    stream.activate_version()


def _create_evaluator(sync: AccountSync, options: RunOptions) -> Evaluator:
    return Evaluator(
        sync.account,
        options,
        sync.progress.count_page,
        sync.logger,
        sync.results.count_recorded_run,
    )
