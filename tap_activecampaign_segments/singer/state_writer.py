"""Throttled STATE writer."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from singer_sdk.helpers._state import StateWriter
from singer_sdk.singerlib.json import serialize_json
from typing_extensions import override

from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from singer_sdk.helpers.types import TapState

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.logs.wait_timer import WaitTimer
    from tap_activecampaign_segments.singer.message_writer import MessageWriter

T = TypeVar("T")

MIN_INTERVAL = 2.0
"""Minimum seconds between two STATE messages."""
BYTES_PER_SECOND = 20_000
"""Maximum output rate of STATE messages."""
SMALL_STATE = 100_000
"""Bytes below which a STATE that something waits for is written at once."""
MAX_WAIT = 1.0
"""Maximum seconds that the main thread waits between two checks."""


@dataclass
class _PersistRequest:
    """A change of the state whose writing somebody waits for."""

    change: Callable[[], None]
    written: threading.Event = field(default_factory=threading.Event)


class ThrottledStateWriter(StateWriter):
    """Writes the state at intervals, and at once when something depends on it.

    The SDK writes the whole state after each child sync: with n segments that is n² bytes.

    Only the main thread changes and writes the state. Other threads hand over their changes
    (`persist`) and wait until these are written.
    """

    def __init__(
        self, writer: MessageWriter, clock: Clock, wait_timer: WaitTimer, state: TapState
    ) -> None:
        """Write `state` to `writer`.

        Args:
            writer: Where STATE messages go.
            clock: Time source; replaceable in tests.
            wait_timer: Measures the waits for other threads.
            state: The state, changed by the calling thread alone from now on.
        """
        super().__init__(writer)
        self._writer = writer
        self._clock = clock
        self._wait_timer = wait_timer
        self._state = state
        self._size = 0
        self._not_before = float("-inf")
        self._owner = threading.current_thread()
        self._wakeup = threading.Condition()
        self._requested: list[_PersistRequest] = []
        self._unwritten: list[_PersistRequest] = []
        self._suspensions = 0
        self._is_closed = False

    @override
    def write_state(self, state: TapState) -> None:
        if not self._suspensions and self._clock.monotonic() >= self._not_before:
            self.write_now()

    def write_now(self) -> None:
        """Write the state if it has changed, after all buffered lines."""
        super().write_state(self._state)
        self._writer.flush()
        self._size = len(serialize_json(self._state))
        interval = max(MIN_INTERVAL, self._size / BYTES_PER_SECOND)
        self._not_before = self._clock.monotonic() + interval
        for request in self._unwritten:
            request.written.set()
        self._unwritten.clear()

    def persist(self, change: Callable[[], None]) -> None:
        """Change the state, and return when the change is in a STATE message. Thread-safe.

        Args:
            change: Changes the state; called by the main thread.

        Raises:
            TapError: The sync has ended.
        """
        request = _PersistRequest(change)
        with self._wakeup:
            if self._is_closed:
                request.written.set()
            self._requested.append(request)
            self._wakeup.notify()
        if threading.current_thread() is self._owner:
            # Its sleeps are measured by the clock.
            while not request.written.is_set():
                self.process_requests()
                self._clock.sleep(min(self._seconds_to_wait(), MAX_WAIT))
        request.written.wait()
        if self._is_closed:
            msg = "the sync has ended"
            raise TapError(msg)

    def process_requests(self) -> None:
        """Apply the changes that other threads requested, and write them when they are due."""
        with self._wakeup:
            requested, self._requested = self._requested, []
        for request in requested:
            request.change()
        self._unwritten += requested
        if self._unwritten and not self._suspensions and not self._seconds_to_wait():
            self.write_now()

    def wait_for(self, future: Future[T], on_wakeup: Callable[[], None] = lambda: None) -> T:
        """Return the result of a future, and process requests meanwhile.

        Args:
            future: Work of another thread.
            on_wakeup: Called at least every `MAX_WAIT` seconds.
        """
        self._writer.flush()
        future.add_done_callback(lambda _: self._notify())
        with self._wait_timer.waiting():
            while not future.done():
                self.process_requests()
                on_wakeup()
                with self._wakeup:
                    if not self._requested and not future.done():
                        wait = self._seconds_to_wait() if self._unwritten else MAX_WAIT
                        self._wakeup.wait(min(wait, MAX_WAIT) or MAX_WAIT)
        on_wakeup()
        return future.result()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Write no STATE in this block: its rows wait in a batch."""
        self._suspensions += 1
        try:
            yield
        finally:
            self._suspensions -= 1

    def close(self) -> None:
        """Release all waiters."""
        with self._wakeup:
            self._is_closed = True
            for request in [*self._requested, *self._unwritten]:
                request.written.set()

    def _seconds_to_wait(self) -> float:
        """Return the seconds until requested changes may be written."""
        if self._size < SMALL_STATE:
            return 0.0
        return max(self._not_before - self._clock.monotonic(), 0.0)

    def _notify(self) -> None:
        with self._wakeup:
            self._wakeup.notify()
