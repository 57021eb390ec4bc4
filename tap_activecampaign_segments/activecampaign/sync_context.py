"""One sync of one account: what its streams share."""

from __future__ import annotations

from concurrent.futures import wait
from contextvars import copy_context
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tap_activecampaign_segments.activecampaign.account import Account
from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient
from tap_activecampaign_segments.activecampaign.contacts.lookup import ContactLookup
from tap_activecampaign_segments.activecampaign.contacts.reader import ContactReader
from tap_activecampaign_segments.activecampaign.definitions.history import DefinitionHistories
from tap_activecampaign_segments.activecampaign.match_all.acquire import START_WAIT
from tap_activecampaign_segments.activecampaign.prefetch import Prefetcher, run_in_background
from tap_activecampaign_segments.activecampaign.progress import SyncProgress, Unit
from tap_activecampaign_segments.activecampaign.segment_state import SegmentState
from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
from tap_activecampaign_segments.activecampaign.sync_results import SyncResults
from tap_activecampaign_segments.activecampaign.token_user import TokenUser
from tap_activecampaign_segments.failures import wrap_unexpected_errors
from tap_activecampaign_segments.logs.context import log_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluates
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.http.metrics import RequestMetrics
    from tap_activecampaign_segments.singer.output_tap import OutputTap
    from tap_activecampaign_segments.singer.state_writer import ThrottledStateWriter

T = TypeVar("T")

SEGMENT_COUNTS = ("segments_selected", "segments_read", "segments_skipped", "segments_failed")
PREFETCH_WIDTH = 100
"""Maximum pieces of work that are started ahead of the one that is emitted."""
PREFETCHED_CONTACTS = 50_000_000
"""Maximum contact ids that these may hold in memory; a single segment may have more."""
MAX_ANNOUNCEMENT_WAIT = 5.0
"""Maximum seconds of real time to wait for others that need contacts, to share a request."""


class SegmentWork(Protocol):
    """A stream with work for each segment that can be done ahead of its turn."""

    name: str
    evaluates: bool
    """Whether the work evaluates the segment, which may take minutes."""
    ABORT_AT_RECORD_COUNT: int | None

    @property
    def is_read(self) -> bool:
        """Whether the stream or one of its child streams is selected."""

    def work(self, segment: Segment) -> Callable[[], Any]:
        """Return what can be done for a segment ahead of its turn, in another thread."""

    def expected_contacts(self, segment: Segment) -> int:
        """Return how many contact ids that will probably hold in memory."""

    def expected_requests(self, segment: Segment) -> float:
        """Return how many requests a segment probably takes, in proportion to the others."""


