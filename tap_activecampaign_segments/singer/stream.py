"""What all streams have in common, and those that hang on segments."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import SchemaDirectory, Stream, StreamSchema
from singer_sdk.batch import Batcher
from singer_sdk.helpers._batch import SDKBatchMessage
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams._state import StreamStateManager
from typing_extensions import override

from tap_activecampaign_segments import schemas, timestamps
from tap_activecampaign_segments.activecampaign.replay_buffer import Past
from tap_activecampaign_segments.clock import MAX_CLOCK_SKEW
from tap_activecampaign_segments.errors import MalformedResponseError, TapError
from tap_activecampaign_segments.failures import wrap_unexpected_errors
from tap_activecampaign_segments.singer.catalog_file import with_columns
from tap_activecampaign_segments.singer.coercion import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from datetime import datetime

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import Catalog

    from tap_activecampaign_segments.activecampaign.account import Account
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.tap import TapActiveCampaignSegments

SCHEMAS = SchemaDirectory(schemas)


class TapStream(Stream):
    """A stream of this tap: one SCHEMA a sync, ACTIVATE_VERSION last, errors noted."""

    schema: ClassVar[StreamSchema] = StreamSchema(SCHEMAS)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Rows are fitted to their schema where they are read."""

    _tap: TapActiveCampaignSegments
    _schema_is_out = False
    _version_to_activate: int | None = None

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        # Any end of a stream is an unhandled error to the SDK, that of a connection test included;
        # of what is one, the tap has a line of its own.
        if level == logging.ERROR:
            level = logging.DEBUG
        super().log(message, *args, level=level, **kwargs)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        if entry is None:
            return
        if columns := entry.schema.properties:
            # What the schema of a catalog lacks, one of an older version perhaps, no row may have.
            for name in self.schema["properties"].keys() - columns.keys():
                entry.metadata["properties", name].selected = False
        else:
            # Without a word on columns, as hands write it, it does not mean that there are none.
            self._input_schema = None
        keys = [self.replication_key] if self.replication_key else []
        with_columns(entry, [*self.primary_keys, *keys])

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        # It would come in another timestamp format than the bookmarks, and bookmarks here are
        # values that were read, never the local time.
        return

    @override
    def _write_schema_message(self) -> None:
        # The SDK sends it once for each context; some targets flush everything at each of them.
        if not self._schema_is_out:
            super()._write_schema_message()
            self._tap.writer.flush()
            self._schema_is_out = True

    @override
    def _write_activate_version_message(self, full_table_version: int) -> None:
        # The SDK sends it before the records, once for each parent: a sync that fails would then
        # lose rows in a target that deletes. It waits until it is known what came.
        self._version_to_activate = full_table_version

    @override
    def _write_state_message(self) -> None:
        # Lines are collected until then; a connection test ends here.
        super()._write_state_message()
        self._tap.writer.flush()

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        batch_config = super().get_batch_config(config)
        if batch_config and batch_config.encoding.format == "jsonl":
            # Whatever is set, that is what the SDK writes; and a target believes the message.
            batch_config.encoding.compression = "gzip"
        return batch_config

    @property
    def failures(self) -> Failures:
        """Where it is noted what failed of the stream's source."""
        return self._tap.group_failures

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        rows = super()._sync_records(context, write_messages=write_messages)
        with self._apart():
            yield from rows

    @override
    def _sync_batches(self, batch_config: BatchConfig, context: Context | None = None) -> None:
        with self._apart():
            self._write_batches(batch_config, context)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Let what nobody thought of, in a stream map perhaps, end this stream alone.

        What hangs on another stream fails that one: its row says that all of it is out.
        """
        if self.parent_stream_type:
            yield
            return
        with self.failures.catch(self.name), wrap_unexpected_errors(self.logger, self.name):
            yield

    def _write_batches(self, batch_config: BatchConfig, context: Context | None) -> None:
        # The SDK's own files have rows as they were read: whatever is deselected, or mapped away.
        rows = self._sync_records(context, write_messages=False)
        with self.get_batch_counter() as counter:
            while chunk := list(islice(rows, batch_config.batch_size)):
                for message in self._batch_messages(chunk, batch_config):
                    counter.increment()
                    self._tap.write_message(message)
                self.state_manager.is_flushed = False
                self._write_state_message()

    def _batch_messages(
        self, rows: list[Record], batch_config: BatchConfig
    ) -> Iterator[SDKBatchMessage]:
        """Write rows as they would leave in RECORDs into files, and give a message for each."""
        records: dict[str, list[Record]] = {}
        for row in rows:
            for message in self._generate_record_messages(row):
                records.setdefault(message.stream, []).append(message.record)
        for stream, found in records.items():
            batcher = Batcher(self.tap_name, stream, batch_config)
            for manifest in batcher.get_batches(iter(found)):
                yield SDKBatchMessage(
                    stream=stream, encoding=batch_config.encoding, manifest=manifest
                )

    def activate_version(self) -> None:
        """Send the ACTIVATE_VERSION that was held back, if there is one."""
        # Rows that leave in batches carry no version: a target would drop all of them.
        if self._version_to_activate is not None and not self.get_batch_config(self.config):
            super()._write_activate_version_message(self._version_to_activate)
            self._version_to_activate = None


class LedgerStream(TapStream):
    """A stream whose place in the state the tap writes, in one piece with what hangs together.

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


