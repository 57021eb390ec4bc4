"""The listing of the segments."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.segment_listing import LISTING_PAGE_SIZE
from tap_activecampaign_segments.activecampaign.segments import Segment, item_id
from tap_activecampaign_segments.errors import NotFoundError
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.check.session import Session


def probe_listing(session: Session) -> None:
    """Read the first page of the listing.

    Raises:
        TapError: It cannot be read, and so nothing else can.
    """
    try:
        answer = session.client.get("audiences", page=1, page_size=LISTING_PAGE_SIZE, sort="name")
    except NotFoundError:
        session.findings.miss("listing_tells_last_page", "the account lists no segment")
        return
    rows = answer["data"] if isinstance(answer["data"], list) else [answer["data"]]
    session.listed = [Segment.from_listing(row) for row in rows if _is_segment(row)]
    meta = answer.get("meta")
    page = meta.get("page") if isinstance(meta, dict) else None
    last = coerce_count(page.get("last_page")) if isinstance(page, dict) else None
    seen = "no such field" if last is None else f"{last}, with {len(rows)} rows"
    session.findings.settle("listing_tells_last_page", holds=last is not None, seen=seen)


def probe_empty_listing(session: Session) -> None:
    """Search for a name that no segment has."""
    try:
        answer = session.client.get("audiences", search=uuid.uuid4().hex)
    except NotFoundError:
        session.findings.settle("empty_listing_is_404", holds=True, seen="404")
        return
    if answer["data"]:
        session.findings.miss("empty_listing_is_404", "the search for an absent name finds some")
    else:
        session.findings.settle("empty_listing_is_404", holds=False, seen="200, an empty list")


def _is_segment(row: Any) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("attributes"), dict):
        return False
    segment_id = item_id(row)
    return isinstance(segment_id, str) and bool(segment_id.strip())
