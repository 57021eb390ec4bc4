"""Segments with recorded runs, and what a sync makes of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from tests.support.clocks import DAY
from tests.support.warehouse import PAST

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Run, Sandbox, Segment
    from tests.support.sync import Sync
    from tests.support.warehouse import Warehouse


def members_on(day: int) -> range:
    """Return the members of a day: each day one leaves and two join."""
    return range(day, 100 + 2 * day)


def record_days(account: Account, segment: Segment, days: int, **options: Any) -> list[Run]:
    """Record a run at noon of each of the last days, oldest first, and set today's members."""
    noon = account.clock.time() // DAY * DAY - DAY / 2
    runs = [
        segment.record_run(noon - (days - day) * DAY, members_on(day), **options)
        for day in range(1, days + 1)
    ]
    segment.members = members_on(days + 1)
    return runs


def origins(synced: Sync) -> list[str]:
    """Return the origin of each run row, in order."""
    return [row["origin"] for row in synced.records("match_all_runs")]


def run_ids(synced: Sync) -> list[str]:
    """Return the id of each run row, in order."""
    return [row["run_id"] for row in synced.records("match_all_runs")]


def members_at(warehouse: Warehouse, at: float) -> set[int]:
    """Return the members of the only segment at an instant (epoch seconds), by the log."""
    text = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    found = warehouse.members(PAST, at=text)
    return next(iter(found.values()), set())


def requested_runs(sandbox: Sandbox) -> dict[str, int]:
    """Return how often each recorded run was requested."""
    paths = [request.path for request in sandbox.requests if "/segmentMatchSome/" in request.path]
    return {path.rpartition("/")[2]: paths.count(path) for path in paths}
