"""Limits on starting anew, and on resuming what an earlier sync started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from datetime import datetime


class Attempts:
    """Counts the runs or exports that one sync starts for one segment or segment group."""

    def __init__(self, limit: int) -> None:
        """Set the limit.

        Args:
            limit: Maximum number of attempts, the first included; at least 1.
        """
        self._limit = limit
        self._started = 0

    def start(self) -> None:
        """Count an attempt."""
        self._started += 1

    def grant_extra(self) -> None:
        """Raise the limit by one, for an attempt that does not count."""
        self._limit += 1

    def raise_if_exhausted(self, error: TapError) -> None:
        """Raise the error of the last attempt if no other attempt is allowed.

        Args:
            error: Why the last attempt failed.

        Raises:
            TapError: The limit is reached; names the limit and its setting.
        """
        if self._started >= self._limit:
            msg = f"{error} (attempt {self._started} of {self._limit}, see run_attempts)"
            raise TapError(msg) from error


def is_recent(started: datetime, now: datetime, within: float) -> bool:
    """Tell whether something that was started may be resumed.

    Args:
        started: When it was started, UTC.
        now: The present, UTC.
        within: Maximum age in seconds.
    """
    return (now - started).total_seconds() <= within
