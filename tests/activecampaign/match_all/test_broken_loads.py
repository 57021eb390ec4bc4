"""Loads that break between tables: the log stays true, and queries detect the rest."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from tests.support.nightly import load_partially, nightly_sync
from tests.support.sync import CHANGE_STREAMS, RUN_STREAMS, sync
from tests.support.warehouse import (
    EXACT,
    IDLE,
    INCOMPLETE,
    LOG,
    PAST,
    STALE,
    TABLE,
    Warehouse,
    first_column,
)

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.clocks import SharedClock

ORDERS = [
    order
    for length in (1, 2, 3)
    for order in permutations(("match_all_runs", "membership_changes", "memberships"), length)
]


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
@pytest.mark.parametrize("nights", [0, 1])
def test_broken_load_leaves_the_log_as_it_was(
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    order: tuple[str, ...],
    nights: int,
) -> None:
    truth: dict[str, set[int]] = {}
    for _ in range(nights):
        nightly_sync(sandbox, warehouse)
        truth = {segment.segment_id: {*segment.members}}
        clock.advance(3600)
        segment.members = range(20, 230)
    synced = sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state)
    load_partially(warehouse, synced, order, rows=7)
    at = str(clock.now().replace(tzinfo=None))
    arrived = {*order} if order[-1] == "match_all_runs" else {*order[:-1]}
    is_whole = {"match_all_runs", "membership_changes"} <= arrived
    if is_whole:
        truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == truth
    assert warehouse.members(PAST, at=at) == truth
    assert warehouse.members(TABLE) == truth or warehouse.query(STALE)
    assert bool(warehouse.query(EXACT)) == (warehouse.members(TABLE) != truth)
    clock.advance(3600)
    segment.members = range(25, 240)
    nightly_sync(sandbox, warehouse)
    assert warehouse.members(LOG) == {segment.segment_id: {*range(25, 240)}}
    assert warehouse.members(PAST, at=at) == truth
    assert warehouse.members(TABLE) == warehouse.members(LOG) or warehouse.query(STALE)


@pytest.mark.parametrize("rows", [0, 40, 199])
def test_partial_full_result_is_detected(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, rows: int
) -> None:
    synced = sync(sandbox, streams=RUN_STREAMS)
    load_partially(warehouse, synced, ("match_all_runs", "match_all_results"), rows)
    assert warehouse.query(INCOMPLETE) == [(segment.segment_id, 200, rows, 0)]
    nightly_sync(sandbox, warehouse, streams=RUN_STREAMS)
    assert warehouse.query(INCOMPLETE) == []


def test_deleted_log_rows_are_detected(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    warehouse.drop("membership_changes", contact_id=7)
    clock.advance(3600)
    segment.members = range(3, 201)
    nightly_sync(sandbox, warehouse)
    assert warehouse.members(LOG) == {}
    assert first_column(warehouse.query(STALE)) == {segment.segment_id}
    assert {row[1] for row in warehouse.query(IDLE)} == {run.run_id for run in segment.runs}
    clock.advance(3600)
    nightly_sync(sandbox, warehouse, rebaseline=["some"])
    assert (
        warehouse.members(LOG) == warehouse.members(TABLE) == {segment.segment_id: {*range(3, 201)}}
    )
    assert warehouse.query(STALE) == warehouse.query(IDLE) == []
