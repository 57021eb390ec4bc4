"""Whose eyes see the results: those of the API token's user."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support import sync
from tests.test_membership import LOG, TABLE, changes, night, run_of

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support import SharedClock
    from tests.warehouse import Warehouse


def high(contact: int) -> bool:
    """Hide every contact whose last digit is 7 or more."""
    return contact % 10 >= 7


def asked_for_user(sandbox: Sandbox) -> int:
    return sum(request.path.endswith("/users/me") for request in sandbox.requests)


def test_a_user_who_sees_less_makes_nobody_leave(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("some", range(1, 1001))
    night(sandbox, house)
    clock.advance(3600)
    second = night(sandbox, house, api_token=account.add_token("2", hides=high))
    assert second.exit_code == 0
    assert changes(second)["left"] == set()
    assert run_of(second)["is_baseline"] is True
    assert any("user of this API token" in line for line in second.warnings)
    seen = {segment.segment_id: {each for each in segment.members if not high(each)}}
    assert house.members(LOG) == house.members(TABLE) == seen
    clock.advance(3600)
    third = night(sandbox, house)
    assert changes(third)["left"] == set()
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*segment.members}}


def test_another_token_of_the_same_user_changes_nothing(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    first = night(sandbox, house)
    clock.advance(3600)
    segment.members = range(3, 203)
    second = night(sandbox, house, api_token=account.add_token("1"))
    assert run_of(second)["previous_run_id"] == run_of(first)["run_id"]
    assert changes(second) == {"joined": {201, 202}, "left": {1, 2}}
    assert second.warnings == []


def test_the_user_is_asked_for_once_a_token(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house)
    assert asked_for_user(sandbox) == 1
    night(sandbox, house)
    assert asked_for_user(sandbox) == 1
    night(sandbox, house, api_token=account.add_token("1"))
    assert asked_for_user(sandbox) == 2
    assert segment.members


def test_a_user_who_cannot_be_told_counts_as_another_one_with_another_token(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    account.names_user = False
    night(sandbox, house)
    clock.advance(3600)
    segment.members = range(3, 201)
    second = night(sandbox, house)
    assert changes(second) == {"joined": set(), "left": {1, 2}}
    clock.advance(3600)
    third = night(sandbox, house, api_token=account.add_token("1"))
    assert run_of(third)["is_baseline"] is True
    assert any("cannot be told" in line for line in third.warnings)


@pytest.mark.parametrize("status", [404, 500])
def test_an_api_that_does_not_tell_the_user_stops_nothing(
    sandbox: Sandbox, segment: Segment, house: Warehouse, status: int
) -> None:
    sandbox.faults.add(Fault("status", "user", times=None, status=status))
    first = night(sandbox, house)
    assert first.exit_code == 0
    assert any("the user of the API token is unknown" in line for line in first.warnings)
    assert len(changes(first)["joined"]) == len(segment.members)


def test_a_state_that_knows_no_user_counts_as_the_same_users(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house)
    state = house.state
    assert state
    [entry] = state["bookmarks"]["match_all_runs"]["partitions"]
    for facts in entry["match_all"].values():
        facts.pop("viewer", None)
    for name in ("token_digest", "user_id"):
        del state["bookmarks"]["segments"][name]
    clock.advance(3600)
    segment.members = range(3, 201)
    assert changes(night(sandbox, house))["left"] == {1, 2}


def test_a_segment_that_failed_under_the_new_token_is_compared_with_nothing_later(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house)
    clock.advance(3600)
    token = account.add_token("2", hides=high)
    sandbox.faults.add(Fault("run_fails", times=None))
    assert night(sandbox, house, api_token=token).exit_code == 1
    sandbox.faults.clear()
    clock.advance(3600)
    third = night(sandbox, house, api_token=token)
    assert changes(third)["left"] == set()
    assert run_of(third)["is_baseline"] is True
    assert segment.members


def test_a_run_of_another_user_is_not_taken_up_again(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    segment.evaluation_seconds = 600
    night(sandbox, house, run_timeout=30)
    segment.evaluation_seconds = 0
    clock.advance(900)
    night(sandbox, house, api_token=account.add_token("2", hides=high))
    assert len(segment.runs) == 2


def test_the_state_holds_the_token_as_a_digest_alone(sandbox: Sandbox, segment: Segment) -> None:
    synced = sync(sandbox)
    assert sandbox.token not in json.dumps(synced.state)
    assert synced.state["bookmarks"]["segments"]["user_id"] == "1"
    assert segment.members
