"""The API token's user: results are compared only between the same user's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.sync import sync
from tests.support.warehouse import LOG, TABLE, Warehouse

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


def ends_in_7_or_more(contact: int) -> bool:
    """Hide every contact whose last digit is 7 or more."""
    return contact % 10 >= 7


def test_user_who_sees_less_makes_nobody_leave(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("some", range(1, 1001))
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    second = nightly_sync(
        sandbox, warehouse, api_token=account.add_token("2", hides=ends_in_7_or_more)
    )
    assert second.exit_code == 0
    assert changes(second)["left"] == set()
    assert run_row(second)["is_baseline"] is True
    assert any("user of this API token" in line for line in second.warnings)
    seen = {segment.segment_id: {each for each in segment.members if not ends_in_7_or_more(each)}}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == seen
    clock.advance(3600)
    third = nightly_sync(sandbox, warehouse)
    assert changes(third)["left"] == set()
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*segment.members}}
    )


def test_other_token_of_the_same_user_changes_nothing(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    first = nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.members = range(3, 203)
    second = nightly_sync(sandbox, warehouse, api_token=account.add_token("1"))
    assert run_row(second)["previous_run_id"] == run_row(first)["run_id"]
    assert changes(second) == {"joined": {201, 202}, "left": {1, 2}}
    assert second.warnings == []


def user_requests(sandbox: Sandbox) -> int:
    return sum(request.path.endswith("/users/me") for request in sandbox.requests)


def test_user_is_requested_once_per_token(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse)
    assert user_requests(sandbox) == 1
    nightly_sync(sandbox, warehouse)
    assert user_requests(sandbox) == 1
    nightly_sync(sandbox, warehouse, api_token=account.add_token("1"))
    assert user_requests(sandbox) == 2
    assert segment.members


def test_unknown_user_with_another_token_counts_as_another(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    account.names_user = False
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.members = range(3, 201)
    second = nightly_sync(sandbox, warehouse)
    assert changes(second) == {"joined": set(), "left": {1, 2}}
    clock.advance(3600)
    third = nightly_sync(sandbox, warehouse, api_token=account.add_token("1"))
    assert run_row(third)["is_baseline"] is True
    assert any("cannot be told" in line for line in third.warnings)


@pytest.mark.parametrize("status", [404, 500])
def test_failed_user_request_stops_nothing(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, status: int
) -> None:
    sandbox.faults.add(Fault("status", "user", times=None, status=status))
    first = nightly_sync(sandbox, warehouse)
    assert first.exit_code == 0
    assert any("the user of the API token is unknown" in line for line in first.warnings)
    assert len(changes(first)["joined"]) == len(segment.members)


def test_state_without_user_counts_as_the_same_user(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    state = warehouse.state
    assert state
    [entry] = state["bookmarks"]["match_all_runs"]["partitions"]
    for facts in entry["match_all"].values():
        facts.pop("viewer", None)
    for name in ("token_digest", "user_id"):
        del state["bookmarks"]["segments"][name]
    clock.advance(3600)
    segment.members = range(3, 201)
    assert changes(nightly_sync(sandbox, warehouse))["left"] == {1, 2}


def test_failure_under_a_new_token_makes_a_baseline(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    token = account.add_token("2", hides=ends_in_7_or_more)
    sandbox.faults.add(Fault("run_fails", times=None))
    assert nightly_sync(sandbox, warehouse, api_token=token).exit_code == 1
    sandbox.faults.clear()
    clock.advance(3600)
    third = nightly_sync(sandbox, warehouse, api_token=token)
    assert changes(third)["left"] == set()
    assert run_row(third)["is_baseline"] is True
    assert segment.members


def test_run_of_another_user_is_not_resumed(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment.evaluation_seconds = 600
    nightly_sync(sandbox, warehouse, run_timeout=30)
    segment.evaluation_seconds = 0
    clock.advance(900)
    nightly_sync(sandbox, warehouse, api_token=account.add_token("2", hides=ends_in_7_or_more))
    assert len(segment.runs) == 2


def test_state_holds_only_a_digest_of_the_token(sandbox: Sandbox, segment: Segment) -> None:
    synced = sync(sandbox)
    assert sandbox.token not in json.dumps(synced.state)
    assert synced.state["bookmarks"]["segments"]["user_id"] == "1"
    assert segment.members


@pytest.mark.parametrize("token", ["other user", "other token"])
def test_run_without_changes_is_resumed_by_its_token_alone(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    token: str,
) -> None:
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.evaluation_seconds = 600
    hides = ends_in_7_or_more if token == "other user" else None
    other = account.add_token("2" if token == "other user" else "1", hides=hides)
    results = {"match_all_runs", "match_all_results"}
    late = nightly_sync(sandbox, warehouse, streams=results, api_token=other, run_timeout=5)
    assert late.exit_code == 1
    segment.evaluation_seconds = 0
    # As if the vendor filtered when the run is made.
    segment.runs[-1].members = [each for each in segment.members if not ends_in_7_or_more(each)]
    clock.advance(900)
    third = nightly_sync(sandbox, warehouse)
    if token == "other user":
        assert len(segment.runs) == 3
        assert changes(third)["left"] == set()
    else:
        assert len(segment.runs) == 2


def test_full_result_of_another_user_is_not_compared(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    account.records_runs = False
    account.add_segment("many", range(1, 1001))
    results = {"match_all_runs", "match_all_results"}
    nightly_sync(sandbox, warehouse, streams=results)
    clock.advance(3600)
    token = account.add_token("2", hides=lambda contact: contact > 100)
    second = nightly_sync(sandbox, warehouse, streams=results, api_token=token)
    assert second.exit_code == 0
    assert run_row(second)["total"] == 100


def test_transient_404_for_the_user_makes_no_baseline(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    sandbox.faults.add(Fault("not_found", "user"))
    segment.members = range(3, 201)
    second = nightly_sync(sandbox, warehouse, api_token=account.add_token("1"))
    assert changes(second)["left"] == {1, 2}


def test_user_is_requested_again_after_an_outage(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    sandbox.faults.add(Fault("status", "user", times=5, status=503))
    nightly_sync(sandbox, warehouse)
    clock.advance(3600)
    segment.members = range(2, 201)
    assert changes(nightly_sync(sandbox, warehouse))["left"] == {1}
    clock.advance(3600)
    segment.members = range(3, 201)
    assert changes(nightly_sync(sandbox, warehouse, api_token=account.add_token("1")))["left"] == {
        2
    }
