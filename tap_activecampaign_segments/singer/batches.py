"""BATCH files, with the columns and mappings that RECORD messages have."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.batch import Batcher
from singer_sdk.helpers._batch import SDKBatchMessage
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record


class BatchStream(Stream):
    """A stream whose BATCH files hold exactly what its RECORD messages would.

    The SDK's own files contain rows as they were read, with deselected and removed columns.
    """

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        batch_config = super().get_batch_config(config)
        if batch_config and batch_config.encoding.format == "jsonl":
            # The SDK writes gzip whatever is set, and a target believes the message.
            batch_config.encoding.compression = "gzip"
        return batch_config

    def count_rows(self, stream: str, rows: int) -> None:
        """Count the records of a written file.

        Args:
            stream: The stream, as stream maps name it.
            rows: The number of records.
        """
        raise NotImplementedError

    def write_batches(self, batch_config: BatchConfig, context: Context | None) -> None:
        """Write the records of a context into files, with a STATE after each chunk."""
        rows = self._sync_records(context, write_messages=False)
        with self.get_batch_counter() as counter:
            while chunk := list(islice(rows, batch_config.batch_size)):
                for message, size in self._batch_messages(chunk, batch_config):
                    counter.increment()
                    self._tap.write_message(message)
                    self.count_rows(message.stream, size)
                self.state_manager.is_flushed = False
                self._write_state_message()

    def _batch_messages(
        self, rows: list[Record], batch_config: BatchConfig
    ) -> Iterator[tuple[SDKBatchMessage, int]]:
        """Write rows into files, and yield a message and the number of rows per mapped stream."""
        records: dict[str, list[Record]] = {}
        for row in rows:
            for message in self._generate_record_messages(row):
                records.setdefault(message.stream, []).append(message.record)
        for stream, found in records.items():
            batcher = Batcher(self.tap_name, stream, batch_config)
            # No chunk is larger than a batch, so there is one manifest.
            [manifest] = batcher.get_batches(iter(found))
            encoding = batch_config.encoding
            batch = SDKBatchMessage(stream=stream, encoding=encoding, manifest=manifest)
            yield batch, len(found)
