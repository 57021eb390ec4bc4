"""Progress of an account's sync: where it is, what was read, and how long it still takes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from tap_activecampaign_segments.logs.progress import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.metrics import RequestMetrics
    from tap_activecampaign_segments.logs.progress import Progress

MIN_WHOLE_RATE = 10.0
"""Contacts per second below which the rate has decimals."""
RATE_WINDOW = 30.0
"""Seconds over which the request rate is measured."""
SAMPLE_INTERVAL = 0.5
"""Minimum time between two samples, in seconds."""
MIN_RATE_WINDOW = 4.0
"""Seconds of measurement before which no time is estimated."""
MIN_RATE_REQUESTS = 10
"""Requests in that time before which no time is estimated."""


@dataclass(frozen=True)
class Unit:
    """The work for one segment of one stream.

    Attributes:
        stream: The stream.
        segment: The segment.
        size: Number of requests, in proportion to the stream's other units.
        evaluates: Whether the segment is evaluated and its contacts are read.
        place: Its place in the stream, as "166 of 400".
    """

    stream: str
    segment: Segment
    place: str
    size: float
    evaluates: bool

    @property
    def evaluation_seconds(self) -> float:
        """How long the segment is probably evaluated, 0 if it is not, or unknown."""
        return (self.evaluates and self.segment.evaluation_seconds) or 0.0

    @property
    def key(self) -> tuple[str, str]:
        """Stream and segment id."""
        return self.stream, self.segment.segment_id


@dataclass(frozen=True)
class Sample:
    """How many requests had been sent at an instant, in seconds of the monotonic clock."""

    instant: float
    requests: int


class SyncProgress:
    """Describes the progress of the sync, with the time left where that can be told."""

    def __init__(
        self, clock: Clock, metrics: RequestMetrics, progress: Progress, max_rate: float
    ) -> None:
        """Start measuring.

        Args:
            clock: Time source; replaceable in tests.
            metrics: The requests of the account.
            progress: Shows the reports.
            max_rate: Requests per second at most.
        """
        self._clock = clock
        self._metrics = metrics
        self._progress = progress
        self._max_rate = max_rate
        self._start = clock.monotonic()
        self._samples = deque[Sample]()
        self._lock = Lock()
        self._first_page_at = 0.0
        self._pages = 0
        self._contacts = 0
        self._total = 0

    def count_page(self, contacts: int, total: int) -> None:
        """Count one page of contact ids. Thread-safe.

        Args:
            contacts: Contacts on the page.
            total: Contacts in the whole result on its first page, 0 on the others.
        """
        with self._lock:
            self._first_page_at = self._first_page_at or self._clock.monotonic()
            self._pages += 1
            self._contacts += contacts
            self._total += total

    def report(
        self,
        current: Unit,
        units: Collection[Unit],
        is_finished: Callable[[tuple[str, str]], bool],
        *,
        is_all_started: bool,
    ) -> None:
        """Report the progress, now and then; see `Progress.report`.

        Args:
            current: The unit that is waited for.
            units: All units, in order.
            is_finished: Whether the unit with a key is ready to be emitted, or was.
            is_all_started: Whether no unit still has to be started.
        """
        self._take_sample()

        def locate() -> Position:
            unfinished = [each for each in units if not is_finished(each.key)]
            parts = [
                f"{current.stream} {current.place}",
                # What is under way already waits for evaluations, and not for requests.
                "" if is_all_started else self._describe_time_left(units, unfinished),
                str(current.segment),
                self._describe_contacts() if current.evaluates else "",
            ]
            done = len(units) - len(unfinished)
            return Position(done, len(units), "; ".join(filter(None, parts)))

        self._progress.report(locate)

    def _take_sample(self) -> None:
        now = self._clock.monotonic()
        if not self._samples or now - self._samples[-1].instant >= SAMPLE_INTERVAL:
            self._samples.append(Sample(now, self._metrics.total))
        while self._samples[0].instant < now - RATE_WINDOW:
            self._samples.popleft()

    def _describe_contacts(self) -> str:
        if not self._contacts:
            return ""
        rate = self._contacts / max(self._clock.monotonic() - self._first_page_at, 1.0)
        pages = f"{self._pages} page{'s' * (self._pages > 1)}"
        contacts = f"{self._contacts} of {self._total} contacts read"
        digits = 0 if rate >= MIN_WHOLE_RATE else 2
        return f"{pages}, {contacts}, {rate:.{digits}f} contacts/s"

    def _describe_time_left(self, units: Collection[Unit], unfinished: Sequence[Unit]) -> str:
        first, last = self._samples[0], self._samples[-1]
        seconds = last.instant - first.instant
        sent = last.requests - first.requests
        requests = self._requests_to_come(units, unfinished)
        if requests is None:
            fewest = sum(each.evaluates for each in unfinished) / self._max_rate
            return f"at least {fewest:.0f} s left" if fewest >= 1 else ""
        if seconds < MIN_RATE_WINDOW or sent < MIN_RATE_REQUESTS:
            return ""
        slowest = max((each.evaluation_seconds for each in unfinished), default=0.0)
        left = max(requests * seconds / sent, slowest - (last.instant - self._start))
        return f"about {max(left, 1):.0f} s left"

    def _requests_to_come(
        self, units: Collection[Unit], unfinished: Sequence[Unit]
    ) -> float | None:
        """Return how many requests are still to be sent.

        A unit takes as many for its size as the finished ones of its stream did. None if a stream
        has no finished one: how much is new there is not known.
        """
        sizes, sent = dict[str, float](), dict[str, int]()
        open_keys = {each.key for each in unfinished}
        for unit in units:
            if unit.key not in open_keys:
                sizes[unit.stream] = sizes.get(unit.stream, 0) + unit.size
                sent[unit.stream] = sent.get(unit.stream, 0) + self._metrics.count_for(*unit.key)
        if not {each.stream for each in unfinished} <= sizes.keys():
            return None
        return sum(
            max(
                unit.size * sent[unit.stream] / sizes[unit.stream]
                - self._metrics.count_for(*unit.key),
                0.0,
            )
            for unit in unfinished
        )
