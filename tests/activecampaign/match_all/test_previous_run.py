"""What a vendor loses sight of for a moment, or writes in another way: nobody leaves for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.activecampaign.match_all.test_compare import CHANGES, LOG, TABLE, changes, night, run_of
from tests.activecampaign.match_all.test_unfinished_pairs import cut_in_the_difference
from tests.support.sync import RUN_STREAMS, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.sync import SharedClock
    from tests.support.warehouse import Warehouse


@pytest.fixture
def second_night(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> Warehouse:
    """A target after one night of 200 contacts, ten of which have left since."""
    night(sandbox, house, page_size=70)
    clock.advance(3600)
    segment.members = range(11, 201)
    return house


# A 404 is believed slowly.


@pytest.mark.parametrize("kind", ["not_found", "gateway_404"])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_previous_run_that_is_unknown_for_a_moment_costs_no_left(
    sandbox: Sandbox, second_night: Warehouse, kind: str, page: int
) -> None:
    sandbox.faults.add(Fault(kind, "read", page=page, times=1))
    second = night(sandbox, second_night, page_size=70)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}
    assert run_of(second)["is_baseline"] is False


def test_a_previous_run_that_is_unknown_twice_some_seconds_apart_is_gone(
    account: Account, sandbox: Sandbox, second_night: Warehouse
) -> None:
    account.expire_runs()
    sandbox.clear_requests()
    second = night(sandbox, second_night, page_size=10_000)
    assert run_of(second)["is_baseline"] is True
    reads = [request for request in sandbox.requests if request.path.count("/") == 5]
    assert len(reads) == 2
    assert 4 < reads[1].at - reads[0].at < 10


def test_a_previous_run_of_more_than_90_days_is_not_asked_for_twice(
    sandbox: Sandbox, second_night: Warehouse, clock: SharedClock
) -> None:
    clock.advance(91 * 86_400)
    sandbox.clear_requests()
    assert run_of(night(sandbox, second_night))["is_baseline"] is True
    assert sum(request.path.count("/") == 5 for request in sandbox.requests) == 1


@pytest.mark.parametrize("seconds", [1.5, 10.0, 25.0])
@pytest.mark.parametrize("evaluation_seconds", [0.0, 6.0, 20.0])
def test_a_run_that_is_unknown_for_a_while_after_its_start_is_waited_for(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    seconds: float,
    evaluation_seconds: float,
) -> None:
    account.runs_appear_after = seconds
    segment.evaluation_seconds = evaluation_seconds
    synced = sync(sandbox, page_size=70)
    assert synced.exit_code == 0
    assert len(segment.runs) == 1


@pytest.mark.parametrize("operation", ["start", "count_history", "definition"])
@pytest.mark.parametrize("kind", ["not_found", "gateway_404"])
def test_a_segment_that_is_unknown_for_a_moment_is_not_gone(
    account: Account, sandbox: Sandbox, segment: Segment, operation: str, kind: str
) -> None:
    account.add_segment("other", [1])
    sandbox.faults.add(Fault(kind, operation, segment_id=segment.segment_id, times=1))
    synced = sync(sandbox, emit_activate_version_messages=True)
    assert synced.exit_code == 0
    assert ("ACTIVATE_VERSION", "match_all_results") in synced.types
    assert len(synced.records("match_all_results")) == 201


def test_a_segment_that_only_a_gateway_does_not_know_fails_and_drops_no_row(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    account.add_segment("other", [1])
    sandbox.faults.add(Fault("gateway_404", "start", segment_id=segment.segment_id, times=None))
    synced = sync(sandbox, streams=RUN_STREAMS, emit_activate_version_messages=True)
    assert synced.exit_code == 1
    assert "in a form that is not the API's own" in synced.errors[0]
    assert ("ACTIVATE_VERSION", "match_all_results") not in synced.types


@pytest.mark.parametrize("known", ["segmentsV2", "audiences"])
def test_a_segment_whose_run_is_unknown_but_which_exists_fails(
    account: Account, sandbox: Sandbox, segment: Segment, known: str
) -> None:
    account.add_segment("other", [1])
    sandbox.faults.add(Fault("not_found", "start", segment_id=segment.segment_id, times=None))
    if known == "audiences":
        # The first two are for the definition.
        sandbox.faults.add(Fault("not_found", "segment", times=2))
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert synced.exit_code == 1
    assert "answered 404" in synced.errors[0]


def test_a_sync_that_left_out_a_segment_drops_no_rows_of_results(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    account.add_segment("other", [1])
    for operation in ("start", "segment"):
        sandbox.faults.add(Fault("not_found", operation, segment_id=segment.segment_id, times=None))
    synced = sync(sandbox, streams=RUN_STREAMS, emit_activate_version_messages=True)
    assert synced.exit_code == 0
    assert any("is gone since it was listed" in line for line in synced.warnings)
    assert ("ACTIVATE_VERSION", "match_all_results") not in synced.types


@pytest.mark.parametrize("streams", [None, {"count_history"}, {"match_all_runs"}], ids=str)
def test_a_sync_of_which_all_segments_are_gone_fails(
    account: Account, sandbox: Sandbox, streams: set[str] | None
) -> None:
    for place in range(3):
        account.add_segment(f"number {place}", [1])
    for operation in ("start", "segment", "count_history", "definition"):
        sandbox.faults.add(Fault("not_found", operation, times=None))
    synced = sync(sandbox, streams=streams)
    assert synced.exit_code == 1
    assert "all 3 segments to read are gone" in synced.errors[-1]


# Digits.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("digits", 9), ("digits", 3)),
        (("digits", 0), ("digits", 3)),
        (("digits", 6), ("digits", 0)),
        (("digits", 1), ("digits", 9)),
        (("no_end", 0), ("digits", 4)),
        (("digits", 4), ("no_end", 0)),
    ],
    ids=str,
)
def test_instants_in_other_precision_are_the_same_instants(
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    before: tuple[str, int],
    after: tuple[str, int],
) -> None:
    for operation in ("start", "read"):
        sandbox.faults.add(Fault(before[0], operation, times=None, value=before[1]))
    night(sandbox, house, page_size=70)
    sandbox.faults.clear()
    for operation in ("start", "read"):
        sandbox.faults.add(Fault(after[0], operation, times=None, value=after[1]))
    clock.advance(3600)
    segment.members = range(11, 201)
    second = night(sandbox, house, page_size=70)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}
    assert run_of(second)["definition_changed"] is False
    assert second.warnings == []


def test_pages_that_write_the_end_in_other_precision_are_of_one_result(
    sandbox: Sandbox, segment: Segment
) -> None:
    sandbox.faults.add(Fault("digits", "read", page=2, times=None, value=0))
    sandbox.faults.add(Fault("no_end", "read", page=3, times=None))
    synced = sync(sandbox, page_size=70)
    assert synced.exit_code == 0
    assert synced.warnings == []
    assert len(segment.runs) == 1


def test_a_timestamp_that_differs_below_a_millisecond_does_not_stop_the_circuit_breaker(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)
    segment.members = range(10)

    def moved(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["segment_timestamp"] = facts["segment_timestamp"][:23] + "0004Z"
        return body

    sandbox.faults.add(Fault("edit", "start", times=None, answer=moved))
    second = night(sandbox, house)
    assert second.exit_code == 1
    assert "max_left_share" in second.errors[0]


# The digest decides.


@pytest.mark.parametrize("deleted", [[7], [1, 100, 200], [*range(1, 201)]], ids=len)
def test_contacts_that_were_deleted_from_the_previous_result_make_a_baseline_with_a_warning(
    account: Account, sandbox: Sandbox, second_night: Warehouse, deleted: list[int]
) -> None:
    [segment] = account.segments
    for contact in deleted:
        account.delete_contact(contact)
    segment.members = range(300, 500)
    second = night(sandbox, second_night)
    assert second.exit_code == 0
    assert run_of(second)["is_baseline"] is True
    assert any("other contacts than it did" in line for line in second.warnings)
    truth = {segment.segment_id: {*range(300, 500)}}
    assert second_night.members(LOG) == second_night.members(TABLE) == truth


def test_a_previous_result_is_proved_by_its_ids_whatever_its_numbers_tell(
    sandbox: Sandbox, second_night: Warehouse
) -> None:
    sandbox.faults.add(Fault("total_is", "read", times=None, value=201))
    second = night(sandbox, second_night)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}


# The same run again.


@pytest.mark.parametrize("streams", [None, RUN_STREAMS, {"match_all_runs"}], ids=str)
def test_the_same_run_again_is_a_result_without_changes(
    sandbox: Sandbox, segment: Segment, house: Warehouse, streams: set[str] | None
) -> None:
    night(sandbox, house, streams=RUN_STREAMS)
    sandbox.faults.add(Fault("same_run", times=None))
    second = night(sandbox, house, streams=streams)
    assert second.exit_code == 0
    assert second.records("match_all_runs") == []
    assert changes(second) == {"joined": set(), "left": set()}
    if streams != {"match_all_runs"}:
        assert len(second.records("match_all_results")) == 200
    sandbox.faults.clear()
    segment.members = range(3, 201)
    assert changes(night(sandbox, house))["left"] == {1, 2}
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*range(3, 201)}}


# A pair of which rows are out, and a previous run that is odd for ever.


@pytest.mark.parametrize("kind", ["deleted", "duplicate", "missing_row", "digits", "no_end"])
def test_a_pair_whose_run_is_another_one_by_now_makes_a_baseline_and_no_endless_failure(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    second_night: Warehouse,
    clock: SharedClock,
    kind: str,
) -> None:
    segment.members = range(11, 221)
    killed = sync(sandbox, streams=CHANGES, state=second_night.state)
    second_night.load(cut_in_the_difference(killed.messages, 5))
    clock.advance(60)
    if kind == "deleted":
        account.delete_contact(100)
    else:
        fault = Fault(kind, "read", segment_id=segment.segment_id, times=None)
        sandbox.faults.add(fault)
    third = night(sandbox, second_night)
    assert third.exit_code == 0
    is_proved = kind in {"digits", "no_end"}
    assert third.records("match_all_runs")[0]["is_baseline"] is not is_proved
    truth = {segment.segment_id: {*segment.members}}
    assert second_night.members(LOG) == second_night.members(TABLE) == truth


@pytest.mark.parametrize("kind", ["duplicate", "missing_row"])
def test_a_previous_run_that_is_odd_in_the_same_way_twice_makes_a_baseline(
    sandbox: Sandbox, second_night: Warehouse, kind: str
) -> None:
    sandbox.faults.add(Fault(kind, "read", times=None))
    second = night(sandbox, second_night)
    assert second.exit_code == 0
    assert run_of(second)["is_baseline"] is True


def test_a_previous_run_of_100_days_may_be_unknown_in_any_form(
    sandbox: Sandbox, second_night: Warehouse, clock: SharedClock
) -> None:
    clock.advance(100 * 86_400)
    sandbox.faults.add(Fault("gateway_404", "read", times=None))
    assert run_of(night(sandbox, second_night))["is_baseline"] is True


@pytest.mark.parametrize("fault", ["failed", "last page unknown", "too many"])
def test_one_odd_look_at_the_previous_run_costs_no_left(
    sandbox: Sandbox, second_night: Warehouse, fault: str
) -> None:
    def failed(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["is_ready"] = False
        return body

    faults = {
        "failed": Fault("edit", "read", answer=failed),
        "last page unknown": Fault("not_found", "read", page=3, times=2),
        "too many": Fault("total_is", "read", value=900),
    }
    sandbox.faults.add(faults[fault])
    second = night(sandbox, second_night, page_size=70)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}


def test_a_configured_segment_that_is_unknown_for_a_moment_keeps_its_state(
    account: Account, sandbox: Sandbox, house: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment(None, range(1, 201))
    ids = [segment.segment_id]
    night(sandbox, house, segment_ids=ids)
    clock.advance(3600)
    segment.members = range(11, 201)
    sandbox.faults.add(Fault("not_found", "segment"))
    second = night(sandbox, house, segment_ids=ids)
    assert second.exit_code == 0
    assert changes(second)["left"] == set(range(1, 11))
