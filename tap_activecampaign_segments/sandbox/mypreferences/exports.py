"""Exports of a segment group."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .profiles import Row

LIFETIME = 12 * 3600.0
"""Seconds from the end of an export until it expires (assumed: the vendor names no number)."""


class Export:
    """An export: what was requested, its status, and a snapshot of the profiles.

    Attributes:
        token: The ``AccessToken``.
        group_name: Name of the group.
        body: The body of the request that initiated it.
        started: Epoch seconds by the vendor's clock.
        ended: Epoch seconds; in the future while it runs, infinite if it never ends.
        fails: Whether it ends as ``Failed``.
        errors: Whether it ends as ``Error``.
        expires_at: Epoch seconds from which on it is ``Expired``.
        retrieved: Whether it is ``Retrieved``.
        committed: Whether it was committed.
        keep_files: ``keepFiles`` of the commit, None before it.
        rows: The exported profiles.
    """

    def __init__(
        self,
        token: int,
        group_name: str,
        body: Mapping[str, Any],
        rows: Sequence[Row],
        get_time: Callable[[], float],
    ) -> None:
        """Create an export that ends at once.

        Args:
            token: The ``AccessToken``.
            group_name: Name of the group.
            body: The body of the request that initiated it.
            rows: The exported profiles.
            get_time: Returns epoch seconds by the vendor's clock.
        """
        self._get_time = get_time
        self.token = token
        self.group_name = group_name
        self.body = body
        self.started = get_time()
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
        """The vendor's status now."""
        now = self._get_time()
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
        """Confirm receipt. Without its files the export cannot be read again."""
        self.committed = True
        self.keep_files = keep_files
        self.retrieved = self.retrieved or not keep_files
