"""Where a long sync is: a line on the log every few seconds."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

    from tap_activecampaign_segments.clock import Clock

INTERVAL = 5.0
"""Seconds between two lines at least."""


class Progress:
    """Counts what was read, and says how far the sync is."""

    def __init__(self, clock: Clock, logger: Logger) -> None:
        """Start the clock."""
        self._clock = clock
        self._logger = logger
        self._start = self._last = clock.monotonic()
        self._lock = Lock()
        self._pages = 0
        self._contacts = 0
        self._total = 0

    def count(self, contacts: int, total: int) -> None:
        """Count one page; any thread may.

        Args:
            contacts: How many are on it.
            total: How many its result has, with the first page alone.
        """
        with self._lock:
            self._pages += 1
            self._contacts += contacts
            self._total += total

    def say(self, done: int, of: int, segments: int, what: object) -> None:
        """Say where the sync is, if it did not do so just now.

        Args:
            done: Pieces of work that are out, one for each stream and segment.
            of: Pieces of work in all.
            segments: How many segments there are.
            what: The present piece.
        """
        now = self._clock.monotonic()
        if now - self._last < INTERVAL:
            return
        self._last = now
        took = now - self._start
        left = f", about {took / done * (of - done):.0f} s left" if done else ""
        self._logger.info(
            "%s (%d of %d); %d pages, %d contacts of %d read, %.0f contacts/s%s",
            what,
            done % segments + 1,
            segments,
            self._pages,
            self._contacts,
            self._total,
            self._contacts / took,
            left,
        )
