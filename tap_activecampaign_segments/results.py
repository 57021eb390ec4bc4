"""The result of a run: all of its pages, or an error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.roster import Roster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.runs import Look, MatchAll, Run

HIGHEST_ID = 2**63 - 1


class IncompleteResultError(TapError):
    """The pages do not add up to one whole result."""


class Result:
    """The contact ids that one run found."""

    def __init__(self, match_all: MatchAll, first: Look, clock: Clock) -> None:
        """Take over a run that is ready.

        Args:
            match_all: Where its other pages are read.
            first: The look that found it ready, at its first page.
            clock: The time to go by.

        Raises:
            TapError: What is ready is no whole result.
        """
        self._match_all = match_all
        self._first = first if first.total is not None else _nothing(match_all, first)
        self._roster: Roster | None = None
        # The API may leave the end out. By the time of this look it was over.
        self.run: Run = replace(
            first.run, run_id_end=first.run.run_id_end or timestamps.render(clock.now())
        )
        self.total: int = self._first.total or 0

    def pages(self) -> Iterator[list[int]]:
        """Give the ids page by page, in the order of the run's sort; read again if read before.

        Raises:
            IncompleteResultError: Only once the pages are out does it show that they are not the
                whole result.
            TapError: A page could not be read.
        """
        if self._roster is not None:
            yield from self._roster
            return
        roster = Roster()
        for look in self._looks():
            if ids := self._ids(look):
                roster.append(ids)
                yield ids
        if len(roster) != self.total or roster.has_repetitions:
            msg = (
                f"the pages of run {self.run.run_id} hold {len(roster)} contacts, "
                f"not {self.total} different ones"
            )
            raise IncompleteResultError(msg)
        self._roster = roster

    def roster(self) -> Roster:
        """Return all ids, proved complete.

        Raises:
            TapError: They could not be read, or are not complete.
        """
        if self._roster is None:
            for _ in self.pages():
                pass
        assert self._roster is not None  # noqa: S101
        return self._roster

    def _looks(self) -> Iterator[Look]:
        yield self._first
        for page in range(2, self._first.last_page + 1):
            look = self._match_all.read(self.run, page)
            if (look.is_ready, look.total, look.run.run_id_end) != (
                True,
                self.total,
                self._first.run.run_id_end,
            ):
                msg = f"run {self.run.run_id} changed while it was read"
                raise IncompleteResultError(msg)
            yield look

    def _ids(self, look: Look) -> list[int]:
        ids = look.matches or []
        if not all(type(each) is int and 0 <= each <= HIGHEST_ID for each in ids):
            msg = f"run {self.run.run_id} holds something that is no contact id"
            raise IncompleteResultError(msg)
        return ids


def _nothing(match_all: MatchAll, first: Look) -> Look:
    """Return a result without ``page`` as an empty one, if a second look says the same."""
    second = match_all.read(first.run)
    if second.is_ready and second.total is not None:
        return second
    if first.matches or second.matches or not second.is_ready:
        msg = f"run {first.run.run_id} is ready, but does not say how many contacts it found"
        raise IncompleteResultError(msg)
    return replace(second, total=0)