class AccountSync:
    """What the streams of an account share in one sync.

    Attributes:
        failures: Where failures are recorded.
        segment_streams: The streams with a partition for each segment, in the order of reading.
        last_changes: When a run of this sync found each segment to have been changed last, by
            its id; None if no run told.
        definitions: The definitions that two streams read.
        results: What was read.
    """

    def __init__(
        self,
        tap: OutputTap,
        failures: Failures,
        metrics: RequestMetrics,
        state_streams: Sequence[str],
        create_evaluator: Callable[[AccountSync, RunOptions], Evaluates],
    ) -> None:
        """Share what is needed; nothing is read yet.

        Args:
            tap: Provides the configuration, state, writers, clock and logger.
            failures: Where failures are recorded.
            metrics: Counts the requests.
            state_streams: The names of the streams whose state has a partition for each segment.
            create_evaluator: Creates what evaluates segments.
        """
        self._tap = tap
        self.failures = failures
        self._metrics = metrics
        self._has_listed = False
        self._state_streams = state_streams
        self._create_evaluator = create_evaluator
        self.segment_streams: list[SegmentWork] = []
        self.last_changes: dict[str, Future[str | None]] = {}
        self.definitions = DefinitionHistories()
        self.results = SyncResults()

    @cached_property
    def settings(self) -> ActiveCampaignSettings:
        """The settings. Discovery does not need them, and is allowed without valid ones."""
        return ActiveCampaignSettings.from_config(self._tap.config)

    @cached_property
    def progress(self) -> SyncProgress:
        """Where the sync is."""
        rate = self.settings.requests_per_second
        return SyncProgress(self.clock, self._metrics, self._tap.progress, rate)

    @property
    def clock(self) -> Clock:
        """Time source."""
        return self._tap.clock

    @property
    def logger(self) -> Logger:
        """The tap's logger."""
        logger: Logger = self._tap.logger
        return logger

    @property
    def state_writer(self) -> ThrottledStateWriter:
        """Where the state is persisted."""
        return self._tap.state_writer

    @cached_property
    def _client(self) -> ActiveCampaignClient:
        return ActiveCampaignClient(self.settings, self.clock, self.logger, self._metrics)

    @cached_property
    def contacts(self) -> ContactReader:
        """Reads contacts."""
        hashed = self.settings.hashes_contacts
        return ContactReader(self._client, self.account.read_at, hashed=hashed)

    @cached_property
    def contact_lookup(self) -> ContactLookup:
        """Looks contacts up by id."""
        return ContactLookup(self.contacts, self.clock, self._wait_for_announcements)

    @cached_property
    def account(self) -> Account:
        """The account."""
        return Account(
            self._client,
            self.settings,
            self.clock,
            self.logger,
            self.failures,
            previously_listed=self._segment_state.listed_count(self.settings.segment_ids),
        )

    @cached_property
    def _segment_state(self) -> SegmentState:
        return SegmentState(self._tap.state, self._state_streams)

    def list_segments(self) -> None:
        """List the segments and forget those that are gone.

        Raises:
            TapError: They cannot be listed.
        """
        segments = self.account.segments
        self._segment_state.prune(
            {each.segment_id for each in segments}, self.account.is_confirmed_gone
        )
        # Whatever is selected, a setting that matches no segment is reported.
        _ = self.account.selection
        self._segment_state.save_listed_count(sum(each.is_listed for each in segments))
        # Before other threads need it.
        _ = self.contact_lookup
        self._has_listed = True

    def count_segments(self) -> dict[str, int]:
        """Return how many segments were selected, read, skipped, and failed, for the summary."""
        if not self._has_listed:
            return dict.fromkeys(SEGMENT_COUNTS, 0)
        streams, selected = len(self._read_streams), self.account.selected
        read = sum(self.results.has_read(each.segment_id, streams) for each in selected)
        counts = (len(selected), read, self.account.skipped_count, self.account.failed_count)
        return dict(zip(SEGMENT_COUNTS, counts, strict=True))

    def create_evaluator(self, options: RunOptions) -> Evaluates:
        """Return what evaluates segments."""
        return self._create_evaluator(self, options)

    def token_user(self, *, may_request: bool) -> TokenUser:
        """Return the user of the API token, who sees the results; see `TokenUser.identify`."""
        return TokenUser.identify(
            self.account.client,
            self.settings.api_token,
            self._segment_state.account_bookmark,
            self.logger,
            may_request=may_request,
        )

    def prefetched(self, stream: SegmentWork, segment: Segment) -> Any:
        """Return what `stream.work` brings for a segment, started ahead of its turn.

        Raises:
            TapError: It failed.
        """
        future = self._prefetcher.take((stream.name, segment.segment_id))
        unit = self._units[stream.name, segment.segment_id]

        def report() -> None:
            self.progress.report(
                unit,
                self._units.values(),
                self._prefetcher.is_finished,
                is_all_started=self._prefetcher.is_all_started,
            )

        return self.wait_for(segment, future, report)

    def wait_for(
        self, subject: object, future: Future[T], on_wakeup: Callable[[], None] = lambda: None
    ) -> T:
        """Return the result of work for a segment, or something else.

        Args:
            subject: What fails with it.
            future: The work.
            on_wakeup: Called now and then meanwhile.

        Raises:
            TapError: It failed.
        """
        # Isolate unexpected errors to the subject.
        with wrap_unexpected_errors(self.logger, subject):
            return self.state_writer.wait_for(future, on_wakeup)

    def _wait_for_announcements(self) -> None:
        """Wait a little for evaluations that are under way: more contacts may be needed then."""
        evaluating = [name for name, stream in self._read_streams.items() if stream.evaluates]
        pending = self._prefetcher.pending.items()
        futures = [future for (name, _), future in pending if name in evaluating]
        self.state_writer.wait_for(
            run_in_background(partial(wait, futures, timeout=MAX_ANNOUNCEMENT_WAIT))
        )

    @property
    def _read_streams(self) -> dict[str, SegmentWork]:
        return {each.name: each for each in self.segment_streams if each.is_read}

    @cached_property
    def _units(self) -> dict[tuple[str, str], Unit]:
        units = [
            Unit(
                name,
                segment,
                f"{number} of {len(self.account.selected)}",
                size=stream.expected_requests(segment),
                evaluates=stream.evaluates,
            )
            for name, stream in self._read_streams.items()
            for number, segment in enumerate(self.account.selected, start=1)
        ]
        return {each.key: each for each in units}

    @cached_property
    def _prefetcher(self) -> Prefetcher[tuple[str, str], Any]:
        streams, units = self._read_streams, self._units
        slow = sorted(
            (each for each in units.values() if each.evaluation_seconds > START_WAIT),
            key=lambda each: -each.evaluation_seconds,
        )
        is_test = any(each.ABORT_AT_RECORD_COUNT is not None for each in streams.values())

        def start(key: tuple[str, str]) -> Callable[[], Any]:
            stream, segment = streams[key[0]], units[key].segment
            with log_context(stream_name=stream.name, **segment.log_fields):
                return partial(copy_context().run, stream.work(segment))

        return Prefetcher(
            [*units],
            start,
            max_pending=0 if is_test else PREFETCH_WIDTH,
            weight=lambda key: streams[key[0]].expected_contacts(units[key].segment),
            max_weight=PREFETCHED_CONTACTS,
            first=[each.key for each in slow],
        )
