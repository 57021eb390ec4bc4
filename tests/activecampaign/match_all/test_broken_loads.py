"""Loads that break between tables, states of before, and streams that come and go."""

from __future__ import annotations

import json
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.activecampaign.match_all.test_compare import (
    CHANGES,
    FULL,
    LOG,
    TABLE,
    changes,
    night,
    run_of,
)
from tests.activecampaign.match_all.test_unfinished_pairs import cut_in_the_difference
from tests.support.sync import RUN_STREAMS, Sync, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.sync import SharedClock
    from tests.support.warehouse import Warehouse

STALE = "stale rows in memberships"
EXACT = "memberships against the log"
INCOMPLETE = "full result against the latest run"
PAST = "members at a past date"
EXIST = "segments that exist"
IDLE = "runs that do not count"


def load_in_part(house: Warehouse, synced: Sync, tables: tuple[str, ...], rows: int = 0) -> None:
    """Load table by table, but of the last only some rows, and keep no STATE."""
    for stream in tables:
        found = [message for message in synced.messages if message.get("stream") == stream]
        house.load(found[: 1 + rows] if stream == tables[-1] else found)
    house.load(message for message in synced.messages if message["type"] == "SCHEMA")


def test_the_schema_of_a_commit_comes_after_those_of_what_it_commits(
    sandbox: Sandbox, segment: Segment
) -> None:
    schemas = [stream for kind, stream in sync(sandbox).types if kind == "SCHEMA"]
    for child in RUN_STREAMS - {"match_all_runs"}:
        assert schemas.index(child) < schemas.index("match_all_runs")
    assert segment.members


ORDERS = [
    order
    for length in (1, 2, 3)
    for order in permutations(("match_all_runs", "membership_changes", "memberships"), length)
]


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
@pytest.mark.parametrize("nights", [0, 1])
def test_a_load_that_breaks_between_tables_leaves_the_log_as_it_was(
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    order: tuple[str, ...],
    nights: int,
) -> None:
    truth: dict[str, set[int]] = {}
    for _ in range(nights):
        night(sandbox, house)
        truth = {segment.segment_id: {*segment.members}}
        clock.advance(3600)
        segment.members = range(20, 230)
    synced = sync(sandbox, streams=CHANGES, state=house.state)
    load_in_part(house, synced, order, rows=7)
    at = str(clock.now().replace(tzinfo=None))
    arrived = {*order} if order[-1] == "match_all_runs" else {*order[:-1]}
    is_whole = {"match_all_runs", "membership_changes"} <= arrived
    if is_whole:
        truth = {segment.segment_id: {*segment.members}}
    assert house.members(LOG) == truth
    assert house.members(PAST, at=at) == truth
    assert house.members(TABLE) == truth or house.ask(STALE)
    assert bool(house.ask(EXACT)) == (house.members(TABLE) != truth)
    clock.advance(3600)
    segment.members = range(25, 240)
    night(sandbox, house)
    assert house.members(LOG) == {segment.segment_id: {*range(25, 240)}}
    assert house.members(PAST, at=at) == truth
    assert house.members(TABLE) == house.members(LOG) or house.ask(STALE)


@pytest.mark.parametrize("rows", [0, 40, 199])
def test_a_full_result_that_half_arrived_is_found(
    sandbox: Sandbox, segment: Segment, house: Warehouse, rows: int
) -> None:
    synced = sync(sandbox, streams=RUN_STREAMS)
    load_in_part(house, synced, ("match_all_runs", "match_all_results"), rows)
    assert house.ask(INCOMPLETE) == [(segment.segment_id, 200, rows, 0)]
    night(sandbox, house, streams=RUN_STREAMS)
    assert house.ask(INCOMPLETE) == []


