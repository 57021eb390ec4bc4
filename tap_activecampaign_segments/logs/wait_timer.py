"""Wait timer: how long a sync waits for others."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_activecampaign_segments.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class WaitTimer:
    """Measures how long the thread that created it waits.

    Attributes:
        seconds: The total. A wait within another counts once.
    """

    def __init__(self, clock: Clock) -> None:
        """Start at 0.

        Args:
            clock: Time source; replaceable in tests.
        """
        self.seconds = 0.0
        self._clock = clock
        self._owner = threading.current_thread()
        self._is_waiting = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Measure this block, unless another thread executes it."""
        if self._is_waiting or threading.current_thread() is not self._owner:
            yield
            return
        self._is_waiting = True
        start = self._clock.monotonic()
        try:
            yield
        finally:
            self._is_waiting = False
            self.seconds += self._clock.monotonic() - start


class TimedClock(Clock):
    """A clock whose sleeps are measured by a `WaitTimer`."""

    def __init__(self, clock: Clock) -> None:
        """Wrap a clock.

        Args:
            clock: The time source.
        """
        self._clock = clock
        self.wait_timer = WaitTimer(clock)

    @override
    def now(self) -> datetime:
        return self._clock.now()

    @override
    def monotonic(self) -> float:
        return self._clock.monotonic()

    @override
    def sleep(self, seconds: float) -> None:
        with self.wait_timer.waiting():
            self._clock.sleep(seconds)
