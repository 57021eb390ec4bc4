"""Progress of a long sync: a bar on a terminal, otherwise a log line every few seconds."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

    from tap_activecampaign_segments.clock import Clock

MIN_INTERVAL = 5.0
"""Minimum time between two log lines, in seconds."""
MAX_INTERVAL = 60.0
"""Maximum time that the interval grows to in a long sync, in seconds."""
LINES = 12
"""Number of log lines in which the time since the start grows by a factor of about 2.7."""
BAR_INTERVAL = 0.2
"""Minimum time between two states of the bar, in seconds."""
BAR_FORMAT = "{percentage:3.0f}% |{bar:20}| {desc}"


class Position(NamedTuple):
    """Where a sync is: finished units of work, all units, and what is being done."""

    done: int
    total: int
    description: str


class Progress:
    """Reports how far a sync has come."""

    def __init__(self, clock: Clock, logger: Logger) -> None:
        """Start measuring.

        Args:
            clock: Time source; replaceable in tests.
            logger: Receives the lines at level INFO.
        """
        self._clock = clock
        self._logger = logger
        self._start = self._last = clock.monotonic()
        self._bar: tqdm[Any] | None = None
        self._cleanup = ExitStack()

    def report(self, locate: Callable[[], Position]) -> None:
        """Show where the sync is, unless it was shown recently.

        Args:
            locate: Returns the position; called only if it is shown.
        """
        now = self._clock.monotonic()
        if now - self._last < self._interval(now):
            return
        self._last = now
        position = locate()
        if is_terminal():
            # A terminal that is gone ends no sync.
            with suppress(OSError):
                self._show_bar(position)
        else:
            self._logger.info(position.description)

    def close(self) -> None:
        """Remove the bar."""
        with suppress(OSError):
            self._cleanup.close()
        self._bar = None

    def _interval(self, now: float) -> float:
        if is_terminal():
            return BAR_INTERVAL
        return min(max((now - self._start) / LINES, MIN_INTERVAL), MAX_INTERVAL)

    def _show_bar(self, position: Position) -> None:
        if self._bar is None:
            # Log lines are written above the bar meanwhile.
            self._cleanup.enter_context(logging_redirect_tqdm())
            bar: tqdm[Any] = tqdm(
                total=position.total, bar_format=BAR_FORMAT, leave=False, dynamic_ncols=True
            )
            self._bar = self._cleanup.enter_context(bar)
        self._bar.n = position.done
        self._bar.set_description_str(position.description)


def is_terminal() -> bool:
    """Return whether somebody watches: the log goes to a terminal, and the messages do not."""
    return sys.stderr.isatty() and not sys.stdout.isatty()
