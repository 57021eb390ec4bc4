"""Query parameters of the Segments API. All readers raise `ApiError` for invalid values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.sandbox.api_request import reject_parameter

from .ordering import is_sort

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox.api_request import QueryParameters

PAGE_PARAMETERS = ("page", "page_size")
DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 10_000
MAX_SEGMENTS = 100
_MAX_PAGE = 2**31 - 1
_LISTING_FIELDS = ("updated_date", "name", "recent", "last_total", "last_active_total")
LISTING_SORTS = tuple(sign + name for name in _LISTING_FIELDS for sign in ("", "-"))


def get_page(query: QueryParameters) -> tuple[int, int]:
    """Return the number of the page, from 1, and the rows per page."""
    page = query.get_integer("page", 1, _MAX_PAGE)
    return page, query.get_integer("page_size", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def get_sort(query: QueryParameters) -> str:
    """Return the order of a result, ``id`` by default."""
    value = query.get_text("sort", "id")
    if not is_sort(value):
        reject_parameter("sort", "no list of sortable fields")
    return value


def get_instant(query: QueryParameters) -> bool:
    """Return whether to answer without waiting. The parameter takes no value."""
    if query.get_text("instant"):
        reject_parameter("instant", "takes no value")
    return "instant" in query


def get_listing_sort(query: QueryParameters) -> tuple[str, bool]:
    """Return the field that the listing is sorted by, and whether in descending order."""
    sort = query.get_choice("sort", LISTING_SORTS, "-updated_date")
    return sort.removeprefix("-"), sort.startswith("-")


def get_segment_ids(query: QueryParameters) -> list[str]:
    """Return the ids in ``segmentIds``, 1 to 100."""
    ids = list(filter(None, query.get_text("segmentIds").split(",")))
    if not ids or len(ids) > MAX_SEGMENTS:
        reject_parameter("segmentIds", f"must be 1 to {MAX_SEGMENTS} ids")
    return ids
