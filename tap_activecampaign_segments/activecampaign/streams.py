"""The streams of an account: segments, their size over time, and their definitions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign import definitions
from tap_activecampaign_segments.activecampaign.base_streams import AccountStream, HistoryStream
from tap_activecampaign_segments.activecampaign.count_history import RowFingerprints, may_change
from tap_activecampaign_segments.activecampaign.count_history_cursor import CountHistoryReader
from tap_activecampaign_segments.activecampaign.recent_counts import RecentCounts
from tap_activecampaign_segments.activecampaign.replay_buffer import ReplayBuffer
from tap_activecampaign_segments.singer.coercion import coerce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from tap_activecampaign_segments.activecampaign.segments import Segment

RUN_ID_KEY = "run_id"
"""State key: the run of the only count at the bookmark."""
SEEN_KEY = "seen"
"""State key: the newest counts up to the bookmark."""
IS_FRESH_KEY = "is_fresh"
"""State key: the definition at the bookmark was read soon after it was made."""


class Counts(NamedTuple):
    """A segment's recorded sizes.

    Attributes:
        rows: The new ones, oldest first.
        newest: The newest ones of the API, new or not; empty if it was not asked.
    """

    rows: ReplayBuffer
    newest: Sequence[Mapping[str, Any]]


class Segments(AccountStream):
    """The segments of the account, saved or configured."""

    name = "segments"
    primary_keys = ("segment_id",)
    _is_emitted = False

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        with self.failures.catch(self.name):
            rows = []
            for each in self.account.segments:
                with self.failures.catch(each):
                    rows.append(coerce(each.record, self.schema))
            size = len(self.account.segments)
            for row in rows:
                yield {
                    **row,
                    "listing_size": size + self.account.unread_count,
                    "listed_at": self.account.listed_at,
                }
            self._is_emitted = len(rows) == size

    @override
    def finalize_state_progress_markers(self, state: dict[str, Any] | None = None) -> None:
        super().finalize_state_progress_markers(state)
        if self._is_emitted and self.account.is_listing_complete:
            self.activate_version()


class CountHistory(HistoryStream):
    """The recorded sizes of a segment."""

    name = "count_history"
    primary_keys = ("segment_id", "run_id", "timestamp")
    replication_key = "timestamp"
    _bookmark_is_held = False

    @cached_property
    def _recent(self) -> RecentCounts:
        known = (each.segment_id for each in self.account.selected if self.bookmark(each))
        return RecentCounts(self.account.client, known)

    @override
    def work(self, segment: Segment) -> Callable[[], Counts]:
        bookmark, recent = self.bookmark(segment), self._recent
        state = self.segment_state(segment)
        run_id = state.get(RUN_ID_KEY)
        history = CountHistoryReader(
            self.account.history,
            segment.segment_id,
            bookmark=bookmark,
            start=self.account.settings.start_date,
            known_rows=RowFingerprints.from_state(state.get(SEEN_KEY)),
            warn=lambda text: self.logger.warning("%s: %s", segment, text),
        )

        def work() -> Counts:
            newest = recent.newest(segment.segment_id) if bookmark and run_id else None
            if bookmark and newest and _key(newest) == (timestamps.format_utc(bookmark), run_id):
                return Counts(ReplayBuffer([self.coerced([newest])]), [])
            return Counts(ReplayBuffer(map(self.coerced, history)), history.first_page)

        return work

    @override
    def rows(self, segment: Segment, prefetched: Counts) -> Iterator[dict[str, Any]]:
        self._bookmark_is_held = False
        yield from super().rows(segment, prefetched.rows)
        state = self.segment_state(segment)
        bookmark = state.get("replication_key_value", "")
        at_bookmark = [row["run_id"] for row in prefetched.rows if row["timestamp"] == bookmark]
        if len(at_bookmark) == 1:
            state[RUN_ID_KEY] = at_bookmark[0]
        else:
            state.pop(RUN_ID_KEY, None)
        if fingerprints := RowFingerprints.of_newest(bookmark, prefetched.newest):
            state[SEEN_KEY] = fingerprints.to_state()

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        # The bookmark stays before a row that may still change. A late row does not move it.
        bookmark = self.get_context_state(context).get("replication_key_value", "")
        if not self._bookmark_is_held and latest_record["timestamp"] >= bookmark:
            super()._increment_stream_state(latest_record, context=context)
        if may_change(latest_record, self.account.clock.now()):
            self._bookmark_is_held = True


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["timestamp"], row["run_id"]


class SegmentDefinitions(HistoryStream):
    """The versions of a segment's definition."""

    name = "segment_definitions"
    primary_keys = ("segment_id", "created_date")
    replication_key = "created_date"

    @override
    def work(self, segment: Segment) -> Callable[[], ReplayBuffer]:
        bookmark, plain = self.bookmark(segment), super().work(segment)
        # Another version may have followed within the instant that a run reports.
        state = self.segment_state(segment)
        bookmark = None if state.get(IS_FRESH_KEY) else bookmark
        last_change = self.sync_context.last_changes.get(segment.segment_id)

        def work() -> ReplayBuffer:
            at = last_change.result() if bookmark and last_change else None
            return (
                ReplayBuffer([])
                if at and bookmark and timestamps.parse(at) <= bookmark
                else plain()
            )

        return work

    @override
    def rows(self, segment: Segment, prefetched: ReplayBuffer) -> Iterator[dict[str, Any]]:
        latest = None
        for row in super().rows(segment, prefetched):
            latest = row["created_date"]
            yield row
        if latest is None:
            return
        state = self.segment_state(segment)
        age = self.account.clock.now() - timestamps.parse(latest)
        if age < definitions.SETTLED_AFTER:
            state[IS_FRESH_KEY] = True
        else:
            state.pop(IS_FRESH_KEY, None)

    @override
    def batches(
        self, segment: Segment, bookmark: datetime | None
    ) -> Iterator[list[dict[str, Any]]]:
        if not definitions.has_versions(segment.segment_id):
            self.logger.warning("%s has a numeric id: the API keeps no versions of it", segment)
            return
        versions = definitions.versions(
            self.account.client,
            segment.segment_id,
            since=bookmark or self.account.settings.start_date,
            now=self.account.clock.now(),
            created=segment.fields.get("created_date") if segment.is_listed else None,
            warn=lambda text: self.logger.warning("%s: %s", segment, text),
        )
        # A server that lags behind may answer with a version from before the bookmark.
        oldest = timestamps.format_utc(bookmark) if bookmark else ""
        yield [row for row in versions if row["created_date"] >= oldest]
