"""Runs: the evaluations of a segment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .ordering import order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .users import User

LIFETIME = 90 * 86_400.0
"""Seconds from the start of a run until it expires (documented)."""


class Run:
    """An evaluation and its cached result.

    Attributes:
        run_id: Unique in the account.
        segment_id: The evaluated segment.
        segment_timestamp: Epoch seconds at which the evaluated definition was created.
        sort: Order of the result.
        started: Epoch seconds.
        ended: Epoch seconds; in the future while it runs, infinite if it never ends.
        members: Contact ids that matched at the start.
        fails: Whether it ends without a result.
        is_recorded: Whether no request started it.
        expires_at: Epoch seconds from which on the API does not know the run.
        deleted: Contacts deleted since. Pages lack them, the total still counts them.
        seen_by: The user who sees its result, whoever reads it; None: the reader does.
    """

    def __init__(self, run_id: str, segment_id: str) -> None:
        """Create a run; `start` evaluates."""
        self.run_id = run_id
        self.segment_id = segment_id
        self.segment_timestamp = math.nan
        self.sort = "id"
        self.started = math.nan
        self.ended = math.inf
        self.members: Sequence[int] = ()
        self.fails = False
        self.is_recorded = False
        self.expires_at = math.inf
        self.deleted: set[int] = set()
        self.seen_by: User | None = None
        self._ordered: Sequence[int] | None = None

    def start(
        self, at: float, seconds: float, sort: str, members: Sequence[int], version: float
    ) -> None:
        """Evaluate, for the first time or again. A cached result is dropped.

        Args:
            at: Epoch seconds of the start.
            seconds: Duration.
            sort: Order of the result.
            members: Contact ids; never mutated afterwards.
            version: Epoch seconds at which the evaluated definition was created.
        """
        self.started = at
        self.ended = at + seconds
        self.expires_at = at + LIFETIME
        self.sort = sort
        self.members = members
        self.segment_timestamp = version
        self.deleted = set()
        self._ordered = None

    def is_over(self, now: float) -> bool:
        """Return whether it has ended, with a result or without."""
        return now >= self.ended

    def has_expired(self, now: float) -> bool:
        """Return whether the result is no longer kept."""
        return now >= self.expires_at

    def count_visible(self, user: User) -> int:
        """Return how many contacts the user sees, deleted ones included."""
        user = self.seen_by or user
        if user.hides is None:
            return len(self.members)
        return sum(map(user.sees, self.members))

    def get_page(self, page: int, page_size: int, user: User) -> list[int]:
        """Return one page of the result; empty after the last page.

        Args:
            page: From 1.
            page_size: At least 1.
            user: The reader.
        """
        user = self.seen_by or user
        if self._ordered is None:
            self._ordered = order(self.members, self.sort)
        visible = self._ordered
        if user.hides is not None:
            visible = [contact for contact in visible if user.sees(contact)]
        start = (page - 1) * page_size
        contacts = visible[start : start + page_size]
        return [contact for contact in contacts if contact not in self.deleted]
