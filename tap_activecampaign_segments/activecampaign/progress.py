"""Progress reports on long syncs, at most one log line every few seconds."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

    from tap_activecampaign_segments.clock import Clock

MIN_INTERVAL = 5.0
"""Minimum time between two reports, in seconds."""


class Progress:
    """Counts pages and contacts, and logs how far the sync has come."""

    def __init__(self, clock: Clock, logger: Logger) -> None:
        """Start measuring.

        Args:
            clock: Time source; replaceable in tests.
            logger: Receives the reports at level INFO.
        """
        self._clock = clock
        self._logger = logger
        self._start = self._last = clock.monotonic()
        self._lock = Lock()
        self._pages = 0
        self._contacts = 0
        self._total = 0

    def count_page(self, contacts: int, total: int) -> None:
        """Count one page. Thread-safe.

        Args:
            contacts: Contacts on the page.
            total: Contacts in the whole result on its first page, 0 on the others.
        """
        with self._lock:
            self._pages += 1
            self._contacts += contacts
            self._total += total

    def report(self, done: int, total: int, segments: int, current: object) -> None:
        """Log the progress, unless the previous report is too recent.

        Args:
            done: Finished units of work; a unit is one segment of one stream.
            total: All units of work.
            segments: Selected segments.
            current: The unit in progress.
        """
        now = self._clock.monotonic()
        if now - self._last < MIN_INTERVAL:
            return
        self._last = now
        took = now - self._start
        left = f", about {took / done * (total - done):.0f} s left" if done else ""
        self._logger.info(
            "%s (%d of %d); %d pages, %d contacts of %d read, %.0f contacts/s%s",
            current,
            done % segments + 1,
            segments,
            self._pages,
            self._contacts,
            self._total,
            self._contacts / took,
            left,
        )
