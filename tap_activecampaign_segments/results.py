"""The result of a run: all of its pages, or an error."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.lookahead import in_order
from tap_activecampaign_segments.records import HIGHEST
from tap_activecampaign_segments.roster import Roster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.runs import Look, MatchAll, Run


class IncompleteResultError(TapError):
    """The pages do not add up to one whole result."""


@dataclass(frozen=True)
class Result:
    """What one run found.

    Attributes:
        run: The run, ended.
        total: How many contacts it found.
        roster: Their ids in the order of the run's sort; empty where only the total was wanted.
    """

    run: Run
    total: int
    roster: Roster


class Results:
    """Reads results, several pages at a time."""

    def __init__(self, match_all: MatchAll, clock: Clock, width: int) -> None:
        """Read nothing yet.

        Args:
            match_all: Where pages are read.
            clock: The time to go by.
            width: Pages on their way at most.
        """
        self._match_all = match_all
        self._clock = clock
        self._width = width

    def total(self, look: Look) -> Result:
        """Return what a look at a run that is ready tells of its size, and no ids.

        Raises:
            IncompleteResultError: It does not tell.
        """
        look = self._sized(look)
        return Result(self._ended(look), look.total or 0, Roster())

    def first_page(self, look: Look) -> Result:
        """Return the first page of a result as if it were all."""
        look = self._sized(look)
        roster = Roster()
        if ids := _ids(look):
            roster.append(ids)
        return Result(self._ended(look), len(roster), roster)

    def whole(self, look: Look, tell: Callable[[int, int], None]) -> Result:
        """Return a whole result, proved complete.

        Args:
            look: The one that found the run ready, at its first page.
            tell: Told of each page: how many ids it has, and with the first how many there are.

        Raises:
            IncompleteResultError: The pages are not one whole result.
            TapError: A page could not be read.
        """
        first = self._sized(look)
        total = first.total or 0
        roster = Roster()
        before: list[int] = []
        for page in self._pages(first):
            ids = _ids(page)
            tell(len(ids), total if page is first else 0)
            # However many pages there are said to be: nothing new is to come.
            if not ids or ids == before:
                break
            roster.append(ids)
            before = ids
        if len(roster) != total or roster.has_repetitions:
            msg = (
                f"the pages of run {first.run.run_id} hold {len(roster)} contacts, "
                f"not {total} different ones"
            )
            raise IncompleteResultError(msg)
        return Result(self._ended(first), total, roster)

    def _pages(self, first: Look) -> Iterator[Look]:
        yield first
        # Never more pages than the total has, whatever the answer says.
        most = math.ceil((first.total or 0) / max(len(first.matches or ()), 1))
        others = range(2, min(first.last_page, most) + 1)
        reads = (partial(self._match_all.read, first.run, page) for page in others)
        for page in in_order(reads, self._width):
            if (page.is_ready, page.total, page.run.run_id_end) != (
                True,
                first.total,
                first.run.run_id_end,
            ):
                msg = f"run {first.run.run_id} changed while it was read"
                raise IncompleteResultError(msg)
            yield page

    def _sized(self, look: Look) -> Look:
        """Return a look that tells the total; one without is empty if a second says the same."""
        if look.total is not None:
            return look
        second = self._match_all.read(look.run)
        if second.is_ready and second.total is not None:
            return second
        if look.matches or second.matches or not second.is_ready:
            msg = f"run {look.run.run_id} is ready, but does not say how many contacts it found"
            raise IncompleteResultError(msg)
        return second

    def _ended(self, look: Look) -> Run:
        # The API may leave the end out. By the time of this look it was over.
        run = look.run
        return replace(run, run_id_end=run.run_id_end or timestamps.render(self._clock.now()))


def _ids(look: Look) -> list[int]:
    ids = look.matches or []
    if not all(type(each) is int and 0 <= each <= HIGHEST for each in ids):
        msg = f"run {look.run.run_id} holds something that is no contact id"
        raise IncompleteResultError(msg)
    return ids
