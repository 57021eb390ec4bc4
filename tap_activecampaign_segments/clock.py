"""Time source; replaceable in tests."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

MAX_CLOCK_SKEW = timedelta(days=1)
"""Timestamps further ahead than this are in the future, whatever clock is wrong."""


class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never go back, for durations and deadlines."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`; return at once if they are not positive."""
        if seconds > 0:
            time.sleep(seconds)
