"""How often one request is tried, and how long it waits in between."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tap_activecampaign_segments.errors import ForbiddenError, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Generator

TRIES = 5
TRIES_WHEN_FORBIDDEN = 3
OWN_WAITING = 60.0
"""Seconds that one request may spend between its tries."""


class Patience:
    """How long one request still waits for a usable answer."""

    def __init__(self) -> None:
        """Begin with the first try."""
        self._forbidden = 0
        self._waited = 0.0
        self._tries = 0

    def is_over(self, error: Exception) -> bool:
        """Tell whether another try would be in vain or too late."""
        self._tries += 1
        self._forbidden += isinstance(error, ForbiddenError)
        self._waited += self._wait_after(error)
        return self._forbidden >= TRIES_WHEN_FORBIDDEN or self._waited > OWN_WAITING

    def waits(self) -> Generator[float, Exception, None]:
        """Give the seconds before the next try, as backoff asks for them: the error comes in."""
        error = yield 0.0
        while True:
            error = yield self._wait_after(error) * random.uniform(0.8, 1.0)  # noqa: S311

    def _wait_after(self, error: Exception) -> float:
        asked = error.retry_after if isinstance(error, UnansweredError) else None
        return max(asked or 0.0, float(2 ** (self._tries - 1)))
