"""The listing of all saved segments: its pages, and the proof that it is complete.

``GET audiences`` is paged by number. Real answers contain totals and page numbers, which the
vendor does not document; listings without them are read until a page is empty.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.segments import Segment, item_id
from tap_activecampaign_segments.errors import MalformedResponseError, NotFoundError, TapError
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.activecampaign.api import Api

LISTING_PAGE_SIZE = 10_000
"""Segments requested per page; the server may return fewer."""


class IncompleteListingError(TapError):
    """The pages contain fewer segments than the total that they report."""


@dataclass(frozen=True)
class UnusableItem:
    """A listing item that cannot be read as a segment.

    Attributes:
        place: Its position in the listing, and its name if it has one.
        flaw: What is wrong with it.
    """

    place: str
    flaw: str


@dataclass(frozen=True)
class Listing:
    """All items of the listing, without duplicates."""

    segments: list[Segment]
    unusable: list[UnusableItem]


def read_listing(client: Api) -> Listing:
    """Return all saved segments.

    An incomplete listing is read a second time: segments may be created, renamed or deleted
    between two pages.

    Raises:
        TapError: The listing is incomplete or contains no usable item.
    """
    try:
        return _read_once(client)
    except IncompleteListingError:
        return _read_once(client)


def _read_once(client: Api) -> Listing:
    found: dict[object, Segment | UnusableItem] = {}
    total = None
    for number, page in enumerate(_pages(client), start=1):
        items = _items(page, number)
        fresh = {key: item for key, item in items.items() if key not in found}
        if items and not fresh:
            if not page.tells_pages and len(items) == len(found) < LISTING_PAGE_SIZE:
                # A server that does not support paging repeats the whole listing.
                break
            msg = "the listing of the segments repeats a page: not all of them can be read"
            raise MalformedResponseError(msg)
        if number == 1 and (unusable := _first_if_all_unusable(items)):
            msg = f"{unusable.place} {unusable.flaw}, and no other is of use"
            raise MalformedResponseError(msg)
        found.update(fresh)
        total = page.total if page.total is not None else total
    if total is not None and len(found) < total:
        msg = f"the listing of the segments has {len(found)} of {total}"
        raise IncompleteListingError(msg)
    return Listing(
        [each for each in found.values() if isinstance(each, Segment)],
        [each for each in found.values() if isinstance(each, UnusableItem)],
    )


def _items(page: _Page, number: int) -> dict[object, Segment | UnusableItem]:
    """Return the items of a page by a key that identifies them across pages.

    A segment is identified by its id. An unusable item is identified by its content, and by how
    many items with that content precede it on the page.
    """
    found: dict[object, Segment | UnusableItem] = {}
    repetitions = Counter[str]()
    for position, row in enumerate(page.rows, start=1):
        flaw = _flaw_of(row)
        if flaw is None:
            segment = Segment.from_listing(row)
            found[segment.segment_id] = segment
        else:
            content = repr(row)
            repetitions[content] += 1
            place = f"item {position} on page {number} of the listing{_quoted_name(row)}"
            found[content, repetitions[content]] = UnusableItem(place, flaw)
    return found


def _first_if_all_unusable(items: dict[object, Segment | UnusableItem]) -> UnusableItem | None:
    """Return the first item if no item is a segment: the answer is not a listing."""
    unusable = [each for each in items.values() if isinstance(each, UnusableItem)]
    return unusable[0] if unusable and len(unusable) == len(items) else None


def _quoted_name(row: object) -> str:
    attributes = row.get("attributes") if isinstance(row, dict) else None
    name = attributes.get("name") if isinstance(attributes, dict) else None
    return f" ({brief(name)})" if isinstance(name, str) else ""


def _flaw_of(item: object) -> str | None:
    """Return why an item cannot be read as a segment, None if it can."""
    if not isinstance(item, dict):
        return "is no object"
    attributes = item.get("attributes")
    if not isinstance(attributes, dict):
        return "has no 'attributes'"
    segment_id, name = item_id(item), attributes.get("name")
    if not isinstance(segment_id, str) or not segment_id.strip():
        return f"has {brief(segment_id)} as its id, which is no text"
    if not isinstance(name, str | int | float | None):
        return f"has {brief(name)} as its name, which is no text"
    return None


@dataclass(frozen=True)
class _Page:
    """One page of the listing.

    Attributes:
        rows: The items, unchecked.
        last: Number of the last page, None if not reported.
        total: Number of segments, None if not reported.
    """

    rows: list[Any]
    last: int | None = None
    total: int | None = None

    @property
    def tells_pages(self) -> bool:
        """Whether the answer reports where the listing ends."""
        return self.last is not None or self.total is not None


def _pages(client: Api) -> Iterator[_Page]:
    number, rows, longest = 1, 0, 0
    page = _Page([])
    is_open = False
    while True:
        before, page = page, _page(client, number, confirm_404=is_open)
        # Pages that report no end inherit it from the previous one.
        page = replace(page, last=page.last or before.last, total=page.total or before.total)
        last, total = page.last or 0, page.total or 0
        if not page.rows and 1 < number <= last:
            msg = f"the listing of the segments breaks off at page {number} of {last}"
            raise MalformedResponseError(msg)
        yield page
        rows += len(page.rows)
        longest = max(longest, len(page.rows))
        # Without a reported end, a page as long as the longest suggests that another follows.
        is_open = not page.tells_pages and len(page.rows) == longest
        is_last = (
            page.tells_pages
            and number >= last
            and rows >= total
            and len(page.rows) < LISTING_PAGE_SIZE
        )
        # The server may cap the page size: without a reported end, only an empty page is the end.
        if not page.rows or is_last:
            return
        number += 1


def _page(client: Api, number: int, *, confirm_404: bool) -> _Page:
    try:
        answer = client.get(
            "audiences",
            confirm_404=confirm_404,
            page=number,
            page_size=LISTING_PAGE_SIZE,
            sort="name",
        )
    except NotFoundError:
        # Seen in production: a page without segments answers 404.
        return _Page([])
    # Real answers contain ``meta``, which the vendor does not document.
    meta = answer.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    numbers = meta.get("page")
    numbers = {**meta, **numbers} if isinstance(numbers, dict) else meta
    rows = answer["data"]
    return _Page(
        rows if isinstance(rows, list) else [rows],
        last=coerce_count(numbers.get("last_page")),
        total=coerce_count(numbers.get("total")),
    )
