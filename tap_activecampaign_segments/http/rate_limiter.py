"""An adaptive rate limiter that all requests to an account share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_activecampaign_segments.clock import Clock

DECREASE_FACTOR = 0.75
"""Rate multiplier after a 429."""
INCREASE = 0.01
"""Requests per second added after any other response."""
MIN_RATE = 0.5
"""Requests per second below which a 429 does not lower the rate."""
MIN_REJECTIONS = 5
"""Number of 429s in a row before `RateLimiter.rejected_for` counts."""


class RateLimiter:
    """Spaces requests evenly, and pauses them all while the server asks for it. Thread-safe.

    Other integrations use the same account, so less than the configured rate may be left. The rate
    therefore decreases by a factor with each 429 and increases slowly with other responses.

    Limiter libraries count requests per window or fill a bucket, and so allow bursts; none can
    extend the wait of those already waiting, as ``Retry-After`` demands.
    """

    def __init__(self, requests_per_second: float, clock: Clock) -> None:
        """Create the limiter; the first request need not wait.

        Args:
            requests_per_second: The maximum rate, more than 0.
            clock: Time source.
        """
        self._max_rate = requests_per_second
        self._rate = requests_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._paused_until = 0.0
        self._decreased_at = float("-inf")
        self._rejected_since: float | None = None
        self._rejections = 0

    @property
    def rejected_for(self) -> float:
        """Seconds in which several requests got a 429 and none anything else, otherwise 0."""
        with self._lock:
            since = self._rejected_since
            is_lasting = since is not None and self._rejections >= MIN_REJECTIONS
            return self._clock.monotonic() - (since or 0.0) if is_lasting else 0.0

    def acquire(self) -> float:
        """Wait until a request may be sent.

        Returns:
            Its time, in seconds of the monotonic clock.
        """
        while True:
            with self._lock:
                now = self._clock.monotonic()
                at = max(now, self._next_at)
                self._next_at = at + 1 / self._rate
            self._clock.sleep(at - now)
            if at >= self._paused_until:
                return at

    def pause(self, seconds: float) -> None:
        """Hold back all requests for `seconds`, including those already waiting."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._paused_until = max(self._paused_until, until)
            self._next_at = max(self._next_at, self._paused_until)

    def decrease_rate(self, acquired_at: float) -> None:
        """Lower the rate after a 429.

        Args:
            acquired_at: What `acquire` returned. A request sent before the last decrease does not
                lower the rate again.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._rejected_since is None:
                self._rejected_since = now
            self._rejections += 1
            if acquired_at < self._decreased_at:
                return
            self._decreased_at = now
            self._rate = max(self._rate * DECREASE_FACTOR, min(MIN_RATE, self._max_rate))
        self.pause(1 / self._rate)

    def increase_rate(self) -> None:
        """Raise the rate slightly, up to the maximum, after a response other than 429."""
        with self._lock:
            self._rejected_since = None
            self._rejections = 0
            self._rate = min(self._rate + INCREASE, self._max_rate)
