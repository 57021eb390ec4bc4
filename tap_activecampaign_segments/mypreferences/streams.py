"""MyPreferences' streams: each export is a commit of its profiles."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.attempts import Attempts, is_recent
from tap_activecampaign_segments.circuit_breaker import CircuitBreaker
from tap_activecampaign_segments.errors import MalformedResponseError, TapError
from tap_activecampaign_segments.failures import wrap_unexpected_errors
from tap_activecampaign_segments.mypreferences import profiles
from tap_activecampaign_segments.mypreferences.export_lifecycle import (
    Export,
    ExportChangedError,
    ExportFailedError,
    ExportLostError,
    IncompleteExportError,
    hash_request,
)
from tap_activecampaign_segments.mypreferences.export_reader import ExportReader
from tap_activecampaign_segments.singer.parent_streams import ChildrenFirstStream, ManualStateStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.mypreferences.export_lifecycle import Exports
    from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings
    from tap_activecampaign_segments.singer.output_tap import OutputTap
    from tap_activecampaign_segments.singer.state_writer import ThrottledStateWriter

RUNNING_KEY = "running"
"""State key: the export that was initiated and not yet emitted whole."""
SUBJECT_KEY = "subject"
"""State key: the hash of what the bookmark's export asked for."""
TOTAL_KEY = "total"
"""State key: the number of profiles in the last full export of that."""


class ExportContext(Protocol):
    """What the streams of an account share in one sync; see `ExportSync`."""

    settings: MyPreferencesSettings
    failures: Failures

    @property
    def clock(self) -> Clock:
        """Time source."""

    @property
    def state_writer(self) -> ThrottledStateWriter:
        """Where the state is persisted."""

    @property
    def exports(self) -> Exports:
        """Initiates, polls and reads exports."""


class ImplausibleExportError(TapError):
    """An export has so many profiles less than the last one that it is not believed."""


