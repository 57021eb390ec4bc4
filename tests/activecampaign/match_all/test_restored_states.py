"""Restored, lost, shared and old states."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.nightly import changes, load_partially, nightly_sync, run_row
from tests.support.sync import CHANGE_STREAMS, sync
from tests.support.warehouse import EXACT, FULL, LOG, STALE, TABLE, Warehouse, first_column

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.clocks import SharedClock


def test_state_of_two_syncs_ago_keeps_the_log_true(
    account: Account, sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    warehouse = Warehouse()
    warehouse.load(sync(sandbox, streams=CHANGE_STREAMS).messages)
    old = warehouse.state
    for members in ([*range(11, 201), 600], [*range(1, 181), 600]):
        clock.advance(3600)
        segment.members = members
        warehouse.load(sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state).messages)
    clock.advance(3600)
    segment.members = [*range(11, 181), 500]
    warehouse.load(sync(sandbox, streams=CHANGE_STREAMS, state=old).messages)
    truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == truth
    # The table cannot know; the documented query detects it, and rebaseline repairs it.
    assert warehouse.members(TABLE) != truth
    assert warehouse.query("stale rows in memberships") != []
    clock.advance(3600)
    warehouse.load(
        sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state, rebaseline=["some"]).messages
    )
    assert warehouse.members(TABLE) == warehouse.members(LOG) == truth
    assert warehouse.query("stale rows in memberships") == []
    assert account.segments


def test_state_of_an_older_version_needs_no_baseline(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    state = warehouse.state
    assert state
    [entry] = state["bookmarks"]["match_all_runs"]["partitions"]
    facts = entry["match_all"]
    for name in ("run_number", "viewer"):
        del facts["predecessor"][name]
    facts["predecessor"]["streams"] = ["membership_changes", "memberships"]
    for name in ("run_id", "viewer", "outvoted"):
        facts["committed"].pop(name, None)
    clock.advance(3600)
    segment.members = range(3, 201)
    second = nightly_sync(sandbox, warehouse)
    assert run_row(second)["is_baseline"] is False
    assert changes(second) == {"joined": set(), "left": {1, 2}}
    assert second.warnings == []


@pytest.fixture
def not_ready(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> dict[str, Any]:
    """The state of a second sync that timed out on a run of 200 of 1,000 contacts."""
    segment.members = range(1, 1001)
    nightly_sync(sandbox, warehouse, streams=None)
    clock.advance(3600)
    segment.members = range(1, 201)
    segment.evaluation_seconds = 600
    late = nightly_sync(sandbox, warehouse, streams=None, run_timeout=30, max_left_share=1)
    assert late.exit_code == 1
    segment.evaluation_seconds = 0
    clock.advance(900)
    return late.state


@pytest.mark.parametrize("rebaseline", [[], ["some"]], ids=["difference", "baseline"])
def test_older_run_is_not_resumed_after_newer_ones(
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    not_ready: dict[str, Any],
    rebaseline: list[str],
) -> None:
    nightly_sync(sandbox, warehouse, streams=None, max_left_share=1, rebaseline=rebaseline)
    clock.advance(600)
    segment.members = range(1, 1001)
    nightly_sync(sandbox, warehouse, streams=None, max_left_share=1)
    clock.advance(600)
    warehouse.state = not_ready
    last = nightly_sync(sandbox, warehouse, streams=None, max_left_share=1)
    assert run_row(last)["run_id"] == segment.runs[-1].run_id
    truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == warehouse.members(FULL) == truth
    assert warehouse.members(TABLE) == truth or warehouse.query(STALE)


def test_reevaluated_run_in_progress_is_not_resumed(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    not_ready: dict[str, Any],
) -> None:
    # Its baseline was emitted, but the state of that sync was lost.
    killed = sync(sandbox, streams=CHANGE_STREAMS, state=not_ready, rebaseline=["some"])
    load_partially(warehouse, killed, ("membership_changes", "match_all_runs"), rows=1)
    segment.members = range(50, 400)
    account.restart(segment, segment.runs[1], "id")
    clock.advance(60)
    warehouse.state = not_ready
    nightly_sync(sandbox, warehouse, max_left_share=1)
    assert warehouse.members(LOG) == {segment.segment_id: {*range(50, 400)}}


def test_run_emitted_twice_counts_as_emitted_last(
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    not_ready: dict[str, Any],
) -> None:
    nightly_sync(sandbox, warehouse, streams=None, max_left_share=1, rebaseline=["some"])
    clock.advance(600)
    warehouse.state = not_ready
    again = nightly_sync(sandbox, warehouse, streams=None, max_left_share=1)
    assert run_row(again)["run_id"] == segment.runs[1].run_id
    assert run_row(again)["is_baseline"] is False
    truth = {segment.segment_id: {*range(1, 201)}}
    assert warehouse.members(LOG) == warehouse.members(FULL) == truth
    assert warehouse.members(TABLE) == truth or warehouse.query(STALE)


@pytest.mark.parametrize("records", [True, False])
def test_restored_pair_is_followed_by_a_fresh_run(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    *,
    records: bool,
) -> None:
    account.records_runs = records
    nightly_sync(sandbox, warehouse)
    clock.advance(60)
    segment.members = range(10, 201)
    second = nightly_sync(sandbox, warehouse)
    paired = next(state for state in second.states if '"pair"' in json.dumps(state))
    clock.advance(60)
    segment.members = range(1, 201)
    nightly_sync(sandbox, warehouse)
    clock.advance(60)
    warehouse.state = json.loads(json.dumps(paired))
    fourth = nightly_sync(sandbox, warehouse)
    rows = fourth.records("match_all_runs")
    assert [row["run_id"] for row in rows] == [segment.runs[1].run_id, segment.runs[-1].run_id]
    truth = {segment.segment_id: {*range(1, 201)}}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == truth


def test_lost_rebaseline_is_detected_in_memberships(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment.members = range(1, 4022)
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    before = warehouse.state
    nightly_sync(sandbox, warehouse, rebaseline=["some"])
    warehouse.state = json.loads(json.dumps(before))
    clock.advance(3600)
    segment.members = range(21, 4042)
    nightly_sync(sandbox, warehouse)
    truth = {segment.segment_id: {*range(21, 4042)}}
    assert warehouse.members(LOG) == truth
    assert warehouse.members(TABLE) != truth
    assert first_column(warehouse.query(STALE)) == {segment.segment_id}
    clock.advance(3600)
    nightly_sync(sandbox, warehouse, rebaseline=["some"])
    assert warehouse.members(TABLE) == truth
    assert warehouse.query(STALE) == warehouse.query(EXACT) == []


def test_two_states_in_one_schema_are_detected(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    states: list[dict[str, Any] | None] = [None, None]
    for number in range(4):
        segment.members = range(10 * number + 1, 10 * number + 201)
        warehouse.state = states[number % 2]
        nightly_sync(sandbox, warehouse)
        states[number % 2] = warehouse.state
        clock.advance(3600)
    truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == truth
    assert warehouse.members(TABLE) != truth
    assert first_column(warehouse.query(STALE)) == {segment.segment_id}
