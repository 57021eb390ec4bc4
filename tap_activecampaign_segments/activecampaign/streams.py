"""What each stream of ActiveCampaign is."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign import count_history as counts
from tap_activecampaign_segments.activecampaign import definitions
from tap_activecampaign_segments.activecampaign.match_all.streams import (
    ChangeStream,
    Page,
    RunChildStream,
    RunStream,
)
from tap_activecampaign_segments.activecampaign.recent_counts import RecentCounts
from tap_activecampaign_segments.activecampaign.replay_buffer import Past
from tap_activecampaign_segments.singer.coercion import fitted
from tap_activecampaign_segments.singer.stream import AccountStream, HistoryStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluation
    from tap_activecampaign_segments.activecampaign.segments import Segment


AT_BOOKMARK = "run_id"
"""In the state: the run of the only count at the bookmark."""
SEEN = "seen"
"""In the state: the newest counts up to the bookmark."""
IS_FRESH = "is_fresh"
"""In the state: that the definition at the bookmark was read soon after it was made."""


class Counts(NamedTuple):
    """A segment's recorded sizes.

    Attributes:
        rows: Those that leave, oldest first.
        newest: The newest ones that the API has, known or not; none where it was not asked.
    """

    rows: Past
    newest: Sequence[Mapping[str, Any]]


class Segments(AccountStream):
    """The segments of the account, saved or configured."""

    name = "segments"
    primary_keys = ("segment_id",)
    _is_out = False

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        with self.account.failures.of(self.name):
            rows = []
            for each in self.account.segments:
                with self.account.failures.of(each):
                    rows.append(fitted(each.row, self.schema))
            size = len(self.account.segments)
            for row in rows:
                yield {
                    **row,
                    "listing_size": size + self.account.unread,
                    "listed_at": self.account.listed_at,
                }
            self._is_out = len(rows) == size

    @override
    def finalize_state_progress_markers(self, state: dict[str, Any] | None = None) -> None:
        super().finalize_state_progress_markers(state)
        if self._is_out and self.account.is_read_whole:
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
        state = self.get_context_state({"segment_id": segment.segment_id})
        run_id = state.get(AT_BOOKMARK)
        history = counts.History(
            self.account.client,
            segment.segment_id,
            bookmark=bookmark,
            start=self.account.settings.start_date,
            seen=counts.Seen.of(state.get(SEEN)),
            warn=lambda text: self.logger.warning("%s: %s", segment, text),
        )

        def work() -> Counts:
            newest = recent.newest(segment.segment_id) if bookmark and run_id else None
            if (
                bookmark
                and newest
                and (newest["timestamp"], newest["run_id"])
                == (
                    timestamps.render(bookmark),
                    run_id,
                )
            ):
                return Counts(Past([self.fitted([newest])]), [])
            return Counts(Past(map(self.fitted, history)), history.newest)

        return work

    @override
    def rows(self, segment: Segment, prepared: Counts) -> Iterator[dict[str, Any]]:
        self._bookmark_is_held = False
        yield from super().rows(segment, prepared.rows)
        state = self.get_context_state({"segment_id": segment.segment_id})
        bookmark = state.get("replication_key_value", "")
        at_bookmark = [row["run_id"] for row in prepared.rows if row["timestamp"] == bookmark]
        if len(at_bookmark) == 1:
            state[AT_BOOKMARK] = at_bookmark[0]
        else:
            state.pop(AT_BOOKMARK, None)
        if seen := counts.Seen.up_to(bookmark, prepared.newest):
            state[SEEN] = seen.facts

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        # The bookmark does not pass a row that may still change, and a late row does not move it.
        bookmark = self.get_context_state(context).get("replication_key_value", "")
        if not self._bookmark_is_held and latest_record["timestamp"] >= bookmark:
            super()._increment_stream_state(latest_record, context=context)
        if counts.may_change(latest_record, self.account.clock.now()):
            self._bookmark_is_held = True


class SegmentDefinitions(HistoryStream):
    """The versions of a segment's definition."""

    name = "segment_definitions"
    primary_keys = ("segment_id", "created_date")
    replication_key = "created_date"

    @override
    def work(self, segment: Segment) -> Callable[[], Past]:
        bookmark, plain = self.bookmark(segment), super().work(segment)
        # Another version may have followed in the same instant as a run tells it.
        state = self.get_context_state({"segment_id": segment.segment_id})
        bookmark = None if state.get(IS_FRESH) else bookmark
        runs = self._tap.streams[MatchAllRuns.name]
        assert isinstance(runs, RunStream)  # noqa: S101
        last_change = runs.last_change(segment)

        def work() -> Past:
            at = last_change.result() if bookmark and last_change else None
            return Past([]) if at and bookmark and timestamps.parse(at) <= bookmark else plain()

        return work

    @override
    def rows(self, segment: Segment, prepared: Past) -> Iterator[dict[str, Any]]:
        latest = None
        for row in super().rows(segment, prepared):
            latest = row["created_date"]
            yield row
        if latest is None:
            return
        state = self.get_context_state({"segment_id": segment.segment_id})
        age = self.account.clock.now() - timestamps.parse(latest)
        if age < definitions.SETTLED_AFTER:
            state[IS_FRESH] = True
        else:
            state.pop(IS_FRESH, None)

    @override
    def past(self, segment: Segment, bookmark: datetime | None) -> Iterator[list[dict[str, Any]]]:
        if not definitions.has_history(segment.segment_id):
            self.logger.warning("%s has a numeric id: the API keeps no versions of it", segment)
            return
        versions = definitions.versions(
            self.account.client,
            segment.segment_id,
            since=bookmark or self.account.settings.start_date,
            now=self.account.clock.now(),
            created=segment.facts.get("created_date") if segment.listed else None,
            warn=lambda text: self.logger.warning("%s: %s", segment, text),
        )
        # An answer from before the bookmark, of a server that lags behind, is not news.
        oldest = timestamps.render(bookmark) if bookmark else ""
        yield [row for row in versions if row["created_date"] >= oldest]


