"""The source MyPreferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_activecampaign_segments.mypreferences import settings
from tap_activecampaign_segments.mypreferences.streams import (
    SegmentGroupExports,
    SegmentGroupProfiles,
    group_subject,
)
from tap_activecampaign_segments.mypreferences.sync_context import ExportSync
from tap_activecampaign_segments.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_activecampaign_segments.singer.base_stream import BaseStream


class MyPreferences(Source):
    """The segment groups of one PossibleNOW MyPreferences account."""

    properties = settings.PROPERTIES
    stream_types: ClassVar[tuple[type[Any], ...]] = (SegmentGroupExports, SegmentGroupProfiles)
    required_settings = "mypreferences is"

    @classmethod
    @override
    def is_configured(cls, config: Mapping[str, Any]) -> bool:
        return settings.is_configured(config)

    @classmethod
    @override
    def config_errors(
        cls, config: Mapping[str, Any], *, required: bool
    ) -> Iterator[tuple[str, str]]:
        return settings.config_errors(config)

    @classmethod
    @override
    def config_warnings(cls, config: Mapping[str, Any]) -> Iterator[str]:
        return settings.config_warnings(config)

    @override
    def create_streams(self) -> list[BaseStream]:
        self._sync = ExportSync(self.tap, self.failures, self.metrics)
        return [stream(self.tap, self._sync) for stream in self.stream_types]

    @override
    def results(self) -> dict[str, int]:
        groups = [group_subject(each) for each in self._sync.settings.segment_groups]
        failed = sum(self.failures.has(each) for each in groups)
        return {
            "groups_selected": len(groups),
            "groups_exported": self._sync.exported,
            "groups_failed": failed,
        }
