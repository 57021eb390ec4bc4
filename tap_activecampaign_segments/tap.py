"""The tap: its settings, its streams, and how a sync ends."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from typing_extensions import override

from tap_activecampaign_segments import settings
from tap_activecampaign_segments.activecampaign import streams
from tap_activecampaign_segments.activecampaign.account import Account
from tap_activecampaign_segments.activecampaign.match_all.acquire import START_WAIT
from tap_activecampaign_segments.activecampaign.match_all.streams import RunStream
from tap_activecampaign_segments.activecampaign.prefetch import Lookahead
from tap_activecampaign_segments.activecampaign.progress import Progress
from tap_activecampaign_segments.activecampaign.segment_state import KnownSegments
from tap_activecampaign_segments.activecampaign.token_user import Viewer
from tap_activecampaign_segments.clock import Clock
from tap_activecampaign_segments.failures import Failures, cause_of, unexpected_is_told
from tap_activecampaign_segments.mypreferences import streams as mypreferences
from tap_activecampaign_segments.mypreferences.client import Client as PreferencesClient
from tap_activecampaign_segments.mypreferences.exports import Exports
from tap_activecampaign_segments.singer.command_line import Command
from tap_activecampaign_segments.singer.message_writer import LineWriter, OutputError, Stopped
from tap_activecampaign_segments.singer.state_writer import SeldomStateWriter
from tap_activecampaign_segments.singer.stream import AccountStream, SegmentStream, TapStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import FrameType

    from singer_sdk import Stream

    from tap_activecampaign_segments.activecampaign.segments import Segment

V = TypeVar("V")

ORDER = (
    streams.Segments,
    streams.CountHistory,
    streams.MatchAllRuns,
    streams.MatchAllResults,
    streams.MembershipChanges,
    streams.Memberships,
    streams.SegmentDefinitions,
)
"""ActiveCampaign's streams in the order in which they are read."""
GROUP_ORDER = (mypreferences.SegmentGroupExports, mypreferences.SegmentGroupProfiles)
"""MyPreferences' streams, read after them."""

WIDTH = 100
"""Pieces of work that are begun ahead of the one that leaves, at most."""
CONTACTS_AHEAD = 50_000_000
"""Contacts that these may hold in memory, unless a single segment has more."""

SIGNAL_GRACE = 1.5
"""Seconds after a signal in which what is being written may be finished."""


