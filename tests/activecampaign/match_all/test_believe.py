"""Believe: results that the listing or the previous result contradicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.sync import sync
from tests.support.warehouse import LOG, TABLE, Warehouse

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


def add_listed_count(segment: Segment, clock: SharedClock, size: int) -> None:
    """Let the listing report a size."""
    segment.add_count(clock.time() - 3600, size)


@pytest.mark.parametrize("size", [1, 90, 20_000])
def test_empty_first_run_against_the_listing_is_repeated(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock, size: int
) -> None:
    segment = account.add_segment("many", range(size))
    add_listed_count(segment, clock, size)
    sandbox.faults.add(Fault("empty_result", "start"))
    first = nightly_sync(sandbox, warehouse, run_attempts=1)
    assert first.exit_code == 0
    assert len(changes(first)["joined"]) == size
    assert len(segment.runs) == 2
    assert any("by the listing" in line for line in first.warnings)


def test_two_agreeing_evaluations_overrule_the_listing(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("few", range(10))
    add_listed_count(segment, clock, 20_000)
    first = nightly_sync(sandbox, warehouse)
    assert first.exit_code == 0
    assert run_row(first)["total"] == 10
    assert "two evaluations agree, so it is believed" in first.warnings[-1]
    # The listing has the tap's own run by now, and its earlier size is settled.
    clock.advance(3600)
    assert nightly_sync(sandbox, warehouse).warnings == []
    assert len(segment.runs) == 3


def test_overruled_listing_is_settled_until_it_changes(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    account.records_runs = False
    segment = account.add_segment("few", range(10))
    add_listed_count(segment, clock, 20_000)
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    assert nightly_sync(sandbox, warehouse).warnings == []
    assert len(segment.runs) == 3
    add_listed_count(segment, clock, 20_001)
    clock.advance(3600)
    assert nightly_sync(sandbox, warehouse).exit_code == 0
    assert len(segment.runs) == 5


def test_two_contradicting_evaluations_fail(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    segment = account.add_segment("few", range(300))
    add_listed_count(segment, clock, 20_000)
    sandbox.faults.add(Fault("empty_result", "start"))
    synced = sync(sandbox, run_attempts=1)
    assert synced.exit_code == 1
    assert "two evaluations found 0 and 300 contacts" in synced.errors[0]
    assert synced.records("match_all_runs") == []


def test_last_two_agreeing_evaluations_are_believed(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("few", range(50))
    add_listed_count(segment, clock, 20_000)
    sandbox.faults.add(Fault("empty_result", "start"))
    assert nightly_sync(sandbox, warehouse).exit_code == 0
    assert warehouse.members(LOG) == {segment.segment_id: {*range(50)}}


@pytest.mark.parametrize("streams", [None, {"match_all_runs"}, {"match_all_results"}], ids=str)
def test_single_empty_run_makes_nobody_leave(
    account: Account,
    sandbox: Sandbox,
    warehouse: Warehouse,
    clock: SharedClock,
    streams: set[str] | None,
) -> None:
    segment = account.add_segment("small", range(1, 91))
    nightly_sync(sandbox, warehouse, streams=streams)
    clock.advance(3600)
    sandbox.faults.add(Fault("empty_result", "start"))
    second = nightly_sync(sandbox, warehouse, streams=streams)
    assert second.exit_code == 0
    assert [row["total"] for row in second.records("match_all_runs")] in ([90], [])
    assert changes(second)["left"] == set()
    assert len(segment.runs) == 3


def test_small_segment_empty_twice_is_empty(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("small", range(1, 91))
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.members = []
    assert changes(nightly_sync(sandbox, warehouse))["left"] == {*range(1, 91)}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == {}


def test_empty_run_after_an_edit_is_repeated(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("small", range(1, 91))
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.edit()
    sandbox.faults.add(Fault("empty_result", "start"))
    assert changes(nightly_sync(sandbox, warehouse))["left"] == set()


def test_edited_segment_may_be_smaller_than_listed(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    segment = account.add_segment("some", range(10))
    add_listed_count(segment, clock, 20_000)
    segment.edit()
    assert sync(sandbox).warnings == []
    assert len(segment.runs) == 1


@pytest.mark.parametrize("times", [1, None])
def test_run_with_the_previous_id_is_not_believed(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, times: int | None
) -> None:
    previous = run_row(nightly_sync(sandbox, warehouse))["run_id"]
    before = {*segment.members}
    segment.members = range(2, 203)

    def with_the_same_id(answer: dict[str, Any]) -> dict[str, Any]:
        answer["data"][0]["attributes"]["run_id"] = previous
        return answer

    sandbox.faults.add(Fault("edit", "start", times=times, answer=with_the_same_id))
    second = nightly_sync(sandbox, warehouse)
    assert second.exit_code == (times is None)
    members = before if times is None else {*segment.members}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == {segment.segment_id: members}


def test_reevaluated_predecessor_is_not_believed(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    clock.advance(60)
    segment.members = range(50, 250)
    account.restart(segment, segment.runs[0], "id")
    segment.members = range(60, 260)
    second = nightly_sync(sandbox, warehouse)
    assert run_row(second)["is_baseline"] is True
    assert warehouse.members(LOG) == {segment.segment_id: set(range(60, 260))}