class MatchAllRuns(RunStream):
    """The evaluations made by this tap."""

    name = "match_all_runs"
    primary_keys = ("segment_id", "run_id")
    replication_key = "run_id_start"


class MatchAllResults(RunChildStream):
    """The contacts that a run found, each with its rank."""

    name = "match_all_results"
    parent_stream_type = MatchAllRuns
    primary_keys = ("segment_id", "contact_id")

    @override
    def pages(self, evaluation: Evaluation) -> Iterator[Page]:
        if not evaluation.is_newest:
            return
        run = evaluation.result.run
        row = {
            "segment_id": run.segment_id,
            "contact_id": 0,
            "position": 0,
            "run_id": run.run_id,
            "run_id_end": run.run_id_end,
            "segment_timestamp": run.segment_timestamp,
        }
        rank = 1
        for contact_ids in evaluation.result.contact_ids:
            ranks = range(rank, rank + len(contact_ids))
            yield Page(row, {"contact_id": contact_ids, "position": ranks})
            rank = ranks.stop


class MembershipChanges(ChangeStream):
    """The log: who joined and who left between two runs."""

    name = "membership_changes"
    parent_stream_type = MatchAllRuns
    primary_keys = ("segment_id", "contact_id", "run_id")
    replication_key = "changed_at"

    @override
    def row(self, evaluation: Evaluation, *, is_member: bool) -> dict[str, Any]:
        run = evaluation.result.run
        previous = evaluation.predecessor.run if evaluation.predecessor else None
        return {
            "segment_id": run.segment_id,
            "contact_id": 0,
            "run_id": run.run_id,
            "change": "joined" if is_member else "left",
            "changed_at": run.run_id_end,
            "previous_run_id": previous.run_id if previous else None,
            "previous_run_id_end": previous.run_id_end if previous else None,
            "segment_timestamp": run.segment_timestamp,
            "definition_changed": evaluation.definition_changed,
            "is_baseline": evaluation.is_baseline,
        }


class Memberships(ChangeStream):
    """What is now known of a contact in a segment."""

    name = "memberships"
    parent_stream_type = MatchAllRuns
    primary_keys = ("segment_id", "contact_id")
    replication_key = "changed_at"

    @override
    def row(self, evaluation: Evaluation, *, is_member: bool) -> dict[str, Any]:
        run = evaluation.result.run
        return {
            "segment_id": run.segment_id,
            "contact_id": 0,
            "is_member": is_member,
            "changed_at": run.run_id_end,
            "run_id": run.run_id,
            "baseline_run_id": evaluation.baseline_run_id,
        }
