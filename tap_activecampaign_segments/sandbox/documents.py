"""What the API says of segments, definitions, runs and sizes: its JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account import Account
    from .definition import Version
    from .evaluation import Run
    from .history import Count
    from .segment import Segment
    from .user import User


def summary(account: Account, segment: Segment) -> dict[str, Any]:
    """A saved segment as the listing has it."""
    text = account.timestamps.text
    newest = segment.versions[-1]
    last = latest(segment)
    attributes: dict[str, Any] = {
        "segment_id": segment.segment_id,
        "category": "audience",
        "name": newest.name,
        "counts": {},
        "created_date": text(segment.versions[0].created),
        "updated_date": text(updated(segment)),
    }
    if last:
        attributes["counts"]["last_total"] = _total(account, last, last.result_count)
        if last.active_result_count is not None:
            active = _total(account, last, last.active_result_count)
            attributes["counts"]["last_active_total"] = active
    if used(segment):
        attributes["last_used_date"] = text(used(segment))
    return {"id": segment.segment_id, "type": "SegmentSummary", "attributes": attributes}


def definition(account: Account, segment: Segment, version: Version) -> dict[str, Any]:
    """A segment as it is defined by one version."""
    attributes = {
        "segment_id": segment.segment_id,
        "created_date": account.timestamps.text(version.created),
        **version.attributes(),
    }
    return {"id": segment.segment_id, "type": "Segment.v2", "attributes": attributes}


def size(account: Account, segment: Segment, count: Count) -> dict[str, Any]:
    """A row of the count history."""
    attributes: dict[str, Any] = {
        "timestamp": account.timestamps.text(count.at),
        "segment_id": segment.segment_id,
        "segment_hash": count.segment_hash,
        "run_id": count.run_id,
        "result_count": count.result_count,
    }
    if count.active_result_count is not None:
        attributes["active_result_count"] = count.active_result_count
    waiting = count.count_updating_with_runid
    if waiting is None and account.records_runs:
        running = account.running(segment)
        waiting = running.run_id if running and count is latest(segment) else None
    if waiting is not None:
        attributes["count_updating_with_runid"] = waiting
    return {"id": count.count_id, "type": "SegmentCountHistory", "attributes": attributes}


def result(  # noqa: PLR0913 (all but two by name)
    account: Account, run: Run, *, now: float, page: int, page_size: int, user: User
) -> dict[str, Any]:
    """A run, with one page of its result if it has one.

    Args:
        account: Where it ran.
        run: The run.
        now: Epoch seconds; the run is described as it is then.
        page: From 1.
        page_size: Ids per page.
        user: Who sees it.
    """
    text = account.timestamps.text
    attributes: dict[str, Any] = {
        "run_id": run.run_id,
        "run_id_start": text(run.started),
        "is_ready": run.is_over(now) and not run.fails,
        "segment_id": run.segment_id,
        "segment_timestamp": text(run.segment_timestamp),
    }
    if run.is_over(now):
        attributes["run_id_end"] = text(run.ended)
    if attributes["is_ready"]:
        attributes |= _page(account, run, page, page_size, user)
    return {"id": f"{run.run_id}-1", "type": "matchAll", "attributes": attributes}


def latest(segment: Segment) -> Count | None:
    """The size recorded last."""
    rows = segment.counts
    return max(reversed(rows), key=lambda count: count.at) if rows else None


def updated(segment: Segment) -> float:
    """Epoch seconds of the last change: a definition's or a size's."""
    last = latest(segment)
    return max(segment.versions[-1].created, last.at if last else 0.0)


def used(segment: Segment) -> float:
    """Epoch seconds at which the last evaluation began, 0 if there was none."""
    last = latest(segment)
    return max(segment.runs[-1].started if segment.runs else 0.0, last.started if last else 0.0)


def _total(account: Account, count: Count, total: int) -> dict[str, Any]:
    text = account.timestamps.text
    return {
        "count": total,
        "last_total_updated": text(count.started),
        "run_id": count.run_id,
        "run_id_start": text(count.started),
        "run_id_end": text(count.at),
    }


def _page(account: Account, run: Run, page: int, page_size: int, user: User) -> dict[str, Any]:
    """The attributes that only a result has."""
    total = run.total(user)
    matches = run.matches(page, page_size, user)
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
