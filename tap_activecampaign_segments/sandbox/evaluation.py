"""One evaluation of a segment: a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .ordering import ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .user import User

LIFETIME = 90 * 86_400.0


class Run:
    """An evaluation and its cached result.

    Attributes:
        run_id: Unique in the account.
        segment_id: The segment it evaluates.
        segment_timestamp: Epoch seconds at which the evaluated definition was made.
        sort: The order of the result.
        started: Epoch seconds.
        ended: Epoch seconds; may lie ahead, and is infinite for a run that never ends.
        members: The contacts that match, as they were at the start.
        fails: Whether the end brings an error instead of a result.
        expires_at: Epoch seconds from which on the run is unknown.
        deleted: Contacts that were deleted since; the pages lack them, the total does not.
    """

    def __init__(self, run_id: str, segment_id: str) -> None:
        """Name the run; `begin` starts it."""
        self.run_id = run_id
        self.segment_id = segment_id
        self.segment_timestamp = math.nan
        self.sort = "id"
        self.started = math.nan
        self.ended = math.inf
        self.members: Sequence[int] = ()
        self.fails = False
        self.expires_at = math.inf
        self.deleted: set[int] = set()
        self._ordered: Sequence[int] | None = None

    def begin(
        self, at: float, seconds: float, sort: str, members: Sequence[int], version: float
    ) -> None:
        """Evaluate, for the first time or again; what was cached is gone.

        Args:
            at: Epoch seconds of the start.
            seconds: How long it takes.
            sort: The order of the result.
            members: Contact ids, never changed afterwards.
            version: Epoch seconds at which the evaluated definition was made.
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
        """Whether it has ended, well or badly."""
        return now >= self.ended

    def has_expired(self, now: float) -> bool:
        """Whether its result is no longer kept."""
        return now >= self.expires_at

    def total(self, user: User) -> int:
        """How many contacts a user sees, those that were deleted since included."""
        if user.hides is None:
            return len(self.members)
        return sum(map(user.sees, self.members))

    def matches(self, page: int, page_size: int, user: User) -> list[int]:
        """One page of the result, empty beyond the last one.

        Args:
            page: From 1.
            page_size: At least 1.
            user: Who sees it.
        """
        if self._ordered is None:
            self._ordered = ordered(self.members, self.sort)
        visible = self._ordered
        if user.hides is not None:
            visible = [each for each in visible if user.sees(each)]
        start = (page - 1) * page_size
        found = visible[start : start + page_size]
        return [each for each in found if each not in self.deleted]
