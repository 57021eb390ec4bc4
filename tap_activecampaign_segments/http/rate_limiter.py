"""The account's requests per second, shared by all that ask."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_activecampaign_segments.clock import Clock

SLOWER = 0.75
"""What a refusal leaves of the rate."""
FASTER = 0.01
"""What an answer adds to it, in departures per second."""
SEVERAL = 5
LEAST = 0.5
"""Departures per second that refusals leave at least."""


class Budget:
    """Departures evenly spaced in time, and held back while the server asks for it.

    The account may have less left than this tap was given, because others use it too. So the rate
    falls when the server refuses, and comes back slowly while it answers.

    Limiter libraries count requests in a window or let a bucket fill up, and so allow bursts; and
    none can be told in the middle of a wait that nobody may leave before ``Retry-After`` is over.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        """Start with a departure free at once.

        Args:
            per_second: Departures per second at most, more than 0.
            clock: The time to go by.
        """
        self._given = per_second
        self._rate = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next_departure = 0.0
        self._paused_until = 0.0
        self._slowed_at = float("-inf")
        self._refused_since: float | None = None
        self._refusals = 0

    @property
    def refused_for(self) -> float:
        """Seconds in which several requests were refused and none has passed, else 0."""
        with self._lock:
            since = self._refused_since
            is_lasting = since is not None and self._refusals >= SEVERAL
            return self._clock.monotonic() - (since or 0.0) if is_lasting else 0.0

    def take(self) -> float:
        """Wait for the next departure, and return its instant."""
        while True:
            with self._lock:
                now = self._clock.monotonic()
                departure = max(now, self._next_departure)
                self._next_departure = departure + 1 / self._rate
            self._clock.sleep(departure - now)
            if departure >= self._paused_until:
                return departure

    def pause(self, seconds: float) -> None:
        """Let nobody leave for a while, those who wait already included."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._paused_until = max(self._paused_until, until)
            self._next_departure = max(self._next_departure, self._paused_until)

    def slow_down(self, departure: float) -> None:
        """Lower the rate for a request that was one too many.

        Args:
            departure: Its instant. Those that left before the rate last fell tell nothing new.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._refused_since is None:
                self._refused_since = now
            self._refusals += 1
            if departure < self._slowed_at:
                return
            self._slowed_at = now
            self._rate = max(self._rate * SLOWER, min(LEAST, self._given))
        self.pause(1 / self._rate)

    def speed_up(self) -> None:
        """Raise the rate a little, up to the one that was given, for a request that passed."""
        with self._lock:
            self._refused_since = None
            self._refusals = 0
            self._rate = min(self._rate + FASTER, self._given)
