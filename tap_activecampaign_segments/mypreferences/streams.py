"""MyPreferences' streams: each export commits its profiles."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.attempts import Attempts, is_recent
from tap_activecampaign_segments.circuit_breaker import CircuitBreaker
from tap_activecampaign_segments.errors import MalformedResponseError, TapError
from tap_activecampaign_segments.failures import wrap_unexpected_errors
from tap_activecampaign_segments.logs.context import log_context
from tap_activecampaign_segments.logs.progress import Position
from tap_activecampaign_segments.mypreferences.export_lifecycle import (
    Export,
    ExportChangedError,
    ExportFailedError,
    ExportLostError,
    IncompleteExportError,
    hash_request,
)
from tap_activecampaign_segments.mypreferences.export_reader import ExportReader
from tap_activecampaign_segments.mypreferences.profiles import to_record
from tap_activecampaign_segments.singer.parent_streams import ChildrenFirstStream, ManualStateStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.logs.progress import Progress
    from tap_activecampaign_segments.mypreferences.export_lifecycle import ExportClient
    from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings
    from tap_activecampaign_segments.singer.output_tap import OutputTap
    from tap_activecampaign_segments.singer.state_writer import ThrottledStateWriter

RUNNING_KEY = "running"
"""State key: the export that was started, and is not committed yet."""
CRITERIA_HASH_KEY = "subject"
"""State key: the criteria hash of the bookmark's export, see `ExportClient.criteria_hash`."""
TOTAL_KEY = "total"
"""State key: the total of the last full export with these criteria."""


class ExportContext(Protocol):
    """What the streams of an account share in one sync; see `ExportSync`."""

    failures: Failures
    progress: Progress
    exported: int

    @property
    def settings(self) -> MyPreferencesSettings:
        """The settings."""

    @property
    def clock(self) -> Clock:
        """Time source."""

    @property
    def state_writer(self) -> ThrottledStateWriter:
        """Persists the state."""

    @property
    def export_client(self) -> ExportClient:
        """Starts, polls, reads and confirms exports."""


def group_subject(name: str) -> str:
    """Return the form of a segment group in log lines."""
    return f"segment group {name!r}"


class ImplausibleExportError(TapError):
    """An export has so few profiles, compared with the last one, that it is not believed."""


