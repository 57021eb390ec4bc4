"""Parent streams whose row commits the rows of their child streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_activecampaign_segments.singer.base_stream import BaseStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record


class ManualStateStream(BaseStream):
    """A stream whose state entry the tap writes, as one value.

    The SDK would keep an entry for each run, or export, for ever.
    """

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        pass

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        pass


class ChildrenFirstStream(ManualStateStream):
    """A parent stream whose row follows the rows of its child streams, and commits them."""

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        # A commit that waits in a batch commits nothing.
        return

    @override
    def _write_schema_message(self) -> None:
        # Some targets store their tables in the order of the SCHEMAs. If a later table then fails,
        # a commit stored before its rows would be false.
        for child in self.child_streams:
            if child.selected:
                child._write_schema_message()  # noqa: SLF001
        super()._write_schema_message()

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterator[Context | None]:
        # The child streams are synced before the row is made.
        yield from ()
