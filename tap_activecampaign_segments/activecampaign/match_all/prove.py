"""The result of a run: all of its pages, or why they are not one whole result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.contact_ids import Roster
from tap_activecampaign_segments.activecampaign.prefetch import in_order
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.singer.coercion import MAX_INTEGER, coerce_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.activecampaign.match_all.runs import Look, MatchAll, Run


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


@dataclass(frozen=True)
class Reading:
    """What the pages of a run hold, whether they are a whole result or not.

    Attributes:
        result: All that was read, with the total that the first page tells.
        flaw: Why it is not a whole result, None if it is one.
        is_sized: Whether the answers tell a total; twice without one counts as empty.
        is_torn: Whether the pages are not of one result.
    """

    result: Result
    flaw: str | None
    is_sized: bool = True
    is_torn: bool = False

    @property
    def proved(self) -> Result:
        """The result.

        Raises:
            IncompleteResultError: It is not whole.
        """
        if self.flaw:
            raise IncompleteResultError(self.flaw)
        return self.result


class Results:
    """Reads results, several pages at a time."""

    def __init__(self, match_all: MatchAll, width: int) -> None:
        """Read nothing yet.

        Args:
            match_all: Where pages are read.
            width: Pages on their way at most.
        """
        self._match_all = match_all
        self._width = width

    def proved(self, look: Look, tell: Callable[[int, int], None]) -> Result:
        """Return a whole result, read once more if it is not whole; see `read`.

        Raises:
            IncompleteResultError: The pages are not one whole result.
            TapError: A page could not be read.
        """
        return self._once_more(look, lambda each: self.read(each, tell).proved)

    def proved_total(self, look: Look) -> Result:
        """Return what a run tells of its size, and no ids; asked once more if it does not fit.

        Raises:
            IncompleteResultError: It does not tell, or contradicts itself.
            TapError: It could not be read.
        """
        return self._once_more(look, self._total)

    def first_page(self, look: Look) -> Result:
        """Return the first page of a result as if it were all."""
        look = self._sized(look)
        roster = Roster()
        if ids := _ids(look):
            roster.append(ids)
        return Result(_ended(look), len(roster), roster)

    def read(self, look: Look, tell: Callable[[int, int], None]) -> Reading:
        """Return what the pages of a run hold.

        A result is whole if its pages tell one total, are as many and as long as they say
        themselves, hold as many distinct ids as the total, and nothing comes behind the last.

        Args:
            look: The one that found the run ready, at its first page.
            tell: Told of each page: how many ids it has, and with the first how many there are.

        Raises:
            IncompleteResultError: A page holds something else than ids, or no total.
            TapError: A page could not be read.
        """
        first = self._sized(look)
        layout = self._layout(first)
        roster = Roster()
        flaws: list[str] = []
        is_torn = False
        last: list[int] = []
        for number, page in enumerate(self._pages(first, layout), start=1):
            ids = _ids(page)
            tell(len(ids), layout.total if page is first else 0)
            if not _are_of_one_result(first, page):
                flaws.append(f"run {first.run.run_id} changed while it was read")
                is_torn = True
            if flaw := layout.flaw_of(number, ids):
                flaws.append(flaw)
            # However many pages there are said to be: nothing new is to come.
            if not ids or ids == last:
                break
            roster.append(ids)
            last = ids
        if len(roster) != layout.total or roster.has_repetitions:
            msg = (
                f"the pages of run {first.run.run_id} hold {len(roster)} contacts, "
                f"not {layout.total} different ones"
            )
            flaws.insert(0, msg)
        elif not flaws and layout.is_full(last) and (flaw := self._excess(first, layout, roster)):
            flaws.append(flaw)
        result = Result(_ended(first), layout.total, roster)
        return Reading(
            result,
            flaw=flaws[0] if flaws else None,
            is_sized=first.total is not None,
            is_torn=is_torn,
        )

    def _once_more(self, look: Look, read: Callable[[Look], Result]) -> Result:
        try:
            return read(look)
        except IncompleteResultError:
            again = self._match_all.read(look.run)
            if look.matches and not again.matches:
                # Ids were seen: it is not empty.
                raise
            return read(again)

    def _total(self, look: Look) -> Result:
        first = self._sized(look)
        layout = self._layout(first)
        flaw = layout.flaw_of(1, _ids(first))
        if not flaw and layout.pages == 1 and layout.is_full(_ids(first)):
            roster = Roster()
            roster.append(_ids(first))
            flaw = self._excess(first, layout, roster)
        return Reading(Result(_ended(first), layout.total, Roster()), flaw).proved

    def _layout(self, first: Look) -> _Layout:
        size = self._match_all.page_size
        # Where it is not told how long a page is, it is as long as was asked for: a shorter one may
        # be one that lost some.
        per_page = first.per_page or size
        return _Layout(first.run.run_id, first.total or 0, per_page, first.last_page, size)

    def _pages(self, first: Look, layout: _Layout) -> Iterator[Look]:
        others = range(2, layout.pages + 1)
        reads = (partial(self._match_all.read, first.run, page) for page in others)
        return chain((first,), in_order(reads, self._width))

    def _excess(self, first: Look, layout: _Layout, roster: Roster) -> str | None:
        """Return what is wrong if there is more behind a last page that is full.

        A server may say in many ways that there is no such page, one of them being another page.
        """
        beyond = {*self._match_all.beyond(first.run, layout.pages + 1)}
        for page in roster if beyond else ():
            beyond.difference_update(page)
        if not beyond:
            return None
        return f"run {first.run.run_id} has more than the {layout.total} contacts that it tells"

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


@dataclass(frozen=True)
class _Layout:
    """How the pages of a result have to be, by what its first page tells.

    Attributes:
        run_id: The run.
        total: Contacts in all.
        per_page: Contacts on each page but the last.
        last_page: How many pages there are said to be, None if that is not told.
        page_size: Contacts a page that were asked for.
    """

    run_id: str
    total: int
    per_page: int
    last_page: int | None
    page_size: int

    @property
    def pages(self) -> int:
        """How many pages there are, an empty one included."""
        return max(-(-self.total // self.per_page), 1)

    @property
    def flaw(self) -> str | None:
        """What is wrong with the numbers themselves."""
        # Without contacts there may be no page, or one that is empty.
        if self.last_page is None or max(self.last_page, 1) == self.pages:
            return None
        return (
            f"run {self.run_id} tells of {self.last_page} pages for {self.total} contacts, "
            f"{self.per_page} a page"
        )

    def length(self, number: int) -> int:
        """Return how many ids a page has to have."""
        return max(min(self.total - (number - 1) * self.per_page, self.per_page), 0)

    def flaw_of(self, number: int, ids: list[int]) -> str | None:
        """Return what is wrong with the numbers, or with the length of a page."""
        if self.flaw or len(ids) == self.length(number):
            return self.flaw
        return (
            f"page {number} of run {self.run_id} holds {len(ids)} contacts, "
            f"not {self.length(number)}"
        )

    def is_full(self, last: list[int]) -> bool:
        """Tell whether the last page is so long that another may follow."""
        return bool(last) and len(last) in {self.per_page, self.page_size}


def _are_of_one_result(first: Look, page: Look) -> bool:
    return (
        page.is_ready
        and page.total == first.total
        and (None in {page.last_page, first.last_page} or page.last_page == first.last_page)
        and timestamps.may_be_equal(page.run.run_id_end, first.run.run_id_end)
    )


def _ended(look: Look) -> Run:
    # The API may leave the end out. Its place in the order of runs is that of the start then; a
    # local clock would put it elsewhere.
    return replace(look.run, run_id_end=look.run.run_id_end or look.run.run_id_start)


def _ids(look: Look) -> list[int]:
    matches = look.matches or []
    # Nearly always; looking at each more closely takes ten times as long.
    if all(type(each) is int and 0 <= each <= MAX_INTEGER for each in matches):
        return matches
    ids = [coerce_count(each) for each in matches]
    if None in ids:
        msg = f"run {look.run.run_id} holds something that is no contact id"
        raise IncompleteResultError(msg)
    return [each for each in ids if each is not None]
