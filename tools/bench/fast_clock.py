"""Accelerated clock, consistent across processes."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone

from tap_activecampaign_segments.clock import Clock
from tap_activecampaign_segments.sandbox import Clock as SandboxClock


class FastClock(Clock, SandboxClock):
    """Clock of the tap and of the sandbox, a multiple of real time."""

    def __init__(self, start: float, pace: float) -> None:
        """Set the start and the pace.

        Args:
            start: Epoch seconds at which this clock equals the real one.
            pace: Accelerated seconds per real second.
        """
        self._start = start
        self._pace = pace

    def time(self) -> float:
        """Return seconds since the epoch."""
        return self._start + (time.time() - self._start) * self._pace

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return datetime.fromtimestamp(self.time(), timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never decrease."""
        return time.monotonic() * self._pace

    def sleep(self, seconds: float) -> None:
        """Block for this many accelerated seconds."""
        if seconds > 0:
            time.sleep(seconds / self._pace)

    async def pause(self, seconds: float) -> None:
        """Wait for this many accelerated seconds."""
        await asyncio.sleep(seconds / self._pace)
