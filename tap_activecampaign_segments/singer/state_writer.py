"""STATE messages: seldom, because each is written whole, but always before what depends on one."""

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
    from tap_activecampaign_segments.singer.message_writer import LineWriter

T = TypeVar("T")

SHORTEST_INTERVAL = 2.0
"""Seconds between two STATE messages at least."""
BYTES_PER_SECOND = 20_000
"""What STATE messages may add to the output."""
SMALL = 100_000
"""Bytes below which a STATE that something waits for comes at once."""
LONGEST_REST = 1.0
"""Seconds that the main thread waits without looking around."""


@dataclass
class _Naming:
    """A change of the state that somebody waits to see written."""

    change: Callable[[], None]
    written: threading.Event = field(default_factory=threading.Event)


class SeldomStateWriter(StateWriter):
    """Writes the state when enough time went by, or when something depends on it.

    The SDK writes it after each child's sync: with n segments that is n² bytes. And only the main
    thread writes: what runs beside it has its changes made, and waits until they are out.
    """

    def __init__(self, writer: LineWriter, clock: Clock, state: TapState) -> None:
        """Write the first one at once.

        Args:
            writer: Where it goes.
            clock: The time to go by.
            state: The state, changed by the main thread alone.
        """
        super().__init__(writer)
        self._writer = writer
        self._clock = clock
        self._state = state
        self._size = 0
        self._not_before = float("-inf")
        self._owner = threading.current_thread()
        self._bell = threading.Condition()
        self._asked: list[_Naming] = []
        self._unwritten: list[_Naming] = []
        self._holds = 0
        self._has_ended = False

    @override
    def write_state(self, state: TapState) -> None:
        if not self._holds and self._clock.monotonic() >= self._not_before:
            self.write_now()

    def write_now(self) -> None:
        """Write the state if it is another one than the last, and all lines before it."""
        super().write_state(self._state)
        self._writer.flush()
        self._size = len(serialize_json(self._state))
        interval = max(SHORTEST_INTERVAL, self._size / BYTES_PER_SECOND)
        self._not_before = self._clock.monotonic() + interval
        for naming in self._unwritten:
            naming.written.set()
        self._unwritten.clear()

    def name(self, change: Callable[[], None]) -> None:
        """Make a change of the state, and return when it is in a STATE message.

        Raises:
            TapError: The sync has ended.
        """
        naming = _Naming(change)
        with self._bell:
            if self._has_ended:
                naming.written.set()
            self._asked.append(naming)
            self._bell.notify()
        if threading.current_thread() is self._owner:
            while not naming.written.is_set():
                self.serve()
                self._clock.sleep(min(self._rest(), LONGEST_REST))
        naming.written.wait()
        if self._has_ended:
            msg = "the sync has ended"
            raise TapError(msg)

    def serve(self) -> None:
        """Make the changes that are asked for, and write them when their time has come."""
        with self._bell:
            asked, self._asked = self._asked, []
        for naming in asked:
            naming.change()
        self._unwritten += asked
        if self._unwritten and not self._holds and not self._rest():
            self.write_now()

    def result_of(self, future: Future[T], meanwhile: Callable[[], None] = lambda: None) -> T:
        """Wait for work that goes on beside, and serve it and others.

        Args:
            future: The work.
            meanwhile: Called now and then.
        """
        self._writer.flush()
        future.add_done_callback(lambda _: self._ring())
        while not future.done():
            self.serve()
            meanwhile()
            with self._bell:
                if not self._asked and not future.done():
                    rest = self._rest() if self._unwritten else LONGEST_REST
                    self._bell.wait(min(rest, LONGEST_REST) or LONGEST_REST)
        meanwhile()
        return future.result()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Write nothing meanwhile: rows are waiting in a batch."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def end(self) -> None:
        """Let nobody wait any longer: nothing more will be written."""
        with self._bell:
            self._has_ended = True
            for naming in [*self._asked, *self._unwritten]:
                naming.written.set()

    def _rest(self) -> float:
        """Return the seconds until what is waited for may be written."""
        if self._size < SMALL:
            return 0.0
        return max(self._not_before - self._clock.monotonic(), 0.0)

    def _ring(self) -> None:
        with self._bell:
            self._bell.notify()
