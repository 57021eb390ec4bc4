"""Acquire: a difference whose rows were emitted in part is finished first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.nightly import changes, cut_in_difference, nightly_sync, run_row, run_state
from tests.support.sync import CHANGE_STREAMS, RUN_STREAMS, sync
from tests.support.warehouse import LOG, STALE, TABLE, Warehouse

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


@pytest.fixture
def lost_night(sandbox: Sandbox, segment: Segment, clock: SharedClock) -> Warehouse:
    """A warehouse after three syncs; the third was killed three rows into its difference."""
    warehouse = Warehouse()
    warehouse.load(sync(sandbox, streams=CHANGE_STREAMS).messages)
    clock.advance(3600)
    segment.members = [*range(6, 201), 300]
    warehouse.load(sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state).messages)
    clock.advance(3600)
    # Contact 10 leaves in the sync that is lost, and joins again after it.
    segment.members = [each for each in segment.members if each not in {10, 11, 12}] + [301, 302]
    third = sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state)
    warehouse.load(cut_in_difference(third.messages, 3))
    segment.members = [*segment.members, 10, 400]
    clock.advance(60)
    return warehouse


@pytest.mark.parametrize(
    "settings", [{}, {"resume_within": 1}, {"sort": "email"}, {"max_left_share": 0.0}]
)
def test_unfinished_difference_is_finished_first(
    sandbox: Sandbox, segment: Segment, lost_night: Warehouse, settings: dict[str, Any]
) -> None:
    assert lost_night.state
    pair = run_state(lost_night.state)["pair"]["run_id"]
    fourth = sync(sandbox, streams=CHANGE_STREAMS, state=lost_night.state, **settings)
    assert fourth.exit_code == 0
    lost_night.load(fourth.messages)
    rows = fourth.records("match_all_runs")
    assert rows[0]["run_id"] == pair
    assert len(rows) == (2 if settings == {"resume_within": 1} else 1)
    assert not any(row["is_baseline"] for row in rows)
    truth = {*segment.runs[-1].members}
    assert lost_night.members(LOG) == {segment.segment_id: truth}
    assert lost_night.members(TABLE) == {segment.segment_id: truth}
    assert lost_night.query("stale rows in memberships") == []


def test_pair_with_expired_results_becomes_a_baseline(
    account: Account, sandbox: Sandbox, segment: Segment, lost_night: Warehouse
) -> None:
    account.expire_runs()
    fourth = sync(sandbox, streams=CHANGE_STREAMS, state=lost_night.state)
    lost_night.load(fourth.messages)
    [row] = fourth.records("match_all_runs")
    assert row["is_baseline"] is True
    assert any("a baseline follows" in line for line in fourth.warnings)
    truth = {segment.segment_id: {*segment.members}}
    assert lost_night.members(LOG) == lost_night.members(TABLE) == truth


@pytest.mark.parametrize("settings", [{}, {"rebaseline": ["some"]}])
def test_reevaluated_run_is_not_resumed(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    half_difference: Warehouse,
    clock: SharedClock,
    settings: dict[str, Any],
) -> None:
    warehouse = half_difference
    segment.members = range(20, 150)
    account.restart(segment, segment.runs[1], "id")
    clock.advance(60)
    last = sync(sandbox, streams=RUN_STREAMS, state=warehouse.state, max_left_share=1, **settings)
    assert last.exit_code == 0
    warehouse.load(last.messages)
    truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == truth
    assert last.records("match_all_runs")[-1]["run_id"] != segment.runs[1].run_id


def test_baseline_of_a_reevaluated_run_starts_anew(
    account: Account, sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    segment.evaluation_seconds = 30
    first = sync(sandbox, streams=CHANGE_STREAMS)
    warehouse = Warehouse().load(cut_in_difference(first.messages, 150))
    segment.evaluation_seconds = 0
    segment.members = range(100, 300)
    account.restart(segment, segment.runs[0], "id")
    clock.advance(60)
    second = sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state)
    warehouse.load(second.messages)
    assert warehouse.members(LOG) == {segment.segment_id: set(range(100, 300))}


@pytest.mark.parametrize("fails", [False, True], ids=["then well", "then failing"])
def test_older_run_does_not_overwrite_newer_results(
    sandbox: Sandbox,
    segment: Segment,
    half_difference: Warehouse,
    clock: SharedClock,
    *,
    fails: bool,
) -> None:
    warehouse = half_difference
    segment.members = range(10, 207)
    streams = {"match_all_runs", "match_all_results"}
    warehouse.load(sync(sandbox, streams=streams, state=warehouse.state).messages)
    clock.advance(60)
    if fails:
        sandbox.faults.add(Fault("run_fails", times=None))
    last = sync(sandbox, streams=RUN_STREAMS, state=warehouse.state)
    assert last.exit_code == fails
    warehouse.load(last.messages)
    truth = {segment.segment_id: set(range(10, 207))}
    assert warehouse.members("current members from the full result") == truth
    if not fails:
        assert warehouse.members(LOG) == warehouse.members(TABLE) == truth


@pytest.mark.parametrize("kind", ["deleted", "duplicate", "missing_row", "digits", "no_end"])
def test_pair_with_a_changed_run_becomes_a_baseline(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    second_night: Warehouse,
    clock: SharedClock,
    kind: str,
) -> None:
    segment.members = range(11, 221)
    killed = sync(sandbox, streams=CHANGE_STREAMS, state=second_night.state)
    second_night.load(cut_in_difference(killed.messages, 5))
    clock.advance(60)
    if kind == "deleted":
        account.delete_contact(100)
    else:
        fault = Fault(kind, "read", segment_id=segment.segment_id, times=None)
        sandbox.faults.add(fault)
    third = nightly_sync(sandbox, second_night)
    assert third.exit_code == 0
    is_proved = kind in {"digits", "no_end"}
    assert third.records("match_all_runs")[0]["is_baseline"] is not is_proved
    truth = {segment.segment_id: {*segment.members}}
    assert second_night.members(LOG) == second_night.members(TABLE) == truth


@pytest.fixture
def cut_baseline(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> str:
    """The run of an unfinished baseline, made because the previous run seemed to be gone."""
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.members = range(11, 211)
    segment.evaluation_seconds = 30
    previous = segment.runs[0]
    expires_at, previous.expires_at = previous.expires_at, 0.0
    second = sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state)
    previous.expires_at = expires_at
    segment.evaluation_seconds = 0
    assert run_row(second)["is_baseline"] is True
    warehouse.load(cut_in_difference(second.messages, 50))
    clock.advance(60)
    return str(run_row(second)["run_id"])


def test_unfinished_baseline_is_finished(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, cut_baseline: str
) -> None:
    third = nightly_sync(sandbox, warehouse)
    assert run_row(third)["run_id"] == cut_baseline
    assert run_row(third)["is_baseline"] is True
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*range(11, 211)}}
    )


def test_changed_unfinished_baseline_is_left_for_a_difference(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    cut_baseline: str,
) -> None:
    previous, run = segment.runs
    assert run.run_id == cut_baseline
    segment.members = range(21, 221)
    account.restart(segment, run, "id")
    clock.advance(60)
    third = nightly_sync(sandbox, warehouse)
    assert run_row(third)["previous_run_id"] == previous.run_id
    assert changes(third) == {"joined": {*range(201, 221)}, "left": {*range(1, 21)}}
    assert warehouse.members(LOG) == {segment.segment_id: {*range(21, 221)}}
    assert warehouse.members(TABLE) == warehouse.members(LOG) or warehouse.query(STALE)
