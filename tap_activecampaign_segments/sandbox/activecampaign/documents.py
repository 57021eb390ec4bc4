"""JSON:API resources of segments, definitions, counts and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account import Account
    from .counts import Count
    from .definitions import Version
    from .runs import Run
    from .segments import Segment
    from .users import User


def build_summary(account: Account, segment: Segment) -> dict[str, Any]:
    """Return a saved segment as the listing shows it."""
    format_at = account.timestamps.format
    last = segment.latest_count
    attributes: dict[str, Any] = {
        "segment_id": segment.segment_id,
        "category": "audience",
        "name": segment.name,
        "counts": {},
        "created_date": format_at(segment.versions[0].created),
        "updated_date": format_at(segment.updated_at),
    }
    if last:
        attributes["counts"]["last_total"] = _build_total(account, last, last.result_count)
        if last.active_result_count is not None:
            active = _build_total(account, last, last.active_result_count)
            attributes["counts"]["last_active_total"] = active
    if segment.last_used_at:
        attributes["last_used_date"] = format_at(segment.last_used_at)
    return {"id": segment.segment_id, "type": "SegmentSummary", "attributes": attributes}


def build_definition(account: Account, segment: Segment, version: Version) -> dict[str, Any]:
    """Return a segment as one version defines it."""
    attributes = {
        "segment_id": segment.segment_id,
        "created_date": account.timestamps.format(version.created),
        **version.to_attributes(),
    }
    return {"id": segment.segment_id, "type": "Segment.v2", "attributes": attributes}


def build_count(account: Account, segment: Segment, count: Count) -> dict[str, Any]:
    """Return a row of the count history."""
    attributes: dict[str, Any] = {
        "timestamp": account.timestamps.format(count.at),
        "segment_id": segment.segment_id,
        "segment_hash": count.segment_hash,
        "run_id": count.run_id,
        "result_count": count.result_count,
    }
    if count.active_result_count is not None:
        attributes["active_result_count"] = count.active_result_count
    updating = count.count_updating_with_runid
    if updating is None and account.records_runs:
        running = account.find_running(segment)
        updating = running.run_id if running and count is segment.latest_count else None
    if updating is not None:
        attributes["count_updating_with_runid"] = updating
    return {"id": count.count_id, "type": "SegmentCountHistory", "attributes": attributes}


def build_run(  # noqa: PLR0913 (all but two by name)
    account: Account, run: Run, *, now: float, page: int, page_size: int, user: User
) -> dict[str, Any]:
    """Return a run, with one page of its result if it is ready.

    Args:
        account: The run's account.
        run: The run.
        now: Epoch seconds at which the run is described.
        page: From 1.
        page_size: Ids per page.
        user: The reader.
    """
    format_at = account.timestamps.format
    attributes: dict[str, Any] = {
        "run_id": run.run_id,
        "run_id_start": format_at(run.started),
        "is_ready": run.is_over(now) and not run.fails,
        "segment_id": run.segment_id,
        "segment_timestamp": format_at(run.segment_timestamp),
    }
    if run.is_over(now):
        attributes["run_id_end"] = format_at(run.ended)
    if attributes["is_ready"]:
        attributes |= _build_page(account, run, page, page_size, user)
    return {"id": f"{run.run_id}-1", "type": "matchAll", "attributes": attributes}


def build_match(account: Account, segment: Segment, contact: int) -> dict[str, Any]:
    """Return whether a contact matches a segment now."""
    now = account.timestamps.format(account.clock.time())
    attributes = {
        "match": contact in segment.members,
        "entity_id": str(contact),
        "segment_id": segment.segment_id,
        "segment_timestamp": account.timestamps.format(segment.versions[-1].created),
        "created_timestamp": now,
    }
    return {"id": f"{segment.segment_id}-{contact}", "type": "match", "attributes": attributes}


def _build_total(account: Account, count: Count, total: int) -> dict[str, Any]:
    format_at = account.timestamps.format
    return {
        "count": total,
        "last_total_updated": format_at(count.started),
        "run_id": count.run_id,
        "run_id_start": format_at(count.started),
        "run_id_end": format_at(count.at),
    }


def _build_page(
    account: Account, run: Run, page: int, page_size: int, user: User
) -> dict[str, Any]:
    """Return the attributes that only a result has."""
    total = run.count_visible(user)
    matches = run.get_page(page, page_size, user)
    attributes: dict[str, Any] = {}
    if matches or account.omits_empty == "keep":
        attributes["matches"] = matches
    if total or account.omits_empty != "both":
        attributes["page"] = {
            "current_page": page,
            "last_page": max(1, -(-total // page_size)),
            "per_page": page_size,
            "total": total,
        }
    return attributes
