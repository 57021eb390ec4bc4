"""Progress of a long sync: a bar on a terminal, otherwise a log line every few seconds."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

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
    """Reports how far a sync has come.

    On a terminal with a bar, if the messages do not go there as well.
    """

    def __init__(self, clock: Clock, logger: Logger) -> None:
        """Start measuring.

        Args:
            clock: Time source; replaceable in tests.
            logger: Receives the lines at level INFO.
        """
        self._clock = clock
        self._logger = logger
        self._start = self._last = clock.monotonic()
        self._is_on_terminal = _is_terminal(sys.stderr) and not _is_terminal(sys.stdout)
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
        try:
            self._show(locate())
        except Exception as error:  # noqa: BLE001
            # A terminal that is gone, for example. No sync fails because of its progress.
            self._logger.debug("the progress cannot be shown: %s", type(error).__name__)

    def close(self) -> None:
        """Remove the bar."""
        with suppress(OSError):
            self._cleanup.close()
        self._bar = None

    def _show(self, position: Position) -> None:
        if self._is_on_terminal:
            self._show_bar(position)
        else:
            self._logger.info(position.description)

    def _interval(self, now: float) -> float:
        if self._is_on_terminal:
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
        self._bar.n, self._bar.total = position.done, position.total
        self._bar.set_description_str(position.description)


def _is_terminal(file: TextIO | None) -> bool:
    """Return whether a standard stream is a terminal; it is None if it was closed from outside."""
    try:
        return file is not None and file.isatty()
    except ValueError:
        return False