class TapActiveCampaignSegments(Command):
    """Singer tap for ActiveCampaign segments: who is in them, who joined, who left."""

    name = "tap-activecampaign-segments"
    every_stream: ClassVar = {stream.name: stream for stream in (*ORDER, *GROUP_ORDER)}
    message_writer_class = LineWriter
    clock: Clock = Clock()
    _signal = 0
    """The signal that ends the sync."""

    def __init__(self, **kwargs: Any) -> None:
        """Prepare a sync; nothing is asked yet."""
        super().__init__(**kwargs)
        assert isinstance(self.message_writer, LineWriter)  # noqa: S101
        self.writer = self.message_writer
        self.states = SeldomStateWriter(self.writer, self.clock, self.state)
        self._state_writer = self.states
        self.failures = Failures()
        """What failed of ActiveCampaign, and of the sync as a whole."""
        self.group_failures = Failures()
        """What failed of MyPreferences: neither source's failure ends the other."""
        self.progress = Progress(self.clock, self.logger)

    @cached_property
    def account(self) -> Account:
        """The ActiveCampaign account that is read."""
        return Account(
            self.settings,
            self.clock,
            self.logger,
            self.failures,
            known=self._known.listed(self.config.get("segment_ids") or ()),
        )

    def viewer(self, *, asks: bool) -> Viewer:
        """Return the user who sees the results; see `Viewer.of`."""
        token = self.settings.api_token
        return Viewer.of(self.account.client, token, self._known.listing, self.logger, asks=asks)

    @cached_property
    def _known(self) -> KnownSegments:
        streams = [each.name for each in ORDER if issubclass(each, SegmentStream)]
        return KnownSegments(self.state, streams)

    @cached_property
    def settings(self) -> settings.Settings:
        """The settings."""
        return settings.Settings.of(self.config)

    @cached_property
    def exports(self) -> Exports:
        """The MyPreferences exports that are read."""
        source = self.settings.mypreferences
        assert source is not None  # noqa: S101
        client = PreferencesClient(
            source,
            self.clock,
            self.settings.request_timeout,
            self.logger,
            self.settings.user_agent,
        )
        return Exports(client, source, self.clock)

    @property
    def _order(self) -> tuple[type[TapStream], ...]:
        """The streams that are offered, in the order in which they are read."""
        return (
            *(ORDER if settings.has_activecampaign(self.config) else ()),
            *(GROUP_ORDER if self.config.get("mypreferences") else ()),
        )

    @override
    def discover_streams(self) -> list[Stream]:
        return [stream(self) for stream in self._order]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # The SDK sorts them by name; the segments' rows leave before anything else is read.
        found = sorted(super().streams.values(), key=lambda each: self._order.index(type(each)))
        return {stream.name: stream for stream in found}

    @cached_property
    def _lookahead(self) -> Lookahead[tuple[str, str], Any]:
        streams = [
            stream
            for stream in self.streams.values()
            if isinstance(stream, SegmentStream)
            and (stream.selected or stream.has_selected_descendents)
        ]
        by_name = {stream.name: stream for stream in streams}
        segments = self.account.selected
        slow = sorted(
            (each for each in segments if (each.evaluation_seconds or 0) > START_WAIT),
            key=lambda each: -(each.evaluation_seconds or 0),
        )
        return Lookahead(
            [(stream.name, each.segment_id) for stream in streams for each in segments],
            lambda key: by_name[key[0]].work(self.account.by_id[key[1]]),
            width=0 if self._is_test else WIDTH,
            weight=lambda key: by_name[key[0]].expected_contacts(self.account.by_id[key[1]]),
            most=CONTACTS_AHEAD,
            first=[
                (stream.name, each.segment_id)
                for stream in streams
                if isinstance(stream, RunStream)
                for each in slow
            ],
        )

    def prepared(self, stream: SegmentStream, segment: Segment) -> Any:
        """Return what `stream.work` brings for a segment, begun ahead of its turn.

        Raises:
            TapError: It could not be had.
        """
        key = (stream.name, segment.segment_id)
        future = self._lookahead.take(key)
        done, of = self._lookahead.place(key)
        segments = len(self.account.selected)

        def say() -> None:
            self.progress.say(done, of, segments, f"{stream.name}: {segment}")

        return self.awaited(segment, future, say)

    def awaited(
        self, segment: Segment, future: Future[V], say: Callable[[], None] = lambda: None
    ) -> V:
        """Return what work for a segment brings.

        Args:
            segment: The segment.
            future: The work.
            say: Called now and then while it goes on.

        Raises:
            TapError: It could not be had.
        """
        # Whatever the vendor sent that nobody thought of, the other segments go on.
        with unexpected_is_told(self.logger, segment):
            return self.states.result_of(future, say)

    @override
    def run(self) -> int:
        has_begun = False
        for name, stream in self.selected_in_vain.items():
            if issubclass(stream, AccountStream):
                self.failures.note(name, "is selected, but api_url and api_token are not set")
            else:
                self.group_failures.note(name, "is selected, but mypreferences is not set")
        try:
            # Before anything is written: an account that cannot be listed must leave no trace.
            with self.failures.of("segments"):
                self._list_segments()
            if self.failures.end:
                self._leave_out_activecampaign()
            if not self.failures.end or any(each.selected for each in self.streams.values()):
                has_begun = True
                self.sync_all()
                self._check_rest()
                self._activate_results()
        except Stopped:
            pass
        except OutputError as error:
            self.logger.error(error)  # noqa: TRY400
            return 1
        except Exception as error:  # noqa: BLE001
            # Whatever the SDK raises ends in a line, without a STATE of which nobody can be sure.
            self.logger.debug("%s", "".join(traceback.format_tb(error.__traceback__)))
            self.failures.note("the sync broke off", cause_of(error))
            has_begun = False
        return self._finished(has_begun=has_begun)

    def _finished(self, *, has_begun: bool) -> int:
        """Write the last state, say what failed, and return the exit code."""
        self.writer.finish()
        self.states.end()
        if has_begun:
            try:
                self.states.write_now()
            except OutputError as error:
                self.failures.note("output", error)
        for line in self.failure_lines:
            self.logger.error(line)
        return 128 + self._signal if self._signal else int(bool(self.failure_lines))

    @property
    @override
    def failure_lines(self) -> list[str]:
        return [*self.failures.lines, *self.group_failures.lines]

    def _leave_out_activecampaign(self) -> None:
        for stream in self.streams.values():
            if isinstance(stream, AccountStream):
                stream.selected = False

    def _list_segments(self) -> None:
        if not settings.has_activecampaign(self.config):
            return
        segments = self.account.segments
        self._known.forget({each.segment_id for each in segments}, self.account.is_gone)
        # Whatever is selected, a setting that means nobody is told.
        _ = self.account.selection
        self._known.remember(sum(each.listed for each in segments))

    def _check_rest(self) -> None:
        if settings.has_activecampaign(self.config) and not self.failures.end:
            self.account.check_rest()

    def _activate_results(self) -> None:
        results = self.streams.get(streams.MatchAllResults.name)
        if (
            isinstance(results, TapStream)
            and not self.failure_lines
            and self.account.is_whole
            and self.account.selected
        ):
            results.activate_version()

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # The SDK's own writes the state into the middle of a line, and exits with 0.
        if self._signal:
            return
        self._signal = signum
        last_resort = threading.Timer(SIGNAL_GRACE, os._exit, [128 + signum])
        last_resort.daemon = True
        last_resort.start()
        if not hasattr(self, "writer"):
            sys.exit(128 + signum)
        self.writer.stop()

    @property
    def _is_test(self) -> bool:
        return any(stream.ABORT_AT_RECORD_COUNT is not None for stream in self.streams.values())
