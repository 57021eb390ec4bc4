"""Believe: the vendor's clock alone decides which run is newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.nightly import nightly_sync, run_row
from tests.support.warehouse import FULL, LOG, TABLE, Warehouse

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


@pytest.mark.parametrize("skews", [(900, 0), (0, 900), (-900, 0), (900, -900)], ids=str)
def test_local_clock_never_decides_which_run_is_newer(
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    skews: tuple[float, float],
) -> None:
    for operation in ("start", "read"):
        sandbox.faults.add(Fault("no_end", operation, times=None))
    for members, skew in zip((range(1, 401), range(201, 601)), skews, strict=True):
        segment.members = members
        clock.skew = skew
        nightly_sync(sandbox, warehouse, streams=None, max_left_share=1)
        clock.skew = 0
        clock.advance(300)
    truth = {segment.segment_id: {*range(201, 601)}}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == warehouse.members(FULL) == truth


def test_run_number_counts_the_runs_of_a_chain(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    numbers = []
    for rebaseline in ([], [], [], ["some"], []):
        numbers.append(
            run_row(nightly_sync(sandbox, warehouse, rebaseline=rebaseline))["run_number"]
        )
        clock.advance(60)
    assert numbers == [1, 2, 3, 1, 2]
    assert segment.members


@pytest.mark.parametrize("digits", [0, 3])
@pytest.mark.parametrize("hours", [0, -2])
def test_run_not_later_than_the_previous_one_fails(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    digits: int,
    hours: int,
) -> None:
    account.timestamps.digits = digits
    first = nightly_sync(sandbox, warehouse)
    segment.members = range(50, 250)
    start = run_row(first)["run_id_start"]
    real = account.clock.time

    def frozen() -> float:
        return min(real(), segment.runs[0].started + hours * 3600)

    account.clock.time = frozen  # type: ignore[method-assign]
    second = nightly_sync(sandbox, warehouse)
    account.clock.time = real  # type: ignore[method-assign]
    assert second.exit_code == 1
    assert "not later than the one before it" in second.errors[0]
    assert start in second.errors[0]
    assert warehouse.members(LOG) == {segment.segment_id: {*range(1, 201)}}
    clock.advance(5)
    assert nightly_sync(sandbox, warehouse).exit_code == 0
    assert warehouse.members(LOG) == {segment.segment_id: {*range(50, 250)}}


def test_run_of_the_future_fails(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    clock.skew = -400 * 86_400
    second = nightly_sync(sandbox, warehouse)
    clock.skew = 0
    assert second.exit_code == 1
    assert "in the future by this clock" in second.errors[0]
    assert nightly_sync(sandbox, warehouse).exit_code == 0
    assert segment.members


def test_older_run_that_returns_overwrites_no_newer_result(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse, streams=None)
    clock.advance(3600)
    segment.members = range(51, 251)
    nightly_sync(sandbox, warehouse, streams={"match_all_runs", "match_all_results"})
    clock.advance(3600)
    first = segment.runs.pop(0)
    segment.runs.append(first)
    sandbox.faults.add(Fault("same_run"))
    nightly_sync(sandbox, warehouse, streams=None)
    assert warehouse.members(FULL) == {segment.segment_id: {*range(51, 251)}}
