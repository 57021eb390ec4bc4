"""Believe: the circuit breaker, max_left_share."""

from __future__ import annotations

from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.clocks import DAY, SharedClock
from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.sync import CHANGE_STREAMS
from tests.support.warehouse import LOG, TABLE, Warehouse


def test_suddenly_empty_result_trips_the_breaker(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("many", range(20_000))
    nightly_sync(sandbox, warehouse)
    before = warehouse.state
    segment.members = []
    second = nightly_sync(sandbox, warehouse)
    assert second.exit_code == 1
    assert len(segment.runs) == 3
    assert second.records("membership_changes") == second.records("match_all_runs") == []
    [line] = second.errors
    assert "20000 of 20000" in line
    assert "max_left_share" in line
    assert warehouse.members(LOG) == {segment.segment_id: set(range(20_000))}
    assert before
    third = nightly_sync(sandbox, warehouse, max_left_share=1)
    assert third.exit_code == 0
    assert len(changes(third)["left"]) == 20_000
    assert warehouse.members(LOG) == {}


def test_second_evaluation_may_be_believed(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)

    def nothing(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"] |= {
            "matches": [],
            "page": {"current_page": 1, "last_page": 1, "per_page": 10_000, "total": 0},
        }
        return body

    sandbox.faults.add(Fault("edit", operation="start", answer=nothing))
    second = nightly_sync(sandbox, warehouse, run_attempts=1)
    assert second.exit_code == 0
    assert changes(second) == {"joined": set(), "left": set()}
    assert len(segment.runs) == 3
    assert any("1000 of 1000 members left" in line for line in second.warnings)
    assert second.warnings[-1].endswith("; evaluating it once more")


def test_extra_evaluation_is_not_one_of_run_attempts(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)
    segment.members = range(10)
    sandbox.faults.add(Fault("run_fails", after=1, times=None))
    second = nightly_sync(sandbox, warehouse, run_attempts=2)
    assert second.exit_code == 1
    assert "run_attempts" in second.errors[0]
    assert len(segment.runs) == 1 + 3


def test_small_segment_may_lose_all_members(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("few", range(99))
    nightly_sync(sandbox, warehouse)
    segment.members = []
    assert len(changes(nightly_sync(sandbox, warehouse))["left"]) == 99


@pytest.mark.parametrize("streams", [{"match_all_runs", "match_all_results"}, CHANGE_STREAMS])
def test_fallen_total_trips_without_a_difference(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, streams: set[str]
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse, streams=streams)
    account.expire_runs()
    segment.members = range(10)
    second = nightly_sync(sandbox, warehouse, streams=streams)
    assert second.exit_code == 1
    assert second.records("match_all_runs") == []
    assert len(segment.runs) == 3


def test_fallen_total_is_believed_after_an_edit(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)
    account.expire_runs()
    segment.edit()
    segment.members = range(10)
    assert run_row(nightly_sync(sandbox, warehouse))["total"] == 10
    assert warehouse.members(LOG) == {segment.segment_id: set(range(10))}


def test_breaker_compares_totals_after_a_long_pause(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    before = warehouse.members(LOG)
    clock.advance(91 * DAY)
    segment.members = range(1001, 1051)
    second = nightly_sync(sandbox, warehouse)
    assert second.exit_code == 1
    [line] = second.errors
    assert "150 of 200 members left at once" in line
    assert warehouse.members(LOG) == warehouse.members(TABLE) == before
    assert nightly_sync(sandbox, warehouse, max_left_share=1).exit_code == 0
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*segment.members}}
    )


def test_second_evaluation_follows_a_doubted_first_one(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    sandbox.faults.add(Fault("empty_result", "start"))

    def others(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["matches"] = [each + 5000 for each in facts["matches"]]
        return body

    sandbox.faults.add(Fault("edit", "start", after=1, answer=others))
    second = nightly_sync(sandbox, warehouse)
    assert second.exit_code == 0
    assert changes(second)["left"] == set()
    assert len(segment.runs) == 4


@pytest.mark.parametrize("edits", [False, True], ids=["moves", "moves and edited"])
def test_moved_change_timestamp_is_no_edit(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock, *, edits: bool
) -> None:
    account.edits_seem = True
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.members = range(900, 1200)
    if edits:
        segment.edit()
    second = nightly_sync(sandbox, warehouse)
    if edits:
        assert len(changes(second)["left"]) == 900
        return
    assert second.exit_code == 1
    assert "900 of 1000 members left at once" in second.errors[0] or (
        "700 of 1000 members left at once" in second.errors[0]
    )
    assert warehouse.members(LOG) == {segment.segment_id: {*range(1000)}}


@pytest.mark.parametrize("kind", ["not_found", "gateway_404", "no_data"])
def test_unreadable_definition_excuses_no_fall(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock, kind: str
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.edit()
    segment.members = range(10)
    sandbox.faults.add(Fault(kind, "definition", times=None))
    assert nightly_sync(sandbox, warehouse).exit_code == 1
    sandbox.faults.clear()
    assert len(changes(nightly_sync(sandbox, warehouse))["left"]) == 990


def test_definition_is_requested_only_where_the_breaker_trips(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)
    for members, asked in ((range(600), 0), (range(10), 2)):
        clock.advance(3600)
        segment.edit()
        segment.members = members
        sandbox.clear_requests()
        assert nightly_sync(sandbox, warehouse).exit_code == 0
        found = sum("createdDate" in request.path for request in sandbox.requests)
        assert (found > 0) == (asked > 0)
