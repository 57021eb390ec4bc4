"""Time that goes by faster, alike in several processes."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone

from tap_activecampaign_segments.clock import Clock
from tap_activecampaign_segments.sandbox import Clock as SandboxClock


class FastClock(Clock, SandboxClock):
    """The tap's and the sandbox's time, so many times the real one."""

    def __init__(self, start: float, pace: float) -> None:
        """Agree on a beginning.

        Args:
            start: Epoch seconds at which this time was the real one.
            pace: Seconds that go by in one.
        """
        self._start = start
        self._pace = pace

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._start + (time.time() - self._start) * self._pace

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return datetime.fromtimestamp(self.time(), timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic() * self._pace

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            time.sleep(seconds / self._pace)

    async def pause(self, seconds: float) -> None:
        """Let this many seconds go by."""
        await asyncio.sleep(seconds / self._pace)
