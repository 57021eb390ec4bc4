"""One evaluation of a segment: a run."""

import math
from collections.abc import Sequence

from .ordering import ordered

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
        self._ordered = None

    def is_over(self, now: float) -> bool:
        """Whether it has ended, well or badly."""
        return now >= self.ended

    def has_expired(self, now: float) -> bool:
        """Whether its result is no longer kept."""
        return now >= self.expires_at

    def matches(self, page: int, page_size: int) -> list[int]:
        """One page of the result, empty beyond the last one.

        Args:
            page: From 1.
            page_size: At least 1.
        """
        if self._ordered is None:
            self._ordered = ordered(self.members, self.sort)
        start = (page - 1) * page_size
        return list(self._ordered[start : start + page_size])