@pytest.mark.parametrize("arrived", [0, 1, 15, 39, 40])
def test_a_listing_that_half_arrived_does_not_say_which_segments_exist(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock, arrived: int
) -> None:
    segments = [account.add_segment(f"number {place}") for place in range(41)]
    night(sandbox, house, streams={"segments"})
    before = {each.segment_id for each in segments}
    assert {row[0] for row in house.ask(EXIST)} == before
    account.remove(segments[-1])
    clock.advance(3600)
    second = sync(sandbox, streams={"segments"}, state=house.state)
    house.load(
        [message for message in second.messages if message.get("stream") == "segments"][
            : arrived + 1
        ]
    )
    existing = {row[0] for row in house.ask(EXIST)}
    assert existing == (before - {segments[-1].segment_id} if arrived == 40 else before)


def test_a_first_listing_that_half_arrived_says_nothing(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    for place in range(40):
        account.add_segment(f"number {place}")
    synced = sync(sandbox, streams={"segments"})
    assert {row["listing_size"] for row in synced.records("segments")} == {40}
    rows = [message for message in synced.messages if message.get("stream") == "segments"]
    house.load(rows[:16])
    assert house.ask(EXIST) == []
    house.load(rows)
    assert len(house.ask(EXIST)) == 40


def test_a_configured_segment_that_could_not_be_read_leaves_the_listing_before_in_force(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    account.add_segment("saved")
    unlisted = account.add_segment(None)
    ids = [each.segment_id for each in account.segments]
    night(sandbox, house, streams={"segments"}, segment_ids=ids)
    clock.advance(3600)
    fault = Fault("status", "segment", segment_id=unlisted.segment_id, status=503, times=None)
    sandbox.faults.add(fault)
    assert night(sandbox, house, streams={"segments"}, segment_ids=ids).exit_code == 1
    assert {row[0] for row in house.ask(EXIST)} == {*ids}


def test_rows_of_the_log_that_were_deleted_by_hand_are_found(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house)
    house.drop("membership_changes", contact_id=7)
    clock.advance(3600)
    segment.members = range(3, 201)
    night(sandbox, house)
    assert house.members(LOG) == {}
    assert kept(house.ask(STALE)) == {segment.segment_id}
    assert {row[1] for row in house.ask(IDLE)} == {run.run_id for run in segment.runs}
    clock.advance(3600)
    night(sandbox, house, rebaseline=["some"])
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*range(3, 201)}}
    assert house.ask(STALE) == house.ask(IDLE) == []


@pytest.fixture
def cut_baseline(sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock) -> str:
    """The run of a baseline that was cut short, because the previous run seemed to be gone."""
    night(sandbox, house)
    clock.advance(3600)
    segment.members = range(11, 211)
    segment.evaluation_seconds = 30
    previous = segment.runs[0]
    expires_at, previous.expires_at = previous.expires_at, 0.0
    second = sync(sandbox, streams=CHANGES, state=house.state)
    previous.expires_at = expires_at
    segment.evaluation_seconds = 0
    assert run_of(second)["is_baseline"] is True
    house.load(cut_in_the_difference(second.messages, 50))
    clock.advance(60)
    return str(run_of(second)["run_id"])


def test_a_baseline_that_was_cut_short_and_changed_since_is_left_for_a_fresh_difference(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    cut_baseline: str,
) -> None:
    previous, run = segment.runs
    assert run.run_id == cut_baseline
    segment.members = range(21, 221)
    account.restart(segment, run, "id")
    clock.advance(60)
    third = night(sandbox, house)
    assert run_of(third)["previous_run_id"] == previous.run_id
    assert changes(third) == {"joined": {*range(201, 221)}, "left": {*range(1, 21)}}
    assert house.members(LOG) == {segment.segment_id: {*range(21, 221)}}
    assert house.members(TABLE) == house.members(LOG) or house.ask(STALE)


def test_a_run_in_progress_that_somebody_evaluated_again_is_not_taken_up(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    not_ready: dict[str, Any],
) -> None:
    # Its baseline was said, but the state of that night was lost.
    killed = sync(sandbox, streams=CHANGES, state=not_ready, rebaseline=["some"])
    load_in_part(house, killed, ("membership_changes", "match_all_runs"), rows=1)
    segment.members = range(50, 400)
    account.restart(segment, segment.runs[1], "id")
    clock.advance(60)
    house.state = not_ready
    night(sandbox, house, max_left_share=1)
    assert house.members(LOG) == {segment.segment_id: {*range(50, 400)}}


