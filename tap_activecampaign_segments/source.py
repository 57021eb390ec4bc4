"""The interface of a source: one vendor's settings, streams, and part of a sync."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from tap_activecampaign_segments.failures import Failures
from tap_activecampaign_segments.http.metrics import RequestMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sdk import typing as th

    from tap_activecampaign_segments.singer.base_stream import BaseStream
    from tap_activecampaign_segments.singer.output_tap import OutputTap


class Source(ABC):
    """One vendor. Its failures end its own streams, never another source's.

    A sync calls `begin` before anything is written, then reads the streams, then calls `end`,
    and `activate_versions` if nothing failed.

    Attributes:
        failures: What failed of this source.
        metrics: Counts the source's requests.
    """

    properties: ClassVar[Sequence[th.Property[Any]]]
    """The JSON schema of the source's own settings."""
    stream_types: ClassVar[Sequence[type[Any]]]
    """The streams, in the order in which they are read."""
    required_settings: ClassVar[str]
    """The settings that configure the source, for the sentence "… not set"."""

    def __init__(self, tap: OutputTap) -> None:
        """Create the source; nothing is read yet.

        Args:
            tap: Offers configuration, state, writers, clock and logger.
        """
        self.tap = tap
        self.failures = Failures()
        self.metrics = RequestMetrics(tap.wait_timer)

    @classmethod
    @abstractmethod
    def is_configured(cls, config: Mapping[str, Any]) -> bool:
        """Return whether the settings name this source."""

    @classmethod
    @abstractmethod
    def config_errors(
        cls, config: Mapping[str, Any], *, required: bool
    ) -> Iterator[tuple[str, str]]:
        """Yield settings that cannot be used: their name and a sentence without secrets.

        Args:
            config: A configuration that is valid by the JSON schema.
            required: Whether the source is to be read, and so must be configured.
        """

    @classmethod
    def config_warnings(cls, config: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG003
        """Yield a sentence for each setting that is probably not meant.

        Args:
            config: A valid configuration in which the source is configured.
        """
        yield from ()

    @abstractmethod
    def create_streams(self) -> list[BaseStream]:
        """Return the streams. Child streams of a stream are emitted in their order."""

    @abstractmethod
    def results(self) -> dict[str, int]:
        """Return what was read so far, for the summary; see `Summary.results`."""

    def begin(self) -> None:  # noqa: B027
        """Read what must be known before anything is written.

        A failure that ends the source is recorded in `failures`.
        """

    def end(self) -> None:  # noqa: B027
        """Record what only shows after all streams were read."""

    def activate_versions(self) -> None:  # noqa: B027
        """Write the ACTIVATE_VERSIONs that were deferred: nothing failed."""
