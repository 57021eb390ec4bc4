"""Segments: the account's listing, and those that no listing has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.client import attributes, resources
from tap_activecampaign_segments.errors import MalformedAnswerError, NotFoundError, TapError
from tap_activecampaign_segments.http.redaction import one_line
from tap_activecampaign_segments.singer.coercion import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.activecampaign.client import Client
    from tap_activecampaign_segments.activecampaign.match_all.run import Run

LISTING_PAGE_SIZE = 10_000


class IncompleteListingError(TapError):
    """The pages of the listing do not have as many segments as they tell."""


@dataclass(frozen=True)
class Segment:
    """What the account says of one segment.

    Attributes:
        segment_id: Its id.
        name: Its name, None for one that was never saved.
        listed: Whether the listing has it.
        facts: The other fields of its row, timestamps in the one form.
    """

    segment_id: str
    name: str | None
    listed: bool
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return how a log line names it."""
        segment_id = one_line(self.segment_id)
        return f"segment {self.name!r} ({segment_id})" if self.name else segment_id

    @property
    def evaluation_seconds(self) -> float | None:
        """How long its last evaluation took, None if nothing tells."""
        try:
            start, end = (
                timestamps.parse(self._last_total.get(name))
                for name in ("run_id_start", "run_id_end")
            )
        except MalformedAnswerError:
            return None
        return max((end - start).total_seconds(), 0.0)

    @property
    def last_size(self) -> int:
        """How many contacts its last evaluation found, 0 if nothing tells."""
        return count(self._last_total.get("count")) or 0

    @property
    def last_run_id(self) -> str | None:
        """The last evaluation that the listing knows of, None if nothing tells."""
        run_id = self._last_total.get("run_id")
        return run_id if isinstance(run_id, str) else None

    @property
    def last_evaluation(self) -> str:
        """What stands for the last evaluation that the listing knows of."""
        return self.last_run_id or str(self.last_size)

    @property
    def last_run_start(self) -> str | None:
        """When that was started, None if nothing tells."""
        return _instant(self._last_total.get("run_id_start"))

    def names_later_run_than(self, run: Run) -> bool:
        """Tell whether the listing knows of an evaluation that was started after a run."""
        start = self.last_run_start
        return start is not None and self.last_run_id != run.run_id and run.is_earlier_than(start)

    @property
    def _last_total(self) -> dict[str, Any]:
        counts = self.facts.get("counts")
        last = counts.get("last_total") if counts else None
        return last if isinstance(last, dict) else {}

    @property
    def row(self) -> dict[str, Any]:
        """The segment as a record, but for the instant of the listing."""
        return {"segment_id": self.segment_id, "name": self.name, **self.facts}


@dataclass(frozen=True)
class UnusableItem:
    """An item of the listing that is no segment.

    Attributes:
        place: Where it stands, and its name if it has one.
        flaw: What is wrong with it.
    """

    place: str
    flaw: str


@dataclass(frozen=True)
class Listing:
    """What the account lists, each item once."""

    segments: list[Segment]
    unusable: list[UnusableItem]


def listing(client: Client) -> Listing:
    """Return all saved segments.

    Raises:
        TapError: The listing could not be read whole, or nothing in it is usable.
    """
    try:
        return _listing(client)
    except IncompleteListingError:
        # A segment may come, go or be renamed while it is read.
        return _listing(client)


def _listing(client: Client) -> Listing:
    found: dict[object, Segment | UnusableItem] = {}
    total = None
    for number, page in enumerate(_pages(client), start=1):
        items = _items(page, number)
        fresh = {key: item for key, item in items.items() if key not in found}
        if items and not fresh:
            if not page.tells_pages and len(items) == len(found) < LISTING_PAGE_SIZE:
                # A server without pages answers with all that it has, again.
                break
            msg = "the listing of the segments repeats a page: not all of them can be read"
            raise MalformedAnswerError(msg)
        if number == 1 and (odd := _only_unusable(items)):
            msg = f"{odd.place} {odd.flaw}, and no other is of use"
            raise MalformedAnswerError(msg)
        found.update(fresh)
        total = page.total if page.total is not None else total
    if total is not None and len(found) < total:
        msg = f"the listing of the segments has {len(found)} of {total}"
        raise IncompleteListingError(msg)
    usable = [each for each in found.values() if isinstance(each, Segment)]
    unusable = [each for each in found.values() if isinstance(each, UnusableItem)]
    return Listing(usable, unusable)


def _items(page: _Page, number: int) -> dict[object, Segment | UnusableItem]:
    """Return the items of a page, each under what tells it from all others."""
    found: dict[object, Segment | UnusableItem] = {}
    alike = Counter[str]()
    for place, row in enumerate(page.rows, start=1):
        flaw = _flaw_of(row)
        if flaw is None:
            segment = _listed(row)
            found[segment.segment_id] = segment
        else:
            content = repr(row)
            alike[content] += 1
            where = f"item {place} on page {number} of the listing{_said_name(row)}"
            found[content, alike[content]] = UnusableItem(where, flaw)
    return found


def _only_unusable(items: dict[object, Segment | UnusableItem]) -> UnusableItem | None:
    """Return the first item if there is one and none is a segment: this is no listing."""
    odd = [each for each in items.values() if isinstance(each, UnusableItem)]
    return odd[0] if odd and len(odd) == len(items) else None


