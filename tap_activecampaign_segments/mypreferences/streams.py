"""The streams of MyPreferences, and how an export is driven through them."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.attempts import Attempts, is_recent
from tap_activecampaign_segments.circuit_breaker import CircuitBreaker
from tap_activecampaign_segments.errors import MalformedAnswerError, TapError
from tap_activecampaign_segments.failures import unexpected_is_told
from tap_activecampaign_segments.mypreferences import profiles
from tap_activecampaign_segments.mypreferences.exports import (
    Export,
    ExportChangedError,
    ExportFailedError,
    ExportLostError,
    IncompleteExportError,
    wish,
)
from tap_activecampaign_segments.singer.stream import CommitStream, LedgerStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context

    from tap_activecampaign_segments.mypreferences.exports import Exports
    from tap_activecampaign_segments.settings import Settings

RUNNING = "running"
"""In the state: the export that was initiated and not yet emitted whole."""
SUBJECT = "subject"
"""In the state: what stands for what the bookmark's export asked for."""
TOTAL = "total"
"""In the state: how many profiles the last whole export of that had."""


class ShrunkError(TapError):
    """An export has so many profiles less than the last one that it is not believed."""


class SegmentGroupExports(CommitStream):
    """The completed exports: each is a commit, whose row comes after its profiles."""

    name = "segment_group_exports"
    primary_keys = ("segment_group_name", "exported_at")
    replication_key = "exported_at"

    reading: Reading | None = None
    """The export that is leaving."""

    @cached_property
    def _exports(self) -> Exports:
        return self._tap.exports

    @cached_property
    def _settings(self) -> Settings:
        return self._tap.settings

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        assert self._settings.mypreferences  # noqa: S101
        groups = self._settings.mypreferences.segment_groups
        is_test = self.ABORT_AT_RECORD_COUNT is not None
        return [{"segment_group_name": each} for each in groups[: 1 if is_test else None]]

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        if context is None or self._tap.group_failures.end:
            return
        name = context["segment_group_name"]
        what = f"segment group {name!r}"
        with self._tap.group_failures.of(what), unexpected_is_told(self.logger, what):
            yield from self._rows(name)

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        state = self.get_context_state({"segment_group_name": name})
        latest = self._bookmark(state)
        # Who is new to another request never comes as a change.
        bookmark = latest if state.get(SUBJECT) == self._exports.subject else None
        body = self._exports.body(bookmark)
        attempts = Attempts(self._settings.run_attempts)
        export = self._unfinished(state, body, latest)
        doubted = False
        while True:
            if export is None:
                attempts.start()
                export = self._exports.initiate(name, body, latest)
                self._tap.states.name(partial(state.update, {RUNNING: export.facts}))
            latest = timestamps.parse(export.exported_at)
            try:
                yield from self._emitted(name, export, doubted=doubted)
            except (ExportLostError, IncompleteExportError, MalformedAnswerError) as error:
                state.pop(RUNNING, None)
                attempts.raise_if_exhausted(error)
                self.logger.warning("segment group %r: %s; exporting it again", name, error)
                export = None
            except ShrunkError as error:
                state.pop(RUNNING, None)
                if doubted:
                    raise
                doubted = True
                attempts.grant_extra()
                self.logger.warning("segment group %r: %s; exporting it once more", name, error)
                export = None
            except ExportFailedError:
                state.pop(RUNNING, None)
                raise
            else:
                return

    def _emitted(self, name: str, export: Export, *, doubted: bool) -> Iterator[dict[str, Any]]:
        self._exports.wait(export, self._settings.run_timeout)
        context = {"segment_group_name": name, "exported_at": export.exported_at}
        total = self._read(export, context, doubted=doubted)
        if self.ABORT_AT_RECORD_COUNT is not None:
            return
        assert self._settings.mypreferences  # noqa: S101
        yield {
            **context,
            "completed_at": timestamps.render(self._tap.clock.now()),
            "last_date_time": export.last_date_time and timestamps.normal(export.last_date_time),
            "is_full": not export.last_date_time
            and not self._settings.mypreferences.match_criteria,
            "total_results": total,
        }
        state = self.get_context_state({"segment_group_name": name})
        state.update(replication_key=self.replication_key, replication_key_value=export.exported_at)
        if not export.last_date_time:
            state[TOTAL] = total
        elif state.get(SUBJECT) != self._exports.subject:
            state.pop(TOTAL, None)
        state[SUBJECT] = self._exports.subject
        state.pop(RUNNING, None)
        self._tap.states.write_now()
        try:
            self._exports.commit(export)
        except TapError as error:
            self.logger.warning("segment group %r: it was not committed: %s", name, error)

    def _read(self, export: Export, context: dict[str, Any], *, doubted: bool) -> int:
        """Emit the profiles, once more if they were not all, and return how many there are."""

        def believe(total: int) -> None:
            self._believe(export, context["segment_group_name"], total, doubted=doubted)

        first = self.reading = Reading(self._exports, export, believe)
        self._sync_children(context)
        try:
            return first.finish()
        except ExportChangedError:
            raise
        except IncompleteExportError:
            second = self.reading = Reading(self._exports, export, believe)
            self._sync_children(context)
            total = second.finish()
        if not first.ids <= second.ids:
            msg = "the export has other profiles than when it was read before"
            raise ExportChangedError(msg)
        return total

    def _believe(self, export: Export, name: str, total: int, *, doubted: bool) -> None:
        """Hold a whole export against the last one of the same request.

        Raises:
            ShrunkError: It is so much smaller that it has to be exported once more, or fails.
        """
        state = self.get_context_state({"segment_group_name": name})
        before = state.get(TOTAL)
        if export.last_date_time or state.get(SUBJECT) != self._exports.subject:
            return
        if not isinstance(before, int):
            return
        breaker = CircuitBreaker(self._settings.max_left_share)
        if not breaker.is_large_drop(before, total):
            return
        sentence = breaker.describe(before - total, before, "profiles")
        if not doubted or breaker.trips(before - total, before):
            raise ShrunkError(sentence)
        self.logger.warning(
            "segment group %r: %s; two exports agree, so it is believed", name, sentence
        )

    def _unfinished(
        self, state: dict[str, Any], body: dict[str, Any], latest: datetime | None
    ) -> Export | None:
        """Return the export of an earlier sync to go on with, if there is one."""
        export = Export.of(state.get(RUNNING))
        if export is None or export.wish != wish(body):
            return None
        begun = timestamps.parse(export.exported_at)
        if latest and begun <= latest:
            return None
        now, within = self._tap.clock.now(), self._settings.resume_within
        return export if is_recent(begun, now, within) else None

    @staticmethod
    def _bookmark(state: dict[str, Any]) -> datetime | None:
        try:
            return timestamps.parse(state.get("replication_key_value"))
        except MalformedAnswerError:
            return None


