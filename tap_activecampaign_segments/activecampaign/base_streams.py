"""Base streams of an account: one partition for each selected segment."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams._state import StreamStateManager
from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.clock import MAX_CLOCK_SKEW
from tap_activecampaign_segments.errors import MalformedResponseError, TapError
from tap_activecampaign_segments.logs.context import log_context
from tap_activecampaign_segments.singer.base_stream import BaseStream
from tap_activecampaign_segments.singer.coercion import coerce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from datetime import datetime

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context

    from tap_activecampaign_segments.activecampaign.account import Account
    from tap_activecampaign_segments.activecampaign.definitions.history import DefinitionHistories
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.sync_results import SyncResults
    from tap_activecampaign_segments.activecampaign.token_user import TokenUser
    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.singer.output_tap import OutputTap
    from tap_activecampaign_segments.singer.state_writer import ThrottledStateWriter

T = TypeVar("T")


class AccountContext(Protocol):
    """What the streams of an account share in one sync; see `AccountSync`."""

    failures: Failures
    segment_streams: list[Any]
    last_changes: dict[str, Future[str | None]]
    definitions: DefinitionHistories
    results: SyncResults

    @property
    def account(self) -> Account:
        """The account."""

    @property
    def state_writer(self) -> ThrottledStateWriter:
        """Where the state is persisted."""

    def token_user(self, *, may_request: bool) -> TokenUser:
        """Return the user of the API token."""

    def prefetched(self, stream: SegmentStream, segment: Segment) -> Any:
        """Return the result of `SegmentStream.work`."""

    def wait_for(
        self, subject: object, future: Future[T], on_wakeup: Callable[[], None] = ...
    ) -> T:
        """Return the result of work for a segment, or something else."""


class AccountStream(BaseStream):
    """A stream of the ActiveCampaign account."""

    def __init__(self, tap: OutputTap, sync: AccountContext) -> None:
        """Create the stream.

        Args:
            tap: The tap.
            sync: What the streams of the account share.
        """
        self.sync_context = sync
        super().__init__(tap, sync.failures)

    @property
    def account(self) -> Account:
        """The account."""
        return self.sync_context.account

    @property
    def is_test(self) -> bool:
        """Whether this is a connection test, which cuts each stream short."""
        return self.ABORT_AT_RECORD_COUNT is not None


class UninterruptedBatches(AccountStream):
    """A stream whose state is ahead of the rows that wait in a batch."""

    @override
    def write_batches(self, batch_config: BatchConfig, context: Context | None) -> None:
        # A STATE meanwhile, or the last one after a signal, would be ahead of them.
        before = deepcopy(self.stream_state)
        try:
            with self.sync_context.state_writer.suspended():
                super().write_batches(batch_config, context)
        except BaseException:
            self.stream_state.clear()
            self.stream_state.update(before)
            raise


class SegmentStateManager(StreamStateManager):
    """Finds a segment's partition by its key. The SDK's own searches all of them for each row."""

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
    """A stream with one partition for each selected segment."""

    is_sorted = True
    evaluates = False
    """Whether its work evaluates the segment, which may take minutes."""

    def __init__(self, tap: OutputTap, sync: AccountContext) -> None:
        """Create the stream; see `AccountStream`."""
        super().__init__(tap, sync)
        sync.segment_streams.append(self)

    @property
    def is_read(self) -> bool:
        """Whether the stream or one of its child streams is selected."""
        return self.selected or self.has_selected_descendents

    @property
    @override
    def state_manager(self) -> StreamStateManager:
        if self._state_manager is None:
            self._state_manager = SegmentStateManager(
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
        if self.failures.fatal:
            return []
        with self.failures.catch(self.name):
            selected = self.account.selected
        return [{"segment_id": each.segment_id} for each in selected]

    def segment_state(self, segment: Segment) -> dict[str, Any]:
        """Return the state's partition of a segment, to be changed in place."""
        return self.get_context_state({"segment_id": segment.segment_id})

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        # The SDK passes no context if there are no partitions.
        if context is None or self.failures.fatal:
            return
        segment = self.account.segments_by_id[context["segment_id"]]
        with log_context(**segment.log_fields), self.failures.catch(segment):
            try:
                yield from self.rows(segment, self.sync_context.prefetched(self, segment))
            except TapError as error:
                self.give_up(segment, error)
                self.account.handle_expected_error(segment, error)
            else:
                self.sync_context.results.count_segment(segment.segment_id)

    def work(self, segment: Segment) -> Callable[[], Any]:
        """Return what can be done for a segment ahead of its turn, in another thread."""
        raise NotImplementedError

    def expected_contacts(self, segment: Segment) -> int:  # noqa: ARG002
        """Return how many contact ids `work` will probably hold in memory."""
        return 0

    def expected_requests(self, segment: Segment) -> float:
        """Return how many requests a segment probably takes, in proportion to the others."""
        return 1 + self.expected_contacts(segment) / self.account.settings.page_size

    def rows(self, segment: Segment, prefetched: Any) -> Iterator[dict[str, Any]]:
        """Yield the records of a segment, in the order of the replication key.

        Args:
            segment: The segment.
            prefetched: The result of `work`.
        """
        raise NotImplementedError

    def give_up(self, segment: Segment, error: TapError) -> None:
        """Record in the state that a segment failed."""

    def bookmark(self, segment: Segment) -> datetime | None:
        """Return the instant up to which all records were emitted, itself included."""
        if self.replication_method == REPLICATION_FULL_TABLE:
            return None
        state = self.segment_state(segment)
        try:
            moment = timestamps.parse(state.get("replication_key_value"))
        except MalformedResponseError:
            return None
        if moment <= self.account.clock.now() + MAX_CLOCK_SKEW:
            return moment
        del state["replication_key_value"]
        self.logger.warning("%s: its bookmark is in the future: all is read again", segment)
        return None


class HistoryStream(UninterruptedBatches, SegmentStream):
    """A segment's history, read whole before its first row is emitted: the bookmark is true."""

    def coerced(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows whose values have the types of the schema.

        Raises:
            MalformedResponseError: A row is in the future. Its bookmark would hide later rows.
        """
        latest = timestamps.format_utc(self.account.clock.now() + MAX_CLOCK_SKEW)
        for row in rows:
            if self.replication_key and row[self.replication_key] > latest:
                msg = f"the API answers with {self.replication_key} {row[self.replication_key]}"
                raise MalformedResponseError(f"{msg}, which is in the future by this clock")
        return [coerce(row, self.schema) for row in rows]

    @override
    def rows(self, segment: Segment, prefetched: Any) -> Iterator[dict[str, Any]]:
        yield from prefetched

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        # `bookmark` reads it ahead of its turn. The SDK would log a line for each segment.
        pass
