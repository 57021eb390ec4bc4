"""Results that something contradicts: the state, the listing, the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.activecampaign.match_all.test_compare import FULL, LOG, TABLE, changes, night, run_of
from tests.support.sync import sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.sync import SharedClock
    from tests.support.warehouse import Warehouse


def listed(segment: Segment, clock: SharedClock, size: int) -> None:
    """Let the listing tell a size."""
    segment.add_count(clock.time() - 3600, size)


@pytest.mark.parametrize("size", [1, 90, 20_000])
def test_a_first_run_that_is_empty_against_the_listing_is_evaluated_once_more(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock, size: int
) -> None:
    segment = account.add_segment("many", range(size))
    listed(segment, clock, size)
    sandbox.faults.add(Fault("empty_result", "start"))
    first = night(sandbox, house, run_attempts=1)
    assert first.exit_code == 0
    assert len(changes(first)["joined"]) == size
    assert len(segment.runs) == 2
    assert any("by the listing" in line for line in first.warnings)


def test_two_evaluations_that_agree_are_believed_against_the_listing_with_a_warning(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("few", range(10))
    listed(segment, clock, 20_000)
    first = night(sandbox, house)
    assert first.exit_code == 0
    assert run_of(first)["total"] == 10
    assert "two evaluations agree, so it is believed" in first.warnings[-1]
    # The listing knows the tap's own run by now; and what it said before was settled.
    clock.advance(3600)
    assert night(sandbox, house).warnings == []
    assert len(segment.runs) == 3


def test_a_listing_that_was_overruled_is_not_asked_again_until_it_is_a_newer_one(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    account.records_runs = False
    segment = account.add_segment("few", range(10))
    listed(segment, clock, 20_000)
    night(sandbox, house)
    clock.advance(3600)
    assert night(sandbox, house).warnings == []
    assert len(segment.runs) == 3
    listed(segment, clock, 20_001)
    clock.advance(3600)
    assert night(sandbox, house).exit_code == 0
    assert len(segment.runs) == 5


def test_two_evaluations_that_contradict_each_other_are_not_believed(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    segment = account.add_segment("few", range(300))
    listed(segment, clock, 20_000)
    sandbox.faults.add(Fault("empty_result", "start"))
    synced = sync(sandbox, run_attempts=1)
    assert synced.exit_code == 1
    assert "two evaluations found 0 and 300 contacts" in synced.errors[0]
    assert synced.records("match_all_runs") == []


@pytest.mark.parametrize("streams", [None, {"match_all_runs"}, {"match_all_results"}], ids=str)
def test_one_empty_run_of_a_small_segment_makes_nobody_leave(
    account: Account,
    sandbox: Sandbox,
    house: Warehouse,
    clock: SharedClock,
    streams: set[str] | None,
) -> None:
    segment = account.add_segment("small", range(1, 91))
    night(sandbox, house, streams=streams)
    clock.advance(3600)
    sandbox.faults.add(Fault("empty_result", "start"))
    second = night(sandbox, house, streams=streams)
    assert second.exit_code == 0
    assert [row["total"] for row in second.records("match_all_runs")] in ([90], [])
    assert changes(second)["left"] == set()
    assert len(segment.runs) == 3


def test_a_small_segment_that_is_empty_twice_is_empty(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("small", range(1, 91))
    night(sandbox, house)
    clock.advance(3600)
    segment.members = []
    assert changes(night(sandbox, house))["left"] == {*range(1, 91)}
    assert house.members(LOG) == house.members(TABLE) == {}


def test_an_empty_run_after_an_edit_is_looked_at_twice_as_well(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("small", range(1, 91))
    night(sandbox, house)
    clock.advance(3600)
    segment.edit()
    sandbox.faults.add(Fault("empty_result", "start"))
    assert changes(night(sandbox, house))["left"] == set()


def test_a_smaller_segment_that_was_edited_since_the_listing_counted_it_is_believed_at_once(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    segment = account.add_segment("some", range(10))
    listed(segment, clock, 20_000)
    segment.edit()
    assert sync(sandbox).warnings == []
    assert len(segment.runs) == 1


@pytest.mark.parametrize("edits", [False, True], ids=["moves", "moves and edited"])
def test_an_instant_of_the_last_change_that_merely_moves_is_no_edit(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock, *, edits: bool
) -> None:
    account.edits_seem = True
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)
    clock.advance(3600)
    segment.members = range(900, 1200)
    if edits:
        segment.edit()
    second = night(sandbox, house)
    if edits:
        assert len(changes(second)["left"]) == 900
        return
    assert second.exit_code == 1
    assert "900 of 1000 members left at once" in second.errors[0] or (
        "700 of 1000 members left at once" in second.errors[0]
    )
    assert house.members(LOG) == {segment.segment_id: {*range(1000)}}


@pytest.mark.parametrize("kind", ["not_found", "gateway_404", "no_data"])
def test_a_definition_that_cannot_be_read_excuses_no_fall(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock, kind: str
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)
    clock.advance(3600)
    segment.edit()
    segment.members = range(10)
    sandbox.faults.add(Fault(kind, "definition", times=None))
    assert night(sandbox, house).exit_code == 1
    sandbox.faults.clear()
    assert len(changes(night(sandbox, house))["left"]) == 990


def test_a_definition_is_asked_for_only_where_the_circuit_breaker_would_trip(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)
    for members, asked in ((range(600), 0), (range(10), 2)):
        clock.advance(3600)
        segment.edit()
        segment.members = members
        sandbox.clear_requests()
        assert night(sandbox, house).exit_code == 0
        found = sum("createdDate" in request.path for request in sandbox.requests)
        assert (found > 0) == (asked > 0)


# Order is the vendor's.


@pytest.mark.parametrize("digits", [0, 3])
@pytest.mark.parametrize("hours", [0, -2])
def test_a_run_that_was_not_started_later_than_the_previous_one_fails_the_segment(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    digits: int,
    hours: int,
) -> None:
    account.timestamps.digits = digits
    first = night(sandbox, house)
    segment.members = range(50, 250)
    start = run_of(first)["run_id_start"]
    real = account.clock.time

    def frozen() -> float:
        return min(real(), segment.runs[0].started + hours * 3600)

    account.clock.time = frozen  # type: ignore[method-assign]
    second = night(sandbox, house)
    account.clock.time = real  # type: ignore[method-assign]
    assert second.exit_code == 1
    assert "not later than the one before it" in second.errors[0]
    assert start in second.errors[0]
    assert house.members(LOG) == {segment.segment_id: {*range(1, 201)}}
    clock.advance(5)
    assert night(sandbox, house).exit_code == 0
    assert house.members(LOG) == {segment.segment_id: {*range(50, 250)}}


def test_a_run_of_the_future_fails_the_segment(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house)
    clock.advance(3600)
    clock.skew = -400 * 86_400
    second = night(sandbox, house)
    clock.skew = 0
    assert second.exit_code == 1
    assert "in the future by this clock" in second.errors[0]
    assert night(sandbox, house).exit_code == 0
    assert segment.members


def test_the_circuit_breaker_has_its_second_evaluation_where_only_the_first_was_doubted(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)
    clock.advance(3600)
    sandbox.faults.add(Fault("empty_result", "start"))

    def others(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["matches"] = [each + 5000 for each in facts["matches"]]
        return body

    sandbox.faults.add(Fault("edit", "start", after=1, answer=others))
    second = night(sandbox, house)
    assert second.exit_code == 0
    assert changes(second)["left"] == set()
    assert len(segment.runs) == 4


def test_the_last_two_evaluations_that_agree_are_believed(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("few", range(50))
    listed(segment, clock, 20_000)
    sandbox.faults.add(Fault("empty_result", "start"))
    assert night(sandbox, house).exit_code == 0
    assert house.members(LOG) == {segment.segment_id: {*range(50)}}


def test_the_run_before_last_that_comes_again_overwrites_no_newer_result(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house, streams=None)
    clock.advance(3600)
    segment.members = range(51, 251)
    night(sandbox, house, streams={"match_all_runs", "match_all_results"})
    clock.advance(3600)
    first = segment.runs.pop(0)
    segment.runs.append(first)
    sandbox.faults.add(Fault("same_run"))
    night(sandbox, house, streams=None)
    assert house.members(FULL) == {segment.segment_id: {*range(51, 251)}}
