"""Time, so that everything that waits can be given another one."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

CLOCKS_DIFFER = timedelta(days=1)
"""By how much two clocks differ at most: what is further ahead is in the future."""


class Clock:
    """The real time."""

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring and for deadlines."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Args:
            seconds: How long; nothing is waited for when it is not positive.
        """
        if seconds > 0:
            time.sleep(seconds)
