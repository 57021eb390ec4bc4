"""The streams of an account: segments, and their size over time."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.base_streams import AccountStream, HistoryStream
from tap_activecampaign_segments.activecampaign.count_history import RowFingerprints, may_change
from tap_activecampaign_segments.activecampaign.count_history_cursor import CountHistoryReader
from tap_activecampaign_segments.activecampaign.recent_counts import RecentCounts
from tap_activecampaign_segments.activecampaign.replay_buffer import ReplayBuffer
from tap_activecampaign_segments.singer.coercion import coerce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context, Record

    from tap_activecampaign_segments.activecampaign.segments import Segment

RUN_ID_KEY = "run_id"
"""State key: the run of the only count at the bookmark."""
SEEN_KEY = "seen"
"""State key: the newest counts up to the bookmark."""


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
