"""One export of a segment group."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .profiles import Row

LIFETIME = 12 * 3600.0


class Export:
    """What was asked for, what became of it, and the profiles as they were then.

    Attributes:
        token: Its ``AccessToken``.
        group_name: The group's name.
        body: What was sent to initiate it.
        started: Epoch seconds by the vendor's clock.
        ended: Epoch seconds; may lie ahead, and is infinite for one that never ends.
        fails: Whether its end is ``Failed``.
        errors: Whether its end is ``Error``.
        expires_at: Epoch seconds from which on it is ``Expired``.
        retrieved: Whether it is spent.
        committed: Whether it was committed.
        keep_files: The ``keepFiles`` of the commit, None before it.
        rows: What it exports.
    """

    def __init__(
        self,
        token: int,
        group_name: str,
        body: Mapping[str, Any],
        rows: Sequence[Row],
        clock: Callable[[], float],
    ) -> None:
        """Ask for an export that ends at once.

        Args:
            token: Its ``AccessToken``.
            group_name: The group's name.
            body: What was sent to initiate it.
            rows: What it exports.
            clock: Tells the vendor's time in epoch seconds.
        """
        self._clock = clock
        self.token = token
        self.group_name = group_name
        self.body = body
        self.started = clock()
        self.ended = self.started
        self.fails = False
        self.errors = False
        self.expires_at = math.inf
        self.retrieved = False
        self.committed = False
        self.keep_files: bool | None = None
        self.rows = rows

    @property
    def status(self) -> str:
        """The vendor's word for how things stand now."""
        now = self._clock()
        if self.retrieved:
            return "Retrieved"
        if now >= self.expires_at:
            return "Expired"
        if now < self.ended:
            return "Processing"
        if self.fails:
            return "Failed"
        return "Error" if self.errors else "Complete"

    def commit(self, *, keep_files: bool) -> None:
        """Confirm the receipt; without its files it cannot be read again."""
        self.committed = True
        self.keep_files = keep_files
        self.retrieved = self.retrieved or not keep_files