class SegmentGroupExports(ChildrenFirstStream):
    """The completed exports: each is the commit of its profiles, and follows them."""

    name = "segment_group_exports"
    primary_keys = ("segment_group_name", "exported_at")
    replication_key = "exported_at"

    def __init__(self, tap: OutputTap, sync: ExportContext) -> None:
        """Create the stream.

        Args:
            tap: The tap.
            sync: What the streams of the account share.
        """
        super().__init__(tap, sync.failures)
        self._sync = sync
        self._settings = sync.settings

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        groups = self._settings.segment_groups
        is_test = self.ABORT_AT_RECORD_COUNT is not None
        return [{"segment_group_name": each} for each in groups[: 1 if is_test else None]]

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        if context is None or self.failures.fatal:
            return
        name = context["segment_group_name"]
        what = f"segment group {name!r}"
        with self.failures.catch(what), wrap_unexpected_errors(self.logger, what):
            yield from self._export(name)

    def _export(self, name: str) -> Iterator[dict[str, Any]]:
        state = self.get_context_state({"segment_group_name": name})
        latest = self._bookmark(state)
        # Profiles that only another request would include never come as changes.
        bookmark = latest if state.get(SUBJECT_KEY) == self._sync.exports.subject else None
        body = self._sync.exports.body(bookmark)
        attempts = Attempts(self._settings.run_attempts)
        export = self._find_resumable(state, body, latest)
        is_doubted = False
        while True:
            if export is None:
                attempts.start()
                export = self._sync.exports.initiate(name, body, latest)
                self._sync.state_writer.persist(
                    partial(state.update, {RUNNING_KEY: export.to_state()})
                )
            latest = timestamps.parse(export.exported_at)
            try:
                yield from self._emit(name, export, is_doubted=is_doubted)
            except (ExportLostError, IncompleteExportError, MalformedResponseError) as error:
                state.pop(RUNNING_KEY, None)
                attempts.raise_if_exhausted(error)
                self.logger.warning("segment group %r: %s; exporting it again", name, error)
                export = None
            except ImplausibleExportError as error:
                state.pop(RUNNING_KEY, None)
                if is_doubted:
                    raise
                is_doubted = True
                attempts.grant_extra()
                self.logger.warning("segment group %r: %s; exporting it once more", name, error)
                export = None
            except ExportFailedError:
                state.pop(RUNNING_KEY, None)
                raise
            else:
                return

    def _emit(self, name: str, export: Export, *, is_doubted: bool) -> Iterator[dict[str, Any]]:
        self._sync.exports.wait(export, self._settings.run_timeout)
        context = {"segment_group_name": name, "exported_at": export.exported_at}
        total = self._read_and_emit(export, context, is_doubted=is_doubted)
        if self.ABORT_AT_RECORD_COUNT is not None:
            return
        yield {
            **context,
            "completed_at": timestamps.format_utc(self._sync.clock.now()),
            "last_date_time": export.last_date_time and timestamps.normalize(export.last_date_time),
            "is_full": not export.last_date_time and not self._settings.match_criteria,
            "total_results": total,
        }
        state = self.get_context_state({"segment_group_name": name})
        state.update(replication_key=self.replication_key, replication_key_value=export.exported_at)
        if not export.last_date_time:
            state[TOTAL_KEY] = total
        elif state.get(SUBJECT_KEY) != self._sync.exports.subject:
            state.pop(TOTAL_KEY, None)
        state[SUBJECT_KEY] = self._sync.exports.subject
        state.pop(RUNNING_KEY, None)
        self._sync.state_writer.write_now()
        try:
            self._sync.exports.commit(export)
        except TapError as error:
            self.logger.warning("segment group %r: it was not committed: %s", name, error)

    def _read_and_emit(self, export: Export, context: dict[str, Any], *, is_doubted: bool) -> int:
        """Emit the profiles, once more if they were incomplete, and return their number."""

        def believe(total: int) -> None:
            self._believe(export, context["segment_group_name"], total, is_doubted=is_doubted)

        first = self._emit_profiles(ExportReader(self._sync.exports, export, believe), context)
        try:
            return first.finish()
        except ExportChangedError:
            raise
        except IncompleteExportError:
            second = self._emit_profiles(ExportReader(self._sync.exports, export, believe), context)
            total = second.finish()
        if not first.ids <= second.ids:
            msg = "the export has other profiles than when it was read before"
            raise ExportChangedError(msg)
        return total

    def _emit_profiles(self, reader: ExportReader, context: dict[str, Any]) -> ExportReader:
        for child in self.child_streams:
            assert isinstance(child, SegmentGroupProfiles)  # noqa: S101
            child.reader = reader
        self._sync_children(context)
        return reader

    def _believe(self, export: Export, name: str, total: int, *, is_doubted: bool) -> None:
        """Compare the size of a full export with that of the last one of the same request.

        Raises:
            ImplausibleExportError: It is so much smaller that it is not believed.
        """
        state = self.get_context_state({"segment_group_name": name})
        before = state.get(TOTAL_KEY)
        if export.last_date_time or state.get(SUBJECT_KEY) != self._sync.exports.subject:
            return
        if not isinstance(before, int):
            return
        breaker = CircuitBreaker(self._settings.max_left_share)
        if not breaker.is_large_drop(before, total):
            return
        sentence = breaker.describe(before - total, before, "profiles")
        if not is_doubted or breaker.trips(before - total, before):
            raise ImplausibleExportError(sentence)
        self.logger.warning(
            "segment group %r: %s; two exports agree, so it is believed", name, sentence
        )

    def _find_resumable(
        self, state: dict[str, Any], body: dict[str, Any], latest: datetime | None
    ) -> Export | None:
        """Return the unfinished export of an earlier sync that can be resumed, if there is one."""
        export = Export.from_state(state.get(RUNNING_KEY))
        if export is None or export.request_hash != hash_request(body):
            return None
        begun = timestamps.parse(export.exported_at)
        if latest and begun <= latest:
            return None
        now, within = self._sync.clock.now(), self._settings.resume_within
        return export if is_recent(begun, now, within) else None

    @staticmethod
    def _bookmark(state: dict[str, Any]) -> datetime | None:
        try:
            return timestamps.parse(state.get("replication_key_value"))
        except MalformedResponseError:
            return None


class SegmentGroupProfiles(ManualStateStream):
    """The profiles of a segment group."""

    name = "segment_group_profiles"
    parent_stream_type = SegmentGroupExports
    primary_keys = ("segment_group_name", "ProfileId")
    replication_key = "exported_at"
    state_partitioning_keys: Sequence[str] = ()
    reader: ExportReader
    """Reads the export that is emitted."""

    def __init__(self, tap: OutputTap, sync: ExportContext) -> None:
        """Create the stream; see `SegmentGroupExports`."""
        super().__init__(tap, sync.failures)

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        assert context is not None  # noqa: S101
        for profile in self.reader.profiles():
            yield profiles.row(profile, self.schema, **context)
