"""Reads the pages of a result, and notes why they are not a complete one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
from tap_activecampaign_segments.activecampaign.match_all.result import Result
from tap_activecampaign_segments.activecampaign.match_all.result_layout import ResultLayout
from tap_activecampaign_segments.activecampaign.match_all.run import UnusableRunError
from tap_activecampaign_segments.activecampaign.prefetch import in_order
from tap_activecampaign_segments.singer.coercion import MAX_INTEGER, coerce_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_response import (
        RunReader,
        RunResponse,
    )


class IncompleteResultError(UnusableRunError):
    """The pages are not one complete result."""


@dataclass(frozen=True)
class ReadResult:
    """What was read of a result, complete or not.

    Attributes:
        result: All ids that were read, with the total of the first page.
        flaw: Why the result is incomplete, None if it is complete.
        tells_total: Whether a response told the total. If two do not, the result counts as empty.
        is_mixed: Whether the pages belong to different results.
    """

    result: Result
    flaw: str | None
    tells_total: bool = True
    is_mixed: bool = False

    def require_complete(self) -> Result:
        """Return the result.

        Raises:
            IncompleteResultError: It is incomplete.
        """
        if self.flaw:
            raise IncompleteResultError(self.flaw)
        return self.result


class ResultReader:
    """Reads results, several pages at a time. Thread-safe."""

    def __init__(
        self, run_client: RunReader, max_pending: int, on_page: Callable[[int, int], None]
    ) -> None:
        """Set what all results share.

        Args:
            run_client: Reads pages.
            max_pending: Maximum number of pages of one result that are requested and not yet used.
            on_page: Called after each page with its number of ids, and with the total of the
                result for the first page, 0 for the others. Any thread may call it.
        """
        self._run_client = run_client
        self._max_pending = max_pending
        self._on_page = on_page

    def read(self, response: RunResponse, *, is_counted: bool = False) -> ReadResult:
        """Read all pages of a result.

        It is complete if all pages tell the same total, if their number and lengths are those
        that they tell, if they hold as many distinct ids as the total, and if no page follows.

        Args:
            response: The run, ready, with the first page.
            is_counted: Whether the total is known from elsewhere, so that no page can follow.

        Raises:
            IncompleteResultError: A page holds something else than ids, or no total.
            TapError: A page could not be read.
        """
        first = self._require_total(response)
        layout = self._layout(first)
        contact_ids = ContactIds()
        flaws: list[str] = []
        is_mixed = False
        last: list[int] = []
        for number, page in enumerate(self._pages(first, layout), start=1):
            ids = _parse_ids(page)
            self._on_page(len(ids), layout.total if page is first else 0)
            if not _have_same_result(first, page):
                flaws.append(f"run {first.run.run_id} changed while it was read")
                is_mixed = True
            if flaw := layout.find_flaw(number, ids):
                flaws.append(flaw)
            # The number of pages may be wrong: after an empty or a repeated one nothing new comes.
            # A counted result is not read again, so its other pages are of no use either.
            if not ids or ids == last or (flaws and is_counted):
                break
            contact_ids.append(ids)
            last = ids
        if len(contact_ids) != layout.total or contact_ids.has_duplicates:
            msg = (
                f"the pages of run {first.run.run_id} hold {len(contact_ids)} contacts, "
                f"not {layout.total} different ones"
            )
            flaws.insert(0, msg)
        elif (
            not flaws
            and not is_counted
            and layout.is_full(last)
            and (flaw := self._find_excess(first, layout, contact_ids))
        ):
            flaws.append(flaw)
        return ReadResult(
            Result(_ended(first), layout.total, contact_ids),
            flaw=flaws[0] if flaws else None,
            tells_total=first.total is not None,
            is_mixed=is_mixed,
        )

    def read_total(self, response: RunResponse) -> ReadResult:
        """Read the total of a result, and no ids; its first page is checked as by `read`.

        Args:
            response: The run, ready, with the first page.

        Raises:
            IncompleteResultError: The page holds something else than ids, or no total.
            TapError: A page could not be read.
        """
        first = self._require_total(response)
        layout = self._layout(first)
        ids = _parse_ids(first)
        flaw = layout.find_flaw(1, ids)
        if not flaw and layout.page_count == 1 and layout.is_full(ids):
            contact_ids = ContactIds()
            contact_ids.append(ids)
            flaw = self._find_excess(first, layout, contact_ids)
        return ReadResult(Result(_ended(first), layout.total, ContactIds()), flaw)

    def read_first_page(self, response: RunResponse) -> Result:
        """Return the first page of a result as if it were the whole result.

        Args:
            response: The run, ready, with the first page.

        Raises:
            IncompleteResultError: The page holds something else than ids, or no total.
            TapError: The page could not be read.
        """
        first = self._require_total(response)
        contact_ids = ContactIds()
        if ids := _parse_ids(first):
            contact_ids.append(ids)
        return Result(_ended(first), len(contact_ids), contact_ids)

    def _layout(self, first: RunResponse) -> ResultLayout:
        page_size = self._run_client.page_size
        # Where the API does not tell the length of a page, it is the one that was asked for. The
        # length of the first page proves nothing: it may have lost some.
        per_page = first.per_page or page_size
        return ResultLayout(
            first.run.run_id, first.total or 0, per_page, first.last_page, page_size
        )

    def _pages(self, first: RunResponse, layout: ResultLayout) -> Iterator[RunResponse]:
        others = range(2, layout.page_count + 1)
        reads = (partial(self._run_client.read, first.run, page) for page in others)
        return chain((first,), in_order(reads, self._max_pending))

    def _find_excess(
        self, first: RunResponse, layout: ResultLayout, contact_ids: ContactIds
    ) -> str | None:
        """Return what is wrong if there are more contacts beyond a last page that is full.

        A server may also answer with another page if there is no such page, so ids that are known
        already do not count.
        """
        beyond = {*self._run_client.read_beyond_end(first.run, layout.page_count + 1)}
        for page in contact_ids if beyond else ():
            beyond.difference_update(page)
        if not beyond:
            return None
        return f"run {first.run.run_id} has more than the {layout.total} contacts that it tells"

    def _require_total(self, response: RunResponse) -> RunResponse:
        """Return a response that tells the total; without one, ask once more.

        A ready run without ``page`` is empty only if the second response says the same.
        """
        if response.total is not None:
            return response
        second = self._run_client.read(response.run)
        if second.is_ready and second.total is not None:
            return second
        if response.matches or second.matches or not second.is_ready:
            msg = f"run {response.run.run_id} is ready, but does not say how many contacts it found"
            raise IncompleteResultError(msg)
        return second


def _have_same_result(first: RunResponse, page: RunResponse) -> bool:
    return (
        page.is_ready
        and page.total == first.total
        and (None in {page.last_page, first.last_page} or page.last_page == first.last_page)
        and timestamps.may_be_equal(page.run.run_id_end, first.run.run_id_end)
    )


def _ended(response: RunResponse) -> Run:
    # The API may omit the end. The start then keeps the run at its place in the order of runs; the
    # local clock would not.
    run = response.run
    return replace(run, run_id_end=run.run_id_end or run.run_id_start)


def _parse_ids(response: RunResponse) -> list[int]:
    matches = response.matches or []
    # The usual case. Checking each id more closely takes ten times as long.
    if all(type(each) is int and 0 <= each <= MAX_INTEGER for each in matches):
        return matches
    ids = [coerce_count(each) for each in matches]
    if None in ids:
        msg = f"run {response.run.run_id} holds something that is no contact id"
        raise IncompleteResultError(msg)
    return [each for each in ids if each is not None]
