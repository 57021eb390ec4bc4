"""The account's requests per second, shared by all that ask."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_activecampaign_segments.clock import Clock


class Budget:
    """Departures evenly spaced in time, and held back while the server asks for it.

    Limiter libraries count requests in a window or let a bucket fill up, and so allow bursts; and
    none can be told in the middle of a wait that nobody may leave before ``Retry-After`` is over.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        """Start with a departure free at once.

        Args:
            per_second: Departures per second, more than 0.
            clock: The time to go by.
        """
        self._interval = 1 / per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next_departure = 0.0
        self._paused_until = 0.0

    def take(self) -> None:
        """Wait for the next departure."""
        while True:
            with self._lock:
                now = self._clock.monotonic()
                departure = max(now, self._next_departure, self._paused_until)
                self._next_departure = departure + self._interval
            self._clock.sleep(departure - now)
            if departure >= self._paused_until:
                return

    def pause(self, seconds: float) -> None:
        """Let nobody leave for a while, those who wait already included."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._paused_until = max(self._paused_until, until)
            self._next_departure = max(self._next_departure, self._paused_until)
