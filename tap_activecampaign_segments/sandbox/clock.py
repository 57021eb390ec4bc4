"""The sandbox's time."""

import asyncio
import threading
import time


class Clock:
    """Real time."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def pause(self, seconds: float) -> None:
        """Let this many seconds go by."""
        await asyncio.sleep(seconds)


class VirtualClock(Clock):
    """Time that stands still until somebody moves it; a pause is over at once."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        """Stop the clock.

        Args:
            start: Seconds since the epoch.
        """
        self._now = start
        self._lock = threading.Lock()

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        with self._lock:
            self._now += seconds

    async def pause(self, seconds: float) -> None:
        """Move the clock on and give other requests a turn."""
        self.advance(seconds)
        await asyncio.sleep(0)
