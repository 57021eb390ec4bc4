"""Recorded runs where the API refuses, flickers, or shows other contacts, and after kills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support.clocks import DAY
from tests.support.nightly import changes, nightly_sync, run_state
from tests.support.recorded import members_on, origins, record_days, run_ids
from tests.support.sync import CHANGE_STREAMS, RUN_STREAMS, sync
from tests.support.warehouse import FULL, INCOMPLETE, LOG, STALE, TABLE

if TYPE_CHECKING:
    from typing import Any

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.clocks import SharedClock
    from tests.support.warehouse import Warehouse


def cut_after(messages: list[dict[str, Any]], stream: str, rows: int) -> list[dict[str, Any]]:
    """Return the messages up to a kill after some rows of a stream."""
    places = [
        place
        for place, message in enumerate(messages)
        if message.get("stream") == stream and message["type"] == "RECORD"
    ]
    return messages[: places[rows]]


def test_a_difference_without_leavers_confirms_nothing(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    account.filters_when_made = True
    token = account.add_token("7", hides=lambda contact: contact % 2 == 0)
    segment.members = range(1, 200, 2)
    segment.record_run(account.clock.time() - DAY, segment.members)
    first = nightly_sync(sandbox, warehouse, api_token=token, backfill_days=30)
    assert "view" not in run_state(first.state)
    clock.advance(3 * DAY)
    segment.members = range(1, 220)
    segment.record_run(account.clock.time() - DAY, segment.members)
    second = nightly_sync(sandbox, warehouse, api_token=token, backfill_days=30)
    assert origins(second) == ["tap"]
    assert changes(second) == {"joined": {*range(201, 220, 2)}, "left": set()}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("gateway_404", "match", times=None),
        Fault("gateway_404", "count_history", times=None),
        Fault("not_found", "count_history", times=None),
        Fault("status", "count_history", status=403, times=None),
        Fault("status", "count_history", status=400, times=None),
    ],
    ids=lambda fault: f"{fault.operation} {fault.kind} {fault.status}",
)
def test_a_refused_endpoint_fails_no_segment(
    account: Account, sandbox: Sandbox, segment: Segment, fault: Fault
) -> None:
    record_days(account, segment, 5)
    segment.members = range(50, 112)
    sandbox.faults.add(fault)
    synced = sync(sandbox, streams=CHANGE_STREAMS, backfill_days=30)
    assert (synced.exit_code, origins(synced)) == (0, ["tap"])
    assert any("recorded runs" in line for line in synced.warnings)


@pytest.mark.parametrize("operation", ["match", "count_history"])
def test_an_endpoint_that_does_not_answer_fails_the_segment_for_this_night(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, operation: str
) -> None:
    runs = record_days(account, segment, 5)
    segment.members = range(50, 112)
    sandbox.faults.add(Fault("status", operation, status=503, times=None))
    assert nightly_sync(sandbox, warehouse, backfill_days=30).exit_code == 1
    sandbox.faults.clear()
    synced = nightly_sync(sandbox, warehouse, backfill_days=30)
    # The run of the failed night is in the count history too.
    assert run_ids(synced)[:5] == [run.run_id for run in runs]


def test_a_run_within_the_run_before_it_is_left_out(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment.members = members_on(0)
    segment.evaluation_seconds = 3000
    nightly_sync(sandbox, warehouse, backfill_days=30)
    segment.evaluation_seconds = 0
    within = segment.record_run(segment.runs[-1].started + 600, members_on(1), seconds=10)
    clock.advance(3 * DAY)
    segment.record_run(account.clock.time() - DAY, members_on(2))
    segment.members = members_on(3)
    synced = nightly_sync(sandbox, warehouse, backfill_days=30)
    assert within.run_id not in run_ids(synced)
    rows = synced.records("membership_changes")
    assert all(row["changed_at"] > row["previous_run_id_end"] for row in rows)


def test_an_old_run_that_was_evaluated_anew_hides_no_missed_night(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment.members = members_on(0)
    nightly_sync(sandbox, warehouse, backfill_days=30)
    previous = segment.runs[-1]
    clock.advance(6 * DAY)
    runs = record_days(account, segment, 4)
    segment.members = members_on(0)
    account.restart(segment, previous, "id")
    clock.advance(3600)
    segment.members = members_on(5)
    synced = nightly_sync(sandbox, warehouse, backfill_days=30)
    assert run_ids(synced)[:-1] == [run.run_id for run in runs]
    assert warehouse.members(TABLE) == {segment.segment_id: {*segment.members}}


@pytest.mark.parametrize("rows", [5, 150])
def test_a_killed_rebaseline_is_resumed_without_the_setting(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    rows: int,
) -> None:
    segment.members = members_on(0)
    nightly_sync(sandbox, warehouse, backfill_days=30)
    clock.advance(6 * DAY)
    record_days(account, segment, 4)
    settings: dict[str, Any] = {"backfill_days": 30, "rebaseline": ["some"]}
    killed = sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state, **settings)
    rows = min(rows, len(killed.records("memberships")) - 1)
    warehouse.load(cut_after(killed.messages, "memberships", rows))
    nightly_sync(sandbox, warehouse, backfill_days=30)
    truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == truth
    assert warehouse.query(STALE) == []


def test_a_reused_run_without_ranks_is_followed_by_one_with_ranks(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse, streams=RUN_STREAMS)
    clock.advance(DAY)
    segment.members = range(5, 204)
    segment.record_run(account.clock.time() - 60, segment.members, sort="email")
    settings: dict[str, Any] = {"reuse_runs_within": 3600}
    killed = sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state, **settings)
    warehouse.load(cut_after(killed.messages, "membership_changes", 1))
    nightly_sync(sandbox, warehouse, streams=RUN_STREAMS, **settings)
    assert warehouse.members(FULL) == {segment.segment_id: {*segment.members}}
    assert warehouse.query(INCOMPLETE) == []


def test_runs_that_stay_unread_are_counted(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    runs = record_days(account, segment, 30)
    for run in runs[5:16]:
        run.members = run.members[1:]
    synced = sync(sandbox, streams=CHANGE_STREAMS, backfill_days=60)
    assert "recorded runs incomplete 10" in synced.log
    assert f"recorded runs unread {30 - 5 - 10 - 1}" in synced.log


def test_many_segments_at_once(account: Account, sandbox: Sandbox, clock: SharedClock) -> None:
    segments = [
        account.add_segment(f"s{number}", evaluation_seconds=number % 3 * 10)
        for number in range(30)
    ]
    for segment in segments:
        record_days(account, segment, 6)
    synced = sync(sandbox, streams=CHANGE_STREAMS, backfill_days=30)
    assert synced.exit_code == 0
    assert len(synced.records("match_all_runs")) == 30 * 7
    assert clock.time()
