"""The query for existing segments, on listings that were loaded in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.nightly import nightly_sync
from tests.support.sync import sync
from tests.support.warehouse import EXIST, Warehouse, first_column

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


@pytest.mark.parametrize("arrived", [0, 1, 15, 39, 40])
def test_partial_listing_keeps_the_previous_one(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock, arrived: int
) -> None:
    segments = [account.add_segment(f"number {place}") for place in range(41)]
    nightly_sync(sandbox, warehouse, streams={"segments"})
    before = {each.segment_id for each in segments}
    assert {row[0] for row in warehouse.query(EXIST)} == before
    account.remove(segments[-1])
    clock.advance(3600)
    second = sync(sandbox, streams={"segments"}, state=warehouse.state)
    warehouse.load(
        [message for message in second.messages if message.get("stream") == "segments"][
            : arrived + 1
        ]
    )
    existing = {row[0] for row in warehouse.query(EXIST)}
    assert existing == (before - {segments[-1].segment_id} if arrived == 40 else before)


def test_partial_first_listing_lists_nothing(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    for place in range(40):
        account.add_segment(f"number {place}")
    synced = sync(sandbox, streams={"segments"})
    assert {row["listing_size"] for row in synced.records("segments")} == {40}
    rows = [message for message in synced.messages if message.get("stream") == "segments"]
    warehouse.load(rows[:16])
    assert warehouse.query(EXIST) == []
    warehouse.load(rows)
    assert len(warehouse.query(EXIST)) == 40


def test_unreadable_segment_keeps_the_previous_listing(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    account.add_segment("saved")
    unlisted = account.add_segment(None)
    ids = [each.segment_id for each in account.segments]
    nightly_sync(sandbox, warehouse, streams={"segments"}, segment_ids=ids)
    clock.advance(3600)
    fault = Fault("status", "segment", segment_id=unlisted.segment_id, status=503, times=None)
    sandbox.faults.add(fault)
    assert nightly_sync(sandbox, warehouse, streams={"segments"}, segment_ids=ids).exit_code == 1
    assert {row[0] for row in warehouse.query(EXIST)} == {*ids}


@pytest.mark.parametrize("skews", [(900, 0), (0, -900), (900, -900)], ids=str)
def test_existing_segments_ignore_the_local_clock(
    account: Account,
    sandbox: Sandbox,
    warehouse: Warehouse,
    clock: SharedClock,
    skews: tuple[float, float],
) -> None:
    gone, stays = account.add_segment("gone"), account.add_segment("stays")
    for skew in skews:
        clock.skew = skew
        nightly_sync(sandbox, warehouse, streams={"segments"})
        clock.skew = 0
        clock.advance(300)
        if gone in account.segments:
            account.remove(gone)
    assert first_column(warehouse.query(EXIST)) == {stays.segment_id}
