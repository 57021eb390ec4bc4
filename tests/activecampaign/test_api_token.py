"""A pipeline's life: long pauses, another key, segments that are deleted or renamed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault
from tests.activecampaign.match_all.test_compare import LOG, TABLE, changes, night, run_of

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.sync import SharedClock, Sync
    from tests.support.warehouse import Warehouse

PAST = "members at a past date"
EXISTING = "current members of segments that exist"
DAY = 86_400.0


def now(clock: SharedClock) -> str:
    """The present as a statement has it."""
    return f"{clock.now():%Y-%m-%d %H:%M:%S}"


def remembered(synced: Sync) -> set[str]:
    """The segments whose runs are in the state."""
    entries = synced.state["bookmarks"]["match_all_runs"]["partitions"]
    return {entry["context"]["segment_id"] for entry in entries}


def activated(synced: Sync) -> set[str | None]:
    return {stream for kind, stream in synced.types if kind == "ACTIVATE_VERSION"}


def predecessors(synced: Sync) -> dict[str, str | None]:
    """The runs that those of a sync were compared with, by segment."""
    return {row["segment_id"]: row["previous_run_id"] for row in synced.records("match_all_runs")}


def listing(house: Warehouse) -> dict[str, str | None]:
    """The names of the segments that exist, by id."""
    return {segment_id: name for segment_id, name, *_ in house.ask("segments that exist")}


# A pause of over 90 days.


def test_after_a_long_pause_members_and_past_dates_are_right(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    dates: list[str] = []
    for members, days in ((range(1, 201), 1), (range(11, 211), 50), (range(21, 221), 41)):
        segment.members = members
        if len(dates) < 2:
            night(sandbox, house)
        clock.advance(days * DAY)
        dates.append(now(clock))
    third = night(sandbox, house)
    assert run_of(third)["is_baseline"] is True
    [warning] = third.warnings
    assert "a baseline follows" in warning
    assert changes(third)["left"] == set()
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*range(21, 221)}}
    # The last one is in the pause: what was known then is what the run before it found.
    for at, members in zip(dates, (range(1, 201), range(11, 211), range(11, 211)), strict=True):
        assert house.members(PAST, at=at) == {segment.segment_id: {*members}}


def test_after_a_long_pause_the_circuit_breaker_compares_the_totals(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house)
    before = house.members(LOG)
    clock.advance(91 * DAY)
    segment.members = range(1001, 1051)
    second = night(sandbox, house)
    assert second.exit_code == 1
    [line] = second.errors
    assert "150 of 200 members left at once" in line
    assert house.members(LOG) == house.members(TABLE) == before
    assert night(sandbox, house, max_left_share=1).exit_code == 0
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*segment.members}}


# Another key.


def test_another_key_goes_on_from_the_state_and_the_old_one_loses_nothing(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = night(sandbox, house)
    old = sandbox.token
    monkeypatch.setattr(Account, "token", "the-key-of-another-user")
    account.refusal_status = 401
    segment.members = [*range(3, 201), 500]
    sandbox.clear_requests()
    refused = night(sandbox, house, api_token=old)
    assert refused.exit_code == 1
    assert refused.messages == []
    [line] = refused.errors
    assert "answered 401" in line
    assert len(sandbox.requests) == 1
    second = night(sandbox, house)
    assert second.exit_code == 0
    assert run_of(second)["previous_run_id"] == run_of(first)["run_id"]
    assert changes(second) == {"joined": {500}, "left": {1, 2}}


def test_a_key_revoked_during_a_sync_loses_nothing(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segments = [account.add_segment(f"number {each}", range(each, 50)) for each in range(6)]
    night(sandbox, house)
    for each in segments:
        each.members = [*each.members[2:], 100]
    sandbox.faults.add(Fault("status", operation="start", status=401, after=3, times=None))
    sandbox.clear_requests()
    revoked = night(sandbox, house, max_concurrent_requests=1)
    assert revoked.exit_code == 1
    assert len(revoked.errors) == 1
    assert [each.status for each in sandbox.requests].count(401) == 1
    assert remembered(revoked) == {each.segment_id for each in segments}
    sandbox.faults.clear()
    last = night(sandbox, house)
    assert last.exit_code == 0
    assert None not in predecessors(last).values()
    truth = {each.segment_id: {*each.members} for each in segments}
    assert house.members(LOG) == house.members(TABLE) == truth


def test_a_key_that_may_not_list_segments_writes_nothing(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house)
    segment.members = range(5, 201)
    sandbox.faults.add(Fault("status", operation="list", status=403, times=None))
    forbidden = night(sandbox, house)
    assert forbidden.exit_code == 1
    assert forbidden.messages == []
    [line] = forbidden.errors
    assert "answered 403: check the rights and the plan of the key" in line
    sandbox.faults.clear()
    assert changes(night(sandbox, house)) == {"joined": set(), "left": {1, 2, 3, 4}}


@pytest.mark.parametrize("look_up", [200, 403])
def test_a_key_that_sees_fewer_segments_drops_nothing(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, look_up: int
) -> None:
    hidden = account.add_segment("hidden", range(1, 21))
    settings: dict[str, Any] = {"streams": None, "emit_activate_version_messages": True}

    def without_hidden(body: dict[str, Any]) -> dict[str, Any]:
        kept = [each for each in body["data"] if hidden.segment_id not in json.dumps(each)]
        return {**body, "data": kept}

    first = night(sandbox, house, **settings)
    assert activated(first) == {"match_all_results", "segments"}
    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=without_hidden))
    if look_up != 200:
        refusal = Fault("status", operation="segment", status=look_up, times=None)
        refusal.segment_id = hidden.segment_id
        sandbox.faults.add(refusal)
    hidden.members = range(3, 21)
    second = night(sandbox, house, **settings)
    assert second.exit_code == 0
    assert any(hidden.segment_id in line for line in second.warnings)
    assert activated(second) == set()
    assert remembered(second) == {segment.segment_id, hidden.segment_id}
    assert house.members(LOG)[hidden.segment_id] == {*range(1, 21)}
    assert listing(house) == {segment.segment_id: "some"}
    sandbox.faults.clear()
    third = night(sandbox, house, **settings)
    assert activated(third) == {"match_all_results", "segments"}
    run, *_ = hidden.runs
    assert predecessors(third)[hidden.segment_id] == run.run_id
    assert house.members(LOG)[hidden.segment_id] == {*range(3, 21)}


# Segments that are deleted or renamed.


def test_a_deleted_segment_is_looked_up_once_and_its_rows_can_be_left_out(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    gone = account.add_segment("gone", range(1, 21))
    night(sandbox, house, streams=None)
    clock.advance(DAY)
    account.remove(gone)
    segment.members = range(3, 203)
    sandbox.clear_requests()
    second = night(sandbox, house, streams=None)
    assert second.exit_code == 0
    assert second.warnings == []
    assert remembered(second) == {segment.segment_id}
    clock.advance(DAY)
    night(sandbox, house, streams=None)
    assert [each.status for each in sandbox.requests if gone.segment_id in each.path] == [404]
    assert listing(house) == {segment.segment_id: "some"}
    members = {segment.segment_id: {*range(3, 203)}}
    assert house.members(LOG) == house.members(TABLE)
    assert house.members(LOG) == members | {gone.segment_id: {*range(1, 21)}}
    assert house.members(EXISTING) == members


def test_a_renamed_segment_keeps_its_chain_and_has_one_more_definition(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    first = night(sandbox, house, streams=None)
    clock.advance(DAY)
    segment.edit(name="another name")
    segment.members = range(3, 203)
    second = night(sandbox, house, streams=None)
    assert run_of(second)["previous_run_id"] == run_of(first)["run_id"]
    assert run_of(second)["definition_changed"] is True
    assert listing(house) == {segment.segment_id: "another name"}
    assert [row["name"] for row in house.rows("segment_definitions")] == ["some", "another name"]
    assert house.members(LOG) == house.members(EXISTING) == {segment.segment_id: {*range(3, 203)}}


def test_a_pattern_that_a_renamed_segment_no_longer_matches_fails_until_it_is_corrected(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    first = night(sandbox, house, segment_names=["some*"])
    segment.edit(name="another name")
    segment.members = range(3, 203)
    for _ in range(2):
        renamed = night(sandbox, house, segment_names=["some*"])
        assert renamed.exit_code == 1
        [line] = renamed.errors
        assert "no saved segment matches 'some*'" in line
        assert remembered(renamed) == {segment.segment_id}
    corrected = night(sandbox, house, segment_names=["another*"])
    assert run_of(corrected)["previous_run_id"] == run_of(first)["run_id"]
    assert changes(corrected) == {"joined": {201, 202}, "left": {1, 2}}