# Streams that come and go.


@pytest.mark.parametrize(
    "change", [{"membership_changes"}, {"memberships"}, CHANGES - {"match_all_runs"}]
)
def test_runs_that_were_left_out_for_a_night_are_followed_by_a_baseline_with_a_warning(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock, change: set[str]
) -> None:
    streams = {*change, "match_all_runs"}
    night(sandbox, house, streams=streams)
    clock.advance(3600)
    segment.members = range(2, 200)
    second = night(sandbox, house, streams=change)
    assert any("without match_all_runs" in line for line in second.warnings)
    clock.advance(3600)
    segment.members = range(3, 200)
    third = night(sandbox, house, streams=streams)
    assert run_of(third)["is_baseline"] is True
    assert any("match_all_runs knows nothing of the last run" in line for line in third.warnings)
    query = LOG if "membership_changes" in change else TABLE
    assert house.members(query) == {segment.segment_id: {*range(3, 200)}}


def test_runs_that_are_selected_later_begin_with_a_baseline(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    segment.members = range(1, 1001)
    night(sandbox, house, streams={"membership_changes"})
    clock.advance(3600)
    segment.members = range(2, 1002)
    night(sandbox, house, streams={"membership_changes", "match_all_runs"})
    assert house.members(LOG) == {segment.segment_id: {*range(2, 1002)}}


def test_a_state_of_an_older_version_goes_on_without_a_baseline(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house)
    state = house.state
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
    second = night(sandbox, house)
    assert run_of(second)["is_baseline"] is False
    assert changes(second) == {"joined": set(), "left": {1, 2}}
    assert second.warnings == []


# Order and clocks.


@pytest.mark.parametrize("skews", [(900, 0), (0, 900), (-900, 0), (900, -900)], ids=str)
def test_no_local_clock_decides_what_is_newer(
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    skews: tuple[float, float],
) -> None:
    for operation in ("start", "read"):
        sandbox.faults.add(Fault("no_end", operation, times=None))
    for members, skew in zip((range(1, 401), range(201, 601)), skews, strict=True):
        segment.members = members
        clock.skew = skew
        night(sandbox, house, streams=None, max_left_share=1)
        clock.skew = 0
        clock.advance(300)
    truth = {segment.segment_id: {*range(201, 601)}}
    assert house.members(LOG) == house.members(TABLE) == house.members(FULL) == truth


@pytest.mark.parametrize("skews", [(900, 0), (0, -900), (900, -900)], ids=str)
def test_no_local_clock_decides_which_segments_exist(
    account: Account,
    sandbox: Sandbox,
    house: Warehouse,
    clock: SharedClock,
    skews: tuple[float, float],
) -> None:
    gone, stays = account.add_segment("gone"), account.add_segment("stays")
    for skew in skews:
        clock.skew = skew
        night(sandbox, house, streams={"segments"})
        clock.skew = 0
        clock.advance(300)
        if gone in account.segments:
            account.remove(gone)
    assert kept(house.ask(EXIST)) == {stays.segment_id}


def test_run_numbers_count_the_runs_of_a_chain(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    numbers = []
    for rebaseline in ([], [], [], ["some"], []):
        numbers.append(run_of(night(sandbox, house, rebaseline=rebaseline))["run_number"])
        clock.advance(60)
    assert numbers == [1, 2, 3, 1, 2]
    assert segment.members


# States of before.


@pytest.fixture
def not_ready(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> dict[str, Any]:
    """The state of a second night that ended without its run of 200 of 1 000 contacts."""
    segment.members = range(1, 1001)
    night(sandbox, house, streams=None)
    clock.advance(3600)
    segment.members = range(1, 201)
    segment.evaluation_seconds = 600
    late = night(sandbox, house, streams=None, run_timeout=30, max_left_share=1)
    assert late.exit_code == 1
    segment.evaluation_seconds = 0
    clock.advance(900)
    return late.state


@pytest.mark.parametrize("rebaseline", [[], ["some"]], ids=["difference", "baseline"])
def test_an_older_run_is_not_taken_up_after_newer_ones(
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    not_ready: dict[str, Any],
    rebaseline: list[str],
) -> None:
    night(sandbox, house, streams=None, max_left_share=1, rebaseline=rebaseline)
    clock.advance(600)
    segment.members = range(1, 1001)
    night(sandbox, house, streams=None, max_left_share=1)
    clock.advance(600)
    house.state = not_ready
    last = night(sandbox, house, streams=None, max_left_share=1)
    assert run_of(last)["run_id"] == segment.runs[-1].run_id
    truth = {segment.segment_id: {*segment.members}}
    assert house.members(LOG) == house.members(FULL) == truth
    assert house.members(TABLE) == truth or house.ask(STALE)


def test_a_run_that_was_said_as_a_baseline_and_as_a_difference_counts_as_it_was_said_last(
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    not_ready: dict[str, Any],
) -> None:
    night(sandbox, house, streams=None, max_left_share=1, rebaseline=["some"])
    clock.advance(600)
    house.state = not_ready
    again = night(sandbox, house, streams=None, max_left_share=1)
    assert run_of(again)["run_id"] == segment.runs[1].run_id
    assert run_of(again)["is_baseline"] is False
    truth = {segment.segment_id: {*range(1, 201)}}
    assert house.members(LOG) == house.members(FULL) == truth
    assert house.members(TABLE) == truth or house.ask(STALE)


def test_a_baseline_that_was_cut_short_is_finished_as_a_baseline(
    sandbox: Sandbox, segment: Segment, house: Warehouse, cut_baseline: str
) -> None:
    third = night(sandbox, house)
    assert run_of(third)["run_id"] == cut_baseline
    assert run_of(third)["is_baseline"] is True
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*range(11, 211)}}


@pytest.mark.parametrize("records", [True, False])
def test_a_pair_of_a_restored_state_is_followed_by_a_fresh_run(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    *,
    records: bool,
) -> None:
    account.records_runs = records
    night(sandbox, house)
    clock.advance(60)
    segment.members = range(10, 201)
    second = night(sandbox, house)
    paired = next(state for state in second.states if '"pair"' in json.dumps(state))
    clock.advance(60)
    segment.members = range(1, 201)
    night(sandbox, house)
    clock.advance(60)
    house.state = json.loads(json.dumps(paired))
    fourth = night(sandbox, house)
    rows = fourth.records("match_all_runs")
    assert [row["run_id"] for row in rows] == [segment.runs[1].run_id, segment.runs[-1].run_id]
    truth = {segment.segment_id: {*range(1, 201)}}
    assert house.members(LOG) == house.members(TABLE) == truth


def kept(rows: list[tuple[Any, ...]]) -> set[str]:
    return {row[0] for row in rows}


def test_a_lost_sync_with_rebaseline_is_found_in_memberships(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    segment.members = range(1, 4022)
    night(sandbox, house)
    clock.advance(3600)
    before = house.state
    night(sandbox, house, rebaseline=["some"])
    house.state = json.loads(json.dumps(before))
    clock.advance(3600)
    segment.members = range(21, 4042)
    night(sandbox, house)
    truth = {segment.segment_id: {*range(21, 4042)}}
    assert house.members(LOG) == truth
    assert house.members(TABLE) != truth
    assert kept(house.ask(STALE)) == {segment.segment_id}
    clock.advance(3600)
    night(sandbox, house, rebaseline=["some"])
    assert house.members(TABLE) == truth
    assert house.ask(STALE) == house.ask(EXACT) == []


def test_two_states_that_write_into_one_schema_are_found(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    states: list[dict[str, Any] | None] = [None, None]
    for number in range(4):
        segment.members = range(10 * number + 1, 10 * number + 201)
        house.state = states[number % 2]
        night(sandbox, house)
        states[number % 2] = house.state
        clock.advance(3600)
    truth = {segment.segment_id: {*segment.members}}
    assert house.members(LOG) == truth
    assert house.members(TABLE) != truth
    assert kept(house.ask(STALE)) == {segment.segment_id}