class CommitStream(LedgerStream):
    """A stream whose row is the commit of all that hangs on it, and so comes last."""

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        # A commit that waits in a batch until that is full commits nothing.
        return

    @override
    def _write_schema_message(self) -> None:
        # Some targets store their tables in the order of the SCHEMAs: a commit that is stored
        # before what it commits would be a lie if that then fails.
        for child in self.child_streams:
            if child.selected:
                child._write_schema_message()  # noqa: SLF001
        super()._write_schema_message()

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterator[Context | None]:
        # The children are synced before the row is made.
        yield from ()


class AccountStream(TapStream):
    """A stream of the ActiveCampaign account."""

    @property
    def account(self) -> Account:
        """The account that is read."""
        return self._tap.account

    @property
    @override
    def failures(self) -> Failures:
        return self._tap.failures


class SegmentStates(StreamStateManager):
    """What the state keeps of each segment; the SDK would look through all of them for each row."""

    @override
    def get_context_state(self, context: Context | None) -> dict[str, Any]:
        if not context:
            return self.stream_state
        key = frozenset(context.items())
        if key not in self._entries:
            self._entries[key] = {"context": dict(context)}
            self.stream_state.setdefault("partitions", []).append(self._entries[key])
        return self._entries[key]

    @cached_property
    def _entries(self) -> dict[frozenset[tuple[str, Any]], dict[str, Any]]:
        partitions = self.get_state_partitions() or []
        return {frozenset(each["context"].items()): each for each in partitions}


class SegmentStream(AccountStream):
    """A stream with one partition for each selected segment: `rows` says what is in it."""

    is_sorted = True

    @property
    @override
    def state_manager(self) -> StreamStateManager:
        if self._state_manager is None:
            self._state_manager = SegmentStates(
                tap_name=self.tap_name,
                stream_name=self.name,
                tap_state=self._tap_state,
                is_sorted=self.is_sorted,
                check_sorted=self.check_sorted,
            )
        return self._state_manager

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        selected: list[Segment] = []
        if self.account.failures.fatal:
            return []
        with self.account.failures.catch(self.name):
            selected = self.account.selected
        return [{"segment_id": each.segment_id} for each in selected]

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        # The SDK asks without a context where there are no partitions.
        if context is None or self.account.failures.fatal:
            return
        segment = self.account.by_id[context["segment_id"]]
        with self.account.failures.catch(segment):
            try:
                yield from self.rows(segment, self._tap.prepared(self, segment))
            except TapError as error:
                self.give_up(segment, error)
                self.account.excuse(segment, error)

    def work(self, segment: Segment) -> Callable[[], Any]:
        """Return what can be done for a segment before its turn, beside the main thread."""
        raise NotImplementedError

    def expected_contacts(self, segment: Segment) -> int:  # noqa: ARG002
        """Return how many contact ids `work` will probably hold."""
        return 0

    def rows(self, segment: Segment, prepared: Any) -> Iterator[dict[str, Any]]:
        """Give the records of a segment, in the order of the replication key.

        Args:
            segment: The segment.
            prepared: What `work` returned.
        """
        raise NotImplementedError

    def give_up(self, segment: Segment, error: TapError) -> None:
        """Note in the state that a segment could not be had."""

    def bookmark(self, segment: Segment) -> datetime | None:
        """Return the instant up to which all records were emitted, itself included."""
        if self.replication_method == REPLICATION_FULL_TABLE:
            return None
        state = self.get_context_state({"segment_id": segment.segment_id})
        try:
            moment = timestamps.parse(state.get("replication_key_value"))
        except MalformedResponseError:
            return None
        if moment <= self.account.clock.now() + MAX_CLOCK_SKEW:
            return moment
        del state["replication_key_value"]
        self.logger.warning("%s: its bookmark is in the future: all is read again", segment)
        return None


class HistoryStream(SegmentStream):
    """A segment's past, read whole before its first row leaves, so that a bookmark is true."""

    @override
    def work(self, segment: Segment) -> Callable[[], Any]:
        bookmark = self.bookmark(segment)
        return lambda: Past(map(self.fitted, self.past(segment, bookmark)))

    def fitted(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows whose values have the types of the schema.

        Raises:
            MalformedResponseError: One is of the future: its bookmark would hide what is to come.
        """
        latest = timestamps.format_utc(self.account.clock.now() + MAX_CLOCK_SKEW)
        for row in rows:
            if self.replication_key and row[self.replication_key] > latest:
                msg = f"the API answers with {self.replication_key} {row[self.replication_key]}"
                raise MalformedResponseError(f"{msg}, which is in the future by this clock")
        return [fitted(row, self.schema) for row in rows]

    @override
    def rows(self, segment: Segment, prepared: Any) -> Iterator[dict[str, Any]]:
        yield from prepared

    def past(self, segment: Segment, bookmark: datetime | None) -> Iterator[list[dict[str, Any]]]:
        """Give what is new in batches, the newest first, each with its oldest row first.

        Args:
            segment: The segment.
            bookmark: The instant up to which everything was emitted, None on a first sync.

        Raises:
            TapError: It could not be read whole.
        """
        raise NotImplementedError

    @override
    def _write_batches(self, batch_config: BatchConfig, context: Context | None) -> None:
        # A STATE that somebody waits for would be ahead of rows that wait in a batch; and so would
        # the last one, if a signal ends the sync meanwhile.
        before = deepcopy(self.stream_state)
        try:
            with self._tap.states.held():
                super()._write_batches(batch_config, context)
        except BaseException:
            self.stream_state.clear()
            self.stream_state.update(before)
            raise

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        # `bookmark` reads where to begin, ahead of its turn; the SDK would log a line a segment.
        pass
