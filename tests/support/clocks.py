"""Clocks for the tap and the sandbox: nobody waits in real time."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_activecampaign_segments.clock import Clock
from tap_activecampaign_segments.http.client import HttpClient, RequestSpec
from tap_activecampaign_segments.http.rate_limiter import RateLimiter
from tap_activecampaign_segments.sandbox import Clock as SandboxClock

if TYPE_CHECKING:
    import pytest

_really_sleep = time.sleep
DAY = 86_400.0
GRACE = 0.004
"""Real seconds of inactivity before the time moves on."""


class SharedClock(Clock, SandboxClock):
    """Time of the tap and the sandbox: real, but a wait advances it at once."""

    def __init__(self, pace: float = 1) -> None:
        """Start at the current time.

        Args:
            pace: Seconds per real second.
        """
        self._ahead = 0.0
        self._start = time.time()
        self._pace = pace
        self._lock = Lock()
        self.skew = 0.0
        """Seconds by which the tap's clock is ahead of the sandbox's."""

    def time(self) -> float:
        return self._start + (time.time() - self._start) * self._pace + self._ahead

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time() + self.skew, timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        if seconds >= 1:
            # Let other threads run, or hours would pass before they start.
            _really_sleep(0.002)

    async def pause(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._ahead += max(seconds, 0)


class ManualClock(Clock):
    """Time that only `advance` moves."""

    def __init__(self) -> None:
        self._seconds = 1000.0

    @override
    def monotonic(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds


class IdleClock(Clock, SandboxClock):
    """Time that advances to the end of the shortest wait when nothing else happens.

    Unlike with `SharedClock`, concurrent waits overlap; and time stands still during a request,
    however busy the machine is.
    """

    def __init__(self) -> None:
        self._now = 1_750_000_000.0
        self._events = 0
        self._ends: list[float] = []
        self._under_way = 0
        self._asks = threading.local()
        self._changed = threading.Condition()

    @override
    def time(self) -> float:
        self._events += 1
        return self._now

    @override
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), timezone.utc)

    @override
    def monotonic(self) -> float:
        return self.time()

    @override
    async def pause(self, seconds: float) -> None:
        # Time stands still during a request.
        return

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Track when requests begin and end."""
        acquire, send = RateLimiter.acquire, HttpClient._send

        def watched_acquire(limiter: RateLimiter) -> float:
            self._count(1)
            return acquire(limiter)

        def watched_send(http: HttpClient, request: RequestSpec) -> Any:
            try:
                return send(http, request)
            finally:
                self._count(-1)

        monkeypatch.setattr(RateLimiter, "acquire", watched_acquire)
        monkeypatch.setattr(HttpClient, "_send", watched_send)

    def _count(self, change: int) -> None:
        with self._changed:
            self._under_way += change
            self._asks.now = change > 0

    @override
    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        asks = getattr(self._asks, "now", False)
        with self._changed:
            self._under_way -= asks
            end = self._now + seconds
            self._ends.append(end)
            while self._now < end:
                before = self._events, *self._ends
                is_next = min(self._ends) == end
                self._changed.wait(GRACE if is_next else None)
                if is_next and not self._under_way and (self._events, *self._ends) == before:
                    self._now = end
            self._ends.remove(end)
            self._under_way += asks
            self._changed.notify_all()


class AheadClock(Clock):
    """A clock whose date is ahead of another's."""

    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock = clock
        self._ahead = ahead

    @override
    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    @override
    def monotonic(self) -> float:
        return self._clock.monotonic()

    @override
    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
