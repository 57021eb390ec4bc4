"""Time sources of the sandbox."""

import asyncio
import threading
import time


class Clock:
    """Real time."""

    def time(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    async def pause(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)


class VirtualClock(Clock):
    """Time that advances only when told to. A pause advances it and returns at once.

    Example:
        >>> clock = VirtualClock(start=1_750_000_000.0)
        >>> clock.advance(60)
        >>> clock.time()
        1750000060.0
    """

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        """Create a clock.

        Args:
            start: Seconds since the epoch.
        """
        self._now = start
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        with self._lock:
            self._now += seconds

    async def pause(self, seconds: float) -> None:
        """Move the clock forward and yield to other requests."""
        self.advance(seconds)
        await asyncio.sleep(0)
