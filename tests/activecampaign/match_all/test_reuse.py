"""Reuse: an evaluation that ActiveCampaign has just made is read instead of starting one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.recorded import origins, record_days, requested_runs
from tests.support.sync import CHANGE_STREAMS, RUN_STREAMS
from tests.support.warehouse import FULL, INCOMPLETE, LOG, TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.sandbox import Account, Run, Sandbox, Segment
    from tests.support.clocks import SharedClock
    from tests.support.warehouse import Warehouse

HOUR = 3600


def evaluate(
    account: Account, segment: Segment, members: Sequence[int], age: float = 60, sort: str = "id"
) -> Run:
    """Let ActiveCampaign evaluate the segment `age` seconds ago."""
    segment.members = members
    return segment.record_run(account.clock.time() - age, members, sort=sort)


def evaluation_requests(sandbox: Sandbox) -> list[str]:
    """Return the paths that start or read runs."""
    return [each.path for each in sandbox.requests if "/segmentMatch" in each.path]


@pytest.fixture
def second_night(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> Warehouse:
    """A warehouse after a sync of 200 contacts, a day ago."""
    nightly_sync(sandbox, warehouse)
    clock.advance(24 * HOUR)
    sandbox.clear_requests()
    assert segment.members
    return warehouse


def test_a_young_run_is_read_instead_of_starting_one(
    account: Account, sandbox: Sandbox, segment: Segment, second_night: Warehouse
) -> None:
    run = evaluate(account, segment, range(5, 204))
    synced = nightly_sync(sandbox, second_night, reuse_runs_within=HOUR)
    row = run_row(synced)
    assert (row["run_id"], row["origin"], row["run_number"]) == (run.run_id, "activecampaign", 2)
    assert changes(synced) == {"joined": {201, 202, 203}, "left": {1, 2, 3, 4}}
    assert len(segment.runs) == 2
    assert "recorded runs read 1" in synced.log


def test_without_the_setting_a_run_is_started(
    account: Account, sandbox: Sandbox, segment: Segment, second_night: Warehouse
) -> None:
    evaluate(account, segment, range(5, 204))
    assert origins(nightly_sync(sandbox, second_night)) == ["tap"]


def test_an_older_run_is_not_reused(
    account: Account, sandbox: Sandbox, segment: Segment, second_night: Warehouse
) -> None:
    evaluate(account, segment, range(5, 204), age=2 * HOUR)
    assert origins(nightly_sync(sandbox, second_night, reuse_runs_within=HOUR)) == ["tap"]


def test_a_run_from_before_the_last_edit_is_not_reused(
    account: Account, sandbox: Sandbox, segment: Segment, second_night: Warehouse
) -> None:
    evaluate(account, segment, range(5, 204))
    segment.edit(description="other")
    assert origins(nightly_sync(sandbox, second_night, reuse_runs_within=HOUR)) == ["tap"]


@pytest.mark.parametrize("flaw", ["gone", "short", "anew"])
def test_a_run_that_cannot_be_proved_is_not_reused(
    account: Account, sandbox: Sandbox, segment: Segment, second_night: Warehouse, flaw: str
) -> None:
    run = evaluate(account, segment, range(5, 204))
    if flaw == "gone":
        run.expires_at = run.started
    elif flaw == "short":
        run.members = run.members[1:]
    else:
        run.started += 2 * HOUR
        run.ended += 2 * HOUR
    synced = nightly_sync(sandbox, second_night, reuse_runs_within=HOUR)
    assert origins(synced) == ["tap"]
    assert second_night.members(LOG) == {segment.segment_id: {*range(5, 204)}}
    assert len(requested_runs(sandbox)) == 1


def test_the_predecessor_costs_nothing(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    clock.advance(60)
    sandbox.clear_requests()
    synced = nightly_sync(sandbox, warehouse, reuse_runs_within=HOUR)
    assert synced.exit_code == 0
    assert synced.records("match_all_runs") == []
    assert evaluation_requests(sandbox) == []
    assert warehouse.members(TABLE) == {segment.segment_id: {*segment.members}}


def test_an_edit_is_looked_up_once(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    clock.advance(60)
    segment.edit(description="other")
    sandbox.clear_requests()
    assert origins(nightly_sync(sandbox, warehouse, reuse_runs_within=HOUR)) == ["tap"]
    looked_up = f"/segmentsV2/{segment.segment_id}"
    assert [each.path.endswith(looked_up) for each in sandbox.requests].count(True) == 1


def test_a_sync_of_runs_alone_costs_nothing_either(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse, streams={"match_all_runs"})
    clock.advance(60)
    sandbox.clear_requests()
    synced = nightly_sync(sandbox, warehouse, streams={"match_all_runs"}, reuse_runs_within=HOUR)
    assert (synced.exit_code, evaluation_requests(sandbox)) == (0, [])
    assert segment.members


def test_the_full_result_is_read_again_for_the_target(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse, streams=RUN_STREAMS)
    clock.advance(60)
    settings = {"streams": RUN_STREAMS, "reuse_runs_within": HOUR}
    synced = nightly_sync(sandbox, warehouse, **settings)
    assert len(synced.records("match_all_results")) == 200
    assert warehouse.members(FULL) == {segment.segment_id: {*segment.members}}
    assert len(segment.runs) == 1


@pytest.mark.parametrize(("sort", "origin"), [("id", "activecampaign"), ("-id", "tap")])
def test_ranks_come_from_a_run_in_the_order_of_sort(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    second_night: Warehouse,
    sort: str,
    origin: str,
) -> None:
    evaluate(account, segment, range(5, 204), sort=sort)
    settings = {"streams": RUN_STREAMS, "reuse_runs_within": HOUR}
    synced = nightly_sync(sandbox, second_night, **settings)
    assert origins(synced) == [origin]
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [*range(5, 204)]
    assert second_night.query(INCOMPLETE) == []


def test_a_recorded_predecessor_is_never_evaluated_again(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    second_night: Warehouse,
    clock: SharedClock,
) -> None:
    run = evaluate(account, segment, range(5, 204), sort="-email")
    nightly_sync(sandbox, second_night, reuse_runs_within=HOUR)
    clock.advance(24 * HOUR)
    segment.members = range(6, 204)
    synced = nightly_sync(sandbox, second_night)
    assert changes(synced) == {"joined": set(), "left": {5}}
    assert run.sort == "-email"
    assert second_night.members(TABLE) == {segment.segment_id: {*range(6, 204)}}


def test_another_users_run_is_not_compared(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    account.filters_when_made = True
    token = account.add_token("7", hides=lambda contact: contact % 2 == 0)
    nightly_sync(sandbox, warehouse, api_token=token)
    clock.advance(24 * HOUR)
    evaluate(account, segment, range(5, 204))
    settings = {"api_token": token, "reuse_runs_within": HOUR, "max_left_share": 1}
    synced = nightly_sync(sandbox, warehouse, **settings)
    assert origins(synced) == ["tap"]
    assert changes(synced) == {"joined": {201, 203}, "left": {1, 3}}
    assert any("recorded runs are left out" in line for line in synced.warnings)


def test_a_run_of_other_eyes_as_predecessor_means_a_baseline(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    account.filters_when_made = True
    token = account.add_token("7", hides=lambda contact: contact % 2 == 0)
    evaluate(account, segment, range(1, 201))
    settings = {"api_token": token, "max_left_share": 1}
    first = nightly_sync(sandbox, warehouse, reuse_runs_within=HOUR, **settings)
    assert origins(first) == ["activecampaign"]
    clock.advance(24 * HOUR)
    second = nightly_sync(sandbox, warehouse, **settings)
    assert changes(second)["left"] == set()
    assert run_row(second)["is_baseline"]
    assert warehouse.members(LOG) == {segment.segment_id: {*range(1, 201, 2)}}


def test_reuse_ends_a_backfill(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    record_days(account, segment, 3)
    evaluate(account, segment, segment.members)
    settings = {"backfill_days": 9, "reuse_runs_within": HOUR}
    synced = nightly_sync(sandbox, warehouse, streams=CHANGE_STREAMS, **settings)
    assert origins(synced) == ["activecampaign"] * 4
    assert warehouse.members(TABLE) == {segment.segment_id: {*segment.members}}