class SegmentGroupProfiles(LedgerStream):
    """The profiles of a segment group."""

    name = "segment_group_profiles"
    parent_stream_type = SegmentGroupExports
    primary_keys = ("segment_group_name", "ProfileId")
    replication_key = "exported_at"
    state_partitioning_keys: Sequence[str] = ()

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        parent = self._tap.streams[SegmentGroupExports.name]
        assert isinstance(parent, SegmentGroupExports)  # noqa: S101
        assert parent.reading is not None  # noqa: S101
        assert context is not None  # noqa: S101
        for profile in parent.reading.profiles():
            yield profiles.row(profile, self.schema, **context)


class Reading:
    """One export while it is read. Its profiles may be out before it shows to be incomplete.

    Attributes:
        ids: The ids of the profiles that are out.
    """

    def __init__(self, exports: Exports, export: Export, believe: Callable[[int], None]) -> None:
        """Read nothing yet.

        Args:
            exports: Where to read.
            export: What to read.
            believe: Told how many profiles there are before the first is out; may raise an error.
        """
        self._pages = exports.pages(export)
        self._believe = believe
        self._total: int | None = None
        self._error: TapError | None = None
        self.ids: set[int] = set()

    def profiles(self) -> Iterator[dict[str, Any]]:
        """Give the profiles; an error is kept for `finish`."""
        try:
            for page, total in self._pages:
                if self._total is None:
                    self._believe(total)
                self._total = total
                self.ids.update(map(profiles.profile_id, page))
                yield from page
        except TapError as error:
            self._error = error

    def finish(self) -> int:
        """Return how many profiles there were, all of them read.

        Raises:
            TapError: They could not be read, or are not all.
        """
        for _ in self.profiles():
            pass
        if self._error:
            raise self._error
        return self._total or 0
