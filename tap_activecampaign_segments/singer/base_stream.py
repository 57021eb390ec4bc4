"""Base stream: one SCHEMA a sync, coerced records, and errors that end this stream alone."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import SchemaDirectory, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_activecampaign_segments import schemas
from tap_activecampaign_segments.failures import wrap_unexpected_errors
from tap_activecampaign_segments.logs.context import log_context
from tap_activecampaign_segments.singer.activate_version import DeferredActivateVersion
from tap_activecampaign_segments.singer.batches import BatchStream
from tap_activecampaign_segments.singer.catalog_file import (
    select_automatically,
    select_whole_objects,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import Catalog, RecordMessage

    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.singer.output_tap import OutputTap

SCHEMAS = SchemaDirectory(schemas)


class BaseStream(DeferredActivateVersion, BatchStream):
    """A stream of this tap. Leaf classes declare name, keys and parent; a source owns them."""

    schema: ClassVar[StreamSchema] = StreamSchema(SCHEMAS)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Records are coerced where they are read (`coercion`)."""

    _tap: OutputTap
    _has_written_schema = False

    def __init__(self, tap: OutputTap, failures: Failures) -> None:
        """Create the stream.

        Args:
            tap: The tap.
            failures: Where failures of the stream's source are recorded.
        """
        self.failures = failures
        super().__init__(tap)

    @staticmethod
    def unreadable_values(partition: dict[str, Any]) -> list[str]:  # noqa: ARG004
        """Return the names of a state partition's values that the stream cannot read."""
        return []

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        # The SDK logs lines for each context, and each end of a stream as an unhandled error, that
        # of a connection test included. The tap reports failures itself.
        if level in {logging.INFO, logging.ERROR}:
            level = logging.DEBUG
        super().log(message, *args, level=level, **kwargs)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        if entry is None:
            return
        if columns := entry.schema.properties:
            # Columns that the catalog's schema lacks, perhaps an older version's, are deselected.
            for name in self.schema["properties"].keys() - columns.keys():
                entry.metadata["properties", name].selected = False
        else:
            # A hand-written catalog without columns does not mean that there are none.
            self._input_schema = None
        keys = [self.replication_key] if self.replication_key else []
        select_automatically(entry, [*self.primary_keys, *keys])
        select_whole_objects(entry)

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        # The SDK's signpost has another timestamp format than the bookmarks, and the local time.
        return

    @override
    def _write_schema_message(self) -> None:
        # The SDK writes it once per context; some targets flush everything at each of them.
        if not self._has_written_schema:
            super()._write_schema_message()
            self._tap.writer.flush()
            self._has_written_schema = True

    @override
    def _write_state_message(self) -> None:
        # Lines are buffered until here; a connection test ends here.
        super()._write_state_message()
        self._tap.writer.flush()

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        records = super()._sync_records(context, write_messages=write_messages)
        with log_context(stream_name=self.name), self._isolated():
            yield from records

    @override
    def _sync_batches(self, batch_config: BatchConfig, context: Context | None = None) -> None:
        with log_context(stream_name=self.name), self._isolated():
            self.write_batches(batch_config, context)

    @override
    def count_rows(self, stream: str, rows: int) -> None:
        self._tap.writer.rows[stream] += rows

    @cached_property
    def _flattened_columns(self) -> dict[str, list[str]]:
        return {
            each.stream_alias: [*each.transformed_schema["properties"]]
            for each in self.stream_maps
            if each.flattening_enabled
        }

    @override
    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        # The SDK flattens a record by its content: a nested object that is null, or has unknown
        # properties, results in columns that the flattened schema does not have.
        for message in super()._generate_record_messages(record):
            if names := self._flattened_columns.get(message.stream):
                message.record = {name: message.record.get(name) for name in names}
            yield message

    @contextmanager
    def _isolated(self) -> Iterator[None]:
        """Let unexpected errors, perhaps of a stream map, end this stream alone.

        An error of a child stream fails its parent: the parent's row commits all its children.
        """
        if self.parent_stream_type:
            yield
            return
        with self.failures.catch(self.name), wrap_unexpected_errors(self.logger, self.name):
            yield