def _said_name(row: object) -> str:
    facts = row.get("attributes") if isinstance(row, dict) else None
    name = facts.get("name") if isinstance(facts, dict) else None
    return f" ({brief(name)})" if isinstance(name, str) else ""


def look_up(client: Client, segment_id: str, *, doubt_404: bool) -> Segment:
    """Return a segment that no listing has.

    Args:
        client: Where to ask.
        segment_id: Whom to ask for.
        doubt_404: See `Client.get`.

    Raises:
        NotFoundError: The account has no such segment.
        TapError: It could not be read.
    """
    found = resources(client.get("segmentsV2", segment_id, doubt_404=doubt_404))
    if not found:
        msg = f"the API answered nothing for {segment_id}"
        raise MalformedAnswerError(msg)
    facts = attributes(found[0])
    return Segment(
        segment_id,
        _name(facts),
        listed=False,
        facts={
            "category": facts.get("category"),
            "counts": None,
            "created_date": _instant(facts.get("created_date")),
            "updated_date": None,
            "last_used_date": None,
        },
    )


def exists(client: Client, segment_id: str) -> bool:
    """Tell whether the API knows a segment: its definition, or its place among the saved ones.

    Raises:
        TapError: It does not tell.
    """
    for path in ("segmentsV2", "audiences"):
        try:
            client.get(path, segment_id, doubt_404=True)
        except NotFoundError:
            continue
        return True
    return False


@dataclass(frozen=True)
class _Page:
    """One page of the listing.

    Attributes:
        rows: Its rows.
        last: The number of the last page, None where the answer does not tell.
        total: How many segments there are, None where the answer does not tell.
    """

    rows: list[Any]
    last: int | None = None
    total: int | None = None

    @property
    def tells_pages(self) -> bool:
        """Whether the answer says where the listing ends."""
        return self.last is not None or self.total is not None


def _pages(client: Client) -> Iterator[_Page]:
    number, rows, longest = 1, 0, 0
    page = _Page([])
    is_open = False
    while True:
        before, page = page, _page(client, number, doubt_404=is_open)
        # What one answer tells holds for those behind it that do not.
        page = replace(page, last=page.last or before.last, total=page.total or before.total)
        last, total = page.last or 0, page.total or 0
        if not page.rows and 1 < number <= last:
            msg = f"the listing of the segments breaks off at page {number} of {last}"
            raise MalformedAnswerError(msg)
        yield page
        rows += len(page.rows)
        longest = max(longest, len(page.rows))
        # Where nothing is told, a page that is shorter than others announces the end.
        is_open = not page.tells_pages and len(page.rows) == longest
        is_said_to_end = (
            page.tells_pages
            and number >= last
            and rows >= total
            and len(page.rows) < LISTING_PAGE_SIZE
        )
        # Whatever was asked for, pages may be shorter: where nothing is told, an empty one ends it.
        if not page.rows or is_said_to_end:
            return
        number += 1


def _page(client: Client, number: int, *, doubt_404: bool) -> _Page:
    try:
        answer = client.get(
            "audiences",
            doubt_404=doubt_404,
            page=number,
            page_size=LISTING_PAGE_SIZE,
            sort="name",
        )
    except NotFoundError:
        # Seen in production: no segments (any more) answer 404.
        return _Page([])
    # They come with real answers, but are absent from the vendor's description.
    meta = answer.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    numbers = meta.get("page")
    numbers = {**meta, **numbers} if isinstance(numbers, dict) else meta
    rows = answer["data"]
    return _Page(
        rows if isinstance(rows, list) else [rows],
        last=count(numbers.get("last_page")),
        total=count(numbers.get("total")),
    )


def _flaw_of(item: object) -> str | None:
    """Return why an item of the listing is no segment, None if it is one."""
    if not isinstance(item, dict):
        return "is no object"
    facts = item.get("attributes")
    if not isinstance(facts, dict):
        return "has no 'attributes'"
    segment_id, name = _id(item), facts.get("name")
    if not isinstance(segment_id, str) or not segment_id.strip():
        return f"has {brief(segment_id)} as its id, which is no text"
    if not isinstance(name, str | int | float | None):
        return f"has {brief(name)} as its name, which is no text"
    return None


def _id(item: dict[str, Any]) -> Any:
    return item["attributes"].get("segment_id") or item.get("id")


def _listed(item: dict[str, Any]) -> Segment:
    facts, segment_id = item["attributes"], _id(item)
    counts = facts.get("counts")
    return Segment(
        segment_id,
        _name(facts),
        listed=True,
        facts={
            "category": facts.get("category"),
            "counts": counts if isinstance(counts, dict) else None,
            **{
                name: _instant(facts.get(name))
                for name in ("created_date", "updated_date", "last_used_date")
            },
        },
    )


def _name(facts: dict[str, Any]) -> str | None:
    name = facts.get("name")
    return None if name is None else str(name)


def _instant(text: object) -> str | None:
    """Return an instant that is good to know; one that cannot be read is nobody's failure."""
    try:
        return timestamps.normal_or_none(text)
    except MalformedAnswerError:
        return None