class SegmentGroupExports(ChildrenFirstStream):
    """The complete exports. The row of each follows its profiles, and commits them."""

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

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        groups = self._sync.settings.segment_groups
        is_test = self.ABORT_AT_RECORD_COUNT is not None
        return [{"segment_group_name": each} for each in groups[: 1 if is_test else None]]

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        if context is None or self.failures.fatal:
            return
        name = context["segment_group_name"]
        what = group_subject(name)
        with (
            log_context(segment_group=name),
            self.failures.catch(what),
            wrap_unexpected_errors(self.logger, what),
        ):
            yield from self._export_until_believed(name)
            self._sync.exported += 1

    def _export_until_believed(self, name: str) -> Iterator[dict[str, Any]]:
        """Resume the unfinished export or start one, and start others while attempts are left."""
        state = self._group_state(name)
        client = self._sync.export_client
        latest = self._bookmark(state)
        # An export of changes omits who matches new criteria without having changed.
        bookmark = latest if self._has_same_criteria(state) else None
        body = client.build_body(bookmark)
        attempts = Attempts(self._sync.settings.run_attempts)
        export = self._find_resumable(state, body, latest)
        is_recheck = False
        while True:
            if export is None:
                attempts.start()
                export = self._acquire(name, body, latest)
            latest = timestamps.parse(export.exported_at)
            try:
                self._wait(name, export)
                yield from self._emit(name, export, is_recheck=is_recheck)
            except (ExportLostError, IncompleteExportError, MalformedResponseError) as error:
                state.pop(RUNNING_KEY, None)
                attempts.raise_if_exhausted(error)
                self.logger.warning("%s: %s; exporting it again", group_subject(name), error)
                export = None
            except ImplausibleExportError as error:
                state.pop(RUNNING_KEY, None)
                if is_recheck:
                    raise
                is_recheck = True
                attempts.grant_extra()
                self.logger.warning("%s: %s; exporting it once more", group_subject(name), error)
                export = None
            except ExportFailedError:
                state.pop(RUNNING_KEY, None)
                raise
            else:
                return

    def _wait(self, name: str, export: Export) -> None:
        """Wait until an export is complete, and report that."""
        start = self._sync.clock.monotonic()

        def report() -> None:
            seconds = self._sync.clock.monotonic() - start
            self._report(name, f"the export is not complete after {seconds:.0f} s")

        timeout = self._sync.settings.run_timeout
        self._sync.export_client.wait(export, timeout, on_poll=report)

    def _report(self, name: str, what: str) -> None:
        groups = self._sync.settings.segment_groups

        def locate() -> Position:
            done = groups.index(name)
            place = f"{done + 1} of {len(groups)}"
            text = f"{self.name} {place}; {group_subject(name)}; {what}"
            return Position(done, len(groups), text)

        self._sync.progress.report(locate)

    def _find_resumable(
        self, state: dict[str, Any], body: dict[str, Any], latest: datetime | None
    ) -> Export | None:
        """Return the unfinished export of an earlier sync, None if it must not be resumed."""
        export = Export.from_state(state.get(RUNNING_KEY))
        if export is None or export.request_hash != hash_request(body):
            return None
        started = timestamps.parse(export.exported_at)
        if latest and started <= latest:
            return None
        now, within = self._sync.clock.now(), self._sync.settings.resume_within
        return export if is_recent(started, now, within) else None

    def _acquire(self, name: str, body: dict[str, Any], after: datetime | None) -> Export:
        """Start an export, and persist it: the next sync may have to resume it."""
        export = self._sync.export_client.start(name, body, after)
        changes = {RUNNING_KEY: export.to_state()}
        self._sync.state_writer.persist(partial(self._group_state(name).update, changes))
        return export

    def _emit(self, name: str, export: Export, *, is_recheck: bool) -> Iterator[dict[str, Any]]:
        """Emit the profiles, then the export as their commit, then change the state."""
        context = {"segment_group_name": name, "exported_at": export.exported_at}
        total = self._prove(export, context, is_recheck=is_recheck)
        if self.ABORT_AT_RECORD_COUNT is not None:
            return
        yield {
            **context,
            "completed_at": timestamps.format_utc(self._sync.clock.now()),
            "last_date_time": export.last_date_time and timestamps.normalize(export.last_date_time),
            "is_full": not export.last_date_time and not self._sync.settings.match_criteria,
            "total_results": total,
        }
        self._commit(name, export, total)

    def _prove(self, export: Export, context: dict[str, Any], *, is_recheck: bool) -> int:
        """Emit the profiles, and return their number once they are known to be complete.

        They are emitted while they are read. If some are missing, the export is read once more.

        Raises:
            ExportChangedError: Profiles were emitted that the export does not have.
            ImplausibleExportError: The export is not believed; no profile was emitted.
            TapError: The export could not be read, or is still incomplete.
        """
        name = context["segment_group_name"]

        def on_total(total: int) -> None:
            self._believe(export, name, total, is_recheck=is_recheck)

        def read() -> ExportReader:
            reader = ExportReader(
                self._sync.export_client,
                export,
                on_total,
                on_page=lambda read, total: self._report(name, f"{read} of {total} profiles read"),
            )
            self._emit_profiles(reader, context)
            return reader

        first = read()
        try:
            return first.finish()
        except ExportChangedError:
            raise
        except IncompleteExportError:
            second = read()
            total = second.finish()
        if not first.ids <= second.ids:
            msg = "the export has other profiles than when it was read before"
            raise ExportChangedError(msg)
        return total

    def _believe(self, export: Export, name: str, total: int, *, is_recheck: bool) -> None:
        """Compare a full export with the last one that had the same criteria.

        Args:
            export: The export.
            name: The segment group.
            total: Its number of profiles.
            is_recheck: Whether the export before it was not believed, so that this one decides.

        Raises:
            ImplausibleExportError: It is so much smaller that it is not believed.
        """
        state = self._group_state(name)
        before = state.get(TOTAL_KEY)
        if export.last_date_time or not self._has_same_criteria(state):
            return
        if not isinstance(before, int):
            return
        breaker = CircuitBreaker(self._sync.settings.max_left_share)
        if not breaker.is_large_drop(before, total):
            return
        sentence = breaker.describe(before - total, before, "profiles")
        if not is_recheck or breaker.trips(before - total, before):
            raise ImplausibleExportError(sentence)
        self.logger.warning(
            "%s: %s; two exports agree, so it is believed", group_subject(name), sentence
        )

    def _emit_profiles(self, reader: ExportReader, context: dict[str, Any]) -> None:
        for child in self.child_streams:
            assert isinstance(child, SegmentGroupProfiles)  # noqa: S101
            child.reader = reader
        self._sync_children(context)

    def _commit(self, name: str, export: Export, total: int) -> None:
        """Write the state, then confirm the export; if only that fails, it is a warning."""
        state = self._group_state(name)
        state.update(replication_key=self.replication_key, replication_key_value=export.exported_at)
        if not export.last_date_time:
            state[TOTAL_KEY] = total
        elif not self._has_same_criteria(state):
            state.pop(TOTAL_KEY, None)
        state[CRITERIA_HASH_KEY] = self._sync.export_client.criteria_hash
        state.pop(RUNNING_KEY, None)
        self._sync.state_writer.write_now()
        try:
            self._sync.export_client.commit(export)
        except TapError as error:
            self.logger.warning("%s: it was not committed: %s", group_subject(name), error)

    def _group_state(self, name: str) -> dict[str, Any]:
        """Return the state of a segment group; it is mutated in place."""
        return self.get_context_state({"segment_group_name": name})

    def _has_same_criteria(self, state: dict[str, Any]) -> bool:
        """Return whether the bookmark's export had the criteria, account and user of this sync."""
        return bool(state.get(CRITERIA_HASH_KEY) == self._sync.export_client.criteria_hash)

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
    """Reads the export whose profiles are emitted next; set by the parent stream."""

    def __init__(self, tap: OutputTap, sync: ExportContext) -> None:
        """Create the stream; see `SegmentGroupExports`."""
        super().__init__(tap, sync.failures)

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        assert context is not None  # noqa: S101
        for profile in self.reader.profiles():
            yield to_record(profile, self.schema, **context)
