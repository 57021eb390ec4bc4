"""Progress of an account's sync: where it is, what was read, and how long it still takes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.metrics import RequestMetrics
    from tap_activecampaign_segments.logs.progress import Progress

RATE_WINDOW = 30.0
"""Seconds over which rates are measured."""
MIN_RATE_WINDOW = 4.0
"""Seconds of measurement before which no time is estimated."""


@dataclass(frozen=True)
class Unit:
    """The work for one segment of one stream.

    Attributes:
        stream: The stream.
        segment: The segment.
        size: Number of requests, in proportion to the stream's other units.
        evaluation_seconds: How long the segment is evaluated, 0 if it is not, or unknown.
    """

    stream: str
    segment: Segment
    size: float
    evaluation_seconds: float

    @property
    def key(self) -> tuple[str, str]:
        """Stream and segment id."""
        return self.stream, self.segment.segment_id


@dataclass(frozen=True)
class Sample:
    """What had been done at an instant, in seconds of the monotonic clock."""

    instant: float
    requests: int
    contacts: int


class SyncProgress:
    """Describes the progress of the sync, with the time left where that can be told."""

    def __init__(self, clock: Clock, metrics: RequestMetrics, progress: Progress) -> None:
        """Start measuring.

        Args:
            clock: Time source; replaceable in tests.
            metrics: The requests of the account.
            progress: Shows the reports.
        """
        self._clock = clock
        self._metrics = metrics
        self._progress = progress
        self._start = clock.monotonic()
        self._samples = deque[Sample]()
        self._lock = Lock()
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
            self._pages += 1
            self._contacts += contacts
            self._total += total

    def report(
        self,
        current: Unit,
        units: Sequence[Unit],
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
        unfinished = [each for each in units if not is_finished(each.key)]

        def describe() -> str:
            peers = [each for each in units if each.stream == current.stream]
            place = f"{peers.index(current) + 1} of {len(peers)}"
            parts = [
                f"{current.stream}: {current.segment} ({place})",
                self._describe_contacts(),
                # What is under way already waits for evaluations, and not for requests.
                "" if is_all_started else self._describe_time_left(units, unfinished),
            ]
            return "; ".join(filter(None, parts))

        self._progress.report(len(units) - len(unfinished), len(units), describe)

    def close(self) -> None:
        """End the reports."""
        self._progress.close()

    def _take_sample(self) -> None:
        now = self._clock.monotonic()
        self._samples.append(Sample(now, self._metrics.total, self._contacts))
        while self._samples[0].instant < now - RATE_WINDOW:
            self._samples.popleft()

    def _describe_contacts(self) -> str:
        first, last = self._samples[0], self._samples[-1]
        if not self._pages:
            return ""
        text = f"{self._pages} pages, {self._contacts} of {self._total} contacts read"
        read = self._contacts - first.contacts
        seconds = max(last.instant - first.instant, MIN_RATE_WINDOW)
        return f"{text}, {read / seconds:.0f} contacts/s" if read else text

    def _describe_time_left(self, units: Sequence[Unit], unfinished: Sequence[Unit]) -> str:
        first, last = self._samples[0], self._samples[-1]
        seconds = last.instant - first.instant
        sent = last.requests - first.requests
        if seconds < MIN_RATE_WINDOW or not sent:
            return ""
        requests, is_minimum = self._requests_to_come(units, unfinished)
        slowest = max((each.evaluation_seconds for each in unfinished), default=0.0)
        left = max(requests * seconds / sent, slowest - (last.instant - self._start))
        return f"{'at least' if is_minimum else 'about'} {left:.0f} s left"

    def _requests_to_come(
        self, units: Sequence[Unit], unfinished: Sequence[Unit]
    ) -> tuple[float, bool]:
        """Return how many requests are still to be sent, and whether that is a minimum.

        A unit takes as many for its size as its stream's finished ones did, or one if none is
        finished.
        """
        sizes, sent = dict[str, float](), dict[str, int]()
        open_keys = {each.key for each in unfinished}
        for unit in units:
            if unit.key not in open_keys:
                sizes[unit.stream] = sizes.get(unit.stream, 0) + unit.size
                sent[unit.stream] = sent.get(unit.stream, 0) + self._metrics.count_for(*unit.key)
        requests = 0.0
        for unit in unfinished:
            is_known = unit.stream in sizes
            expected = unit.size * sent[unit.stream] / sizes[unit.stream] if is_known else 1.0
            requests += max(expected - self._metrics.count_for(*unit.key), 0.0)
        return requests, any(each.stream not in sizes for each in unfinished)
