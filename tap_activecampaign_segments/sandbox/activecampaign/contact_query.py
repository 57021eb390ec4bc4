"""Query parameters of ``GET contacts``. All readers raise `ApiError` for invalid values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments.sandbox.api_request import parse_integer, reject_parameter

from .contact_dates import parse_date

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox.api_request import QueryParameters

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
ANY_STATUS = "-1"
_STATUSES = (ANY_STATUS, "0", "1", "2", "3")
_MAX_INTEGER = 2**63 - 1
_DATES = ("updated_after", "updated_before", "created_after", "created_before")

CONTACT_PARAMETERS = (
    *("ids", "ids[]", "id_greater", "id_less", "orders[id]", "limit", "offset", "include"),
    *("status", *(f"filters[{name}]" for name in _DATES)),
)


@dataclass(frozen=True)
class ContactFilters:
    """Conditions on the fields of contacts. Instants are epoch seconds, exclusive; None: any.

    Attributes:
        updated_after: Lower bound of the last update.
        updated_before: Upper bound of it. A contact without an update is before any instant.
        created_after: Lower bound of the creation.
        created_before: Upper bound of it.
        status: Status of at least one subscription; -1 for any contact, with or without one.
    """

    updated_after: float | None = None
    updated_before: float | None = None
    created_after: float | None = None
    created_before: float | None = None
    status: str = ANY_STATUS


@dataclass(frozen=True)
class ContactQuery:
    """Which contacts a request selects, and what it shows of them.

    Attributes:
        ids: Only these; None: all.
        after: Lower bound of ids, exclusive.
        before: Upper bound of ids, exclusive; None: none.
        descending: Whether the highest id comes first.
        limit: Maximum number of contacts in the response.
        offset: How many contacts are skipped.
        includes_lists: Whether the response has their subscriptions.
        filters: Further conditions.
    """

    ids: frozenset[int] | None
    after: int
    before: int | None
    descending: bool
    limit: int
    offset: int
    includes_lists: bool
    filters: ContactFilters


def get_contact_query(query: QueryParameters) -> ContactQuery:
    """Return what a request selects."""
    return ContactQuery(
        ids=_get_ids(query),
        after=query.get_integer("id_greater", 0, _MAX_INTEGER, lowest=0)
        if "id_greater" in query
        else -1,
        before=query.get_integer("id_less", 0, _MAX_INTEGER, lowest=0)
        if "id_less" in query
        else None,
        descending=query.get_choice("orders[id]", ("ASC", "DESC"), "ASC") == "DESC",
        limit=query.get_integer("limit", DEFAULT_LIMIT, MAX_LIMIT),
        offset=query.get_integer("offset", 0, _MAX_INTEGER, lowest=0),
        includes_lists="contactLists" in query.get_text("include").split(","),
        filters=ContactFilters(
            **{name: _get_date(query, f"filters[{name}]") for name in _DATES},
            status=query.get_choice("status", _STATUSES, ANY_STATUS),
        ),
    )


def _get_ids(query: QueryParameters) -> frozenset[int] | None:
    """Return the ids in ``ids``, as ``ids=1,2`` or ``ids[]=1&ids[]=2``; None if it is absent."""
    texts = [*query.get_texts("ids[]"), *filter(None, query.get_text("ids").split(","))]
    if not texts:
        return None
    ids = [parse_integer(text) for text in texts]
    if None in ids:
        reject_parameter("ids", "must be integers")
    return frozenset(each for each in ids if each is not None)


def _get_date(query: QueryParameters, name: str) -> float | None:
    if name not in query:
        return None
    at = parse_date(query.get_text(name))
    if at is None:
        reject_parameter(name, "must be a date, or a date-time with or without an offset")
    return at
