"""Who joined and who left: the log, its chain, and what no crash may falsify."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support.sync import RUN_STREAMS, Sync, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.sync import SharedClock
    from tests.support.warehouse import Warehouse

LOG = "current members from the log"
TABLE = "current members from memberships"
FULL = "current members from the full result"
CHANGES = {"match_all_runs", "membership_changes", "memberships"}


def changes(synced: Sync) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"joined": set(), "left": set()}
    for row in synced.records("membership_changes"):
        found[row["change"]].add(row["contact_id"])
    return found


def run_of(synced: Sync) -> dict[str, Any]:
    [row] = synced.records("match_all_runs")
    return row


def reads(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [
        (request.path, request.raw_query)
        for request in sandbox.requests
        if "/segmentMatchAll/" in request.path and request.path.count("/") == 5
    ]


def night(sandbox: Sandbox, house: Warehouse, **settings: Any) -> Sync:
    """Sync as a pipeline does every night: with the state that the target kept."""
    settings.setdefault("streams", CHANGES)
    synced = sync(sandbox, state=house.state, **settings)
    house.load(synced.messages)
    return synced


def test_a_first_run_is_a_baseline(sandbox: Sandbox, segment: Segment, house: Warehouse) -> None:
    first = night(sandbox, house)
    assert changes(first) == {"joined": set(segment.members), "left": set()}
    assert all(row["is_baseline"] for row in first.records("membership_changes"))
    row = run_of(first)
    assert row["is_baseline"] is True
    assert row["previous_run_id"] is None
    assert row["baseline_run_id"] == row["run_id"]
    assert (row["joined_count"], row["left_count"]) == (200, 0)


def test_a_second_run_brings_the_differences_alone(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    first = night(sandbox, house)
    segment.members = [*range(3, 201), 500, 501, 502]
    second = night(sandbox, house)
    assert changes(second) == {"joined": {500, 501, 502}, "left": {1, 2}}
    row = run_of(second)
    assert row["previous_run_id"] == run_of(first)["run_id"]
    assert row["baseline_run_id"] == run_of(first)["run_id"]
    assert (row["joined_count"], row["left_count"]) == (3, 2)
    assert row["definition_changed"] is False
    [joined, *_] = second.records("membership_changes")
    assert joined["previous_run_id_end"] == run_of(first)["run_id_end"]
    assert joined["changed_at"] == row["run_id_end"]
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*segment.members}}


def test_an_unchanged_segment_gets_its_run_row_and_no_read_of_the_previous_run(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house)
    sandbox.clear_requests()
    second = night(sandbox, house)
    assert changes(second) == {"joined": set(), "left": set()}
    assert (run_of(second)["joined_count"], run_of(second)["left_count"]) == (0, 0)
    assert reads(sandbox) == []
    assert segment.members


def test_unchanged_members_in_another_order_cost_no_read_of_the_previous_run(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house, sort="email")
    sandbox.clear_requests()
    second = night(sandbox, house, sort="-id")
    assert run_of(second)["is_baseline"] is False
    assert reads(sandbox) == []
    assert segment.members


def test_every_page_of_both_runs_is_fetched_once_whatever_is_selected(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house, streams=RUN_STREAMS, page_size=30)
    segment.members = range(50, 250)
    sandbox.clear_requests()
    second = night(sandbox, house, streams=RUN_STREAMS, page_size=30)
    assert len(second.records("match_all_results")) == 200
    assert len(reads(sandbox)) == len(set(reads(sandbox))) == 6 + 7


def test_a_baseline_with_all_streams_fetches_every_page_once(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    first = night(sandbox, house, streams=RUN_STREAMS, page_size=30)
    assert len(reads(sandbox)) == len(set(reads(sandbox))) == 6
    for stream in ("match_all_results", "membership_changes", "memberships"):
        assert {row["contact_id"] for row in first.records(stream)} == set(segment.members)


@pytest.mark.parametrize("sort", ["-id", "email", "last_name,-first_name"])
def test_results_in_another_order_are_compared_rightly(
    sandbox: Sandbox, segment: Segment, house: Warehouse, sort: str
) -> None:
    night(sandbox, house, sort=sort, page_size=30)
    segment.members = [*range(5, 201), 900]
    assert changes(night(sandbox, house, sort=sort, page_size=30)) == {
        "joined": {900},
        "left": {1, 2, 3, 4},
    }


def test_ids_that_the_server_orders_as_text_are_compared_rightly(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    def as_text(body: dict[str, Any]) -> dict[str, Any]:
        ids = body["data"][0]["attributes"].get("matches", [])
        ids.sort(key=str)
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation=operation, times=None, answer=as_text))
    night(sandbox, house)
    segment.members = [*range(5, 201), 900]
    assert changes(night(sandbox, house)) == {"joined": {900}, "left": {1, 2, 3, 4}}


def test_the_previous_run_is_read_with_the_sort_it_was_started_with(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house, sort="email")
    segment.members = range(1, 191)
    sandbox.clear_requests()
    second = night(sandbox, house, sort="-cdate")
    assert changes(second) == {"joined": set(), "left": set(range(191, 201))}
    assert [query.split("&")[0] for _, query in reads(sandbox)] == ["sort=email"]
    assert len(segment.runs) == 2


def test_an_expired_predecessor_is_followed_by_a_baseline(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house)
    account.expire_runs()
    segment.members = range(150, 300)
    second = night(sandbox, house, max_left_share=1)
    assert run_of(second)["is_baseline"] is True
    [line] = second.warnings
    assert "'some'" in line
    assert line.endswith("is expired or unknown; a baseline follows")
    assert len(segment.runs) == 2
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*segment.members}}


@pytest.mark.parametrize(("days", "warns"), [(74, False), (76, True), (89, True)])
def test_a_pause_of_75_days_is_warned_of_before_90_make_a_baseline(
    sandbox: Sandbox,
    segment: Segment,
    house: Warehouse,
    clock: SharedClock,
    days: int,
    warns: bool,  # noqa: FBT001
) -> None:
    night(sandbox, house)
    segment.members = range(2, 203)
    clock.advance(days * 86_400)
    second = night(sandbox, house)
    assert changes(second) == {"joined": {201, 202}, "left": {1}}
    assert [f"{days} days old" in line for line in second.warnings] == [True] * warns


@pytest.mark.parametrize("times", [1, None])
def test_a_run_with_the_id_of_the_previous_one_is_not_believed(
    sandbox: Sandbox, segment: Segment, house: Warehouse, times: int | None
) -> None:
    previous = run_of(night(sandbox, house))["run_id"]
    before = {*segment.members}
    segment.members = range(2, 203)

    def with_the_same_id(answer: dict[str, Any]) -> dict[str, Any]:
        answer["data"][0]["attributes"]["run_id"] = previous
        return answer

    sandbox.faults.add(Fault("edit", "start", times=times, answer=with_the_same_id))
    second = night(sandbox, house)
    assert second.exit_code == (times is None)
    members = before if times is None else {*segment.members}
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: members}


def test_a_predecessor_that_was_evaluated_again_by_somebody_is_not_believed(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house)
    clock.advance(60)
    segment.members = range(50, 250)
    account.restart(segment, segment.runs[0], "id")
    segment.members = range(60, 260)
    second = night(sandbox, house)
    assert run_of(second)["is_baseline"] is True
    assert house.members(LOG) == {segment.segment_id: set(range(60, 260))}


def test_an_edit_of_the_segment_is_told_from_a_change_of_its_members(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house)
    segment.edit()
    segment.members = range(1, 11)
    second = night(sandbox, house)
    assert run_of(second)["definition_changed"] is True
    assert all(row["definition_changed"] for row in second.records("membership_changes"))
    assert len(changes(second)["left"]) == 190


def test_the_chain_stays_whole_over_a_night_without_differences(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    first = night(sandbox, house)
    segment.members = range(1, 196)
    between = night(sandbox, house, streams={"match_all_runs", "match_all_results"})
    assert {run_of(between)[name] for name in ("is_baseline", "previous_run_id", "left_count")} == {
        None
    }
    segment.members = range(1, 191)
    third = night(sandbox, house)
    assert run_of(third)["previous_run_id"] == run_of(first)["run_id"]
    assert changes(third)["left"] == set(range(191, 201))
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*segment.members}}


@pytest.mark.parametrize("stream", ["membership_changes", "memberships"])
def test_a_grandchild_alone_gives_differences_and_a_clean_state(
    sandbox: Sandbox, segment: Segment, house: Warehouse, stream: str
) -> None:
    night(sandbox, house, streams={stream})
    segment.members = range(1, 196)
    second = night(sandbox, house, streams={stream})
    assert {row["contact_id"] for row in second.records(stream)} == set(range(196, 201))
    text = str(second.state)
    for leftover in ("progress_markers", "signpost", "starting_replication_value"):
        assert leftover not in text


def test_nothing_accumulates_in_the_state(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    sizes = []
    for number in range(6):
        segment.members = range(number, 200)
        sizes.append(len(str(night(sandbox, house, streams=None).state)))
    assert max(sizes[1:]) - min(sizes[1:]) < 40


# The circuit breaker.


def test_a_result_that_is_empty_because_something_went_wrong_is_not_believed(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segment = account.add_segment("many", range(20_000))
    night(sandbox, house)
    before = house.state
    segment.members = []
    second = night(sandbox, house)
    assert second.exit_code == 1
    assert len(segment.runs) == 3
    assert second.records("membership_changes") == second.records("match_all_runs") == []
    [line] = second.errors
    assert "20000 of 20000" in line
    assert "max_left_share" in line
    assert house.members(LOG) == {segment.segment_id: set(range(20_000))}
    assert before
    third = night(sandbox, house, max_left_share=1)
    assert third.exit_code == 0
    assert len(changes(third)["left"]) == 20_000
    assert house.members(LOG) == {}


def test_the_second_evaluation_may_be_believed(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)

    def nothing(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"] |= {
            "matches": [],
            "page": {"current_page": 1, "last_page": 1, "per_page": 10_000, "total": 0},
        }
        return body

    sandbox.faults.add(Fault("edit", operation="start", answer=nothing))
    second = night(sandbox, house, run_attempts=1)
    assert second.exit_code == 0
    assert changes(second) == {"joined": set(), "left": set()}
    assert len(segment.runs) == 3
    assert any("1000 of 1000 members left" in line for line in second.warnings)
    assert second.warnings[-1].endswith("; evaluating it once more")


def test_the_evaluation_that_the_breaker_adds_is_not_one_of_run_attempts(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)
    segment.members = range(10)
    sandbox.faults.add(Fault("run_fails", after=1, times=None))
    second = night(sandbox, house, run_attempts=2)
    assert second.exit_code == 1
    assert "run_attempts" in second.errors[0]
    assert len(segment.runs) == 1 + 3


def test_a_small_segment_may_lose_all_its_members(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segment = account.add_segment("few", range(99))
    night(sandbox, house)
    segment.members = []
    assert len(changes(night(sandbox, house))["left"]) == 99


@pytest.mark.parametrize("streams", [{"match_all_runs", "match_all_results"}, CHANGES])
def test_a_fall_of_the_total_trips_where_no_difference_is_made(
    account: Account, sandbox: Sandbox, house: Warehouse, streams: set[str]
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house, streams=streams)
    account.expire_runs()
    segment.members = range(10)
    second = night(sandbox, house, streams=streams)
    assert second.exit_code == 1
    assert second.records("match_all_runs") == []
    assert len(segment.runs) == 3


def test_a_fall_of_the_total_is_believed_where_the_segment_was_edited(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    night(sandbox, house)
    account.expire_runs()
    segment.edit()
    segment.members = range(10)
    assert run_of(night(sandbox, house))["total"] == 10
    assert house.members(LOG) == {segment.segment_id: set(range(10))}


# Complete or nothing.

DAMAGES = ["total_changes", "duplicate", "missing_row", "text_id"]


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("times", [1, 3])
def test_a_damaged_page_is_read_again_and_then_evaluated_again(
    sandbox: Sandbox, segment: Segment, house: Warehouse, kind: str, times: int
) -> None:
    night(sandbox, house, page_size=70)
    segment.members = range(11, 211)
    sandbox.faults.add(Fault(kind, operation="read", page=2, times=times))
    second = night(sandbox, house, page_size=70)
    assert second.exit_code == 0
    assert changes(second) == {"joined": set(range(201, 211)), "left": set(range(1, 11))}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_result_that_stays_damaged_fails_its_segment_and_says_nothing(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, kind: str
) -> None:
    other = account.add_segment("other", [1])
    first = night(sandbox, house, page_size=70)
    segment.members = range(11, 211)
    other.members = [1, 2]
    sandbox.faults.add(
        Fault(kind, operation="read", page=2, times=None, segment_id=segment.segment_id)
    )
    second = night(sandbox, house, page_size=70)
    assert second.exit_code == 1
    assert len(second.errors) == 1
    assert {row["segment_id"] for row in second.records("membership_changes")} == {other.segment_id}
    kept = {
        entry["context"]["segment_id"]: entry
        for entry in second.state["bookmarks"]["match_all_runs"]["partitions"]
    }
    was = {
        entry["context"]["segment_id"]: entry
        for entry in first.state["bookmarks"]["match_all_runs"]["partitions"]
    }
    assert kept[segment.segment_id] == was[segment.segment_id]


def test_rebaseline_begins_a_new_chain(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    first = night(sandbox, house)
    second = night(sandbox, house, rebaseline=["SO*"])
    assert run_of(second)["is_baseline"] is True
    assert run_of(first)["baseline_run_id"] != run_of(second)["baseline_run_id"]
    assert house.members(LOG) == house.members(TABLE) == {segment.segment_id: {*segment.members}}


def test_the_full_result_names_the_members_by_the_latest_run(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house, streams=None)
    clock.advance(3600)
    segment.members = range(30, 230)
    night(sandbox, house, streams=None)
    assert house.members(FULL) == {segment.segment_id: {*range(30, 230)}}
    counts = Counter(row[0] for row in house.ask(FULL))
    assert counts[segment.segment_id] == 200


# Several syncs with other wishes.


def test_a_stream_of_differences_that_is_selected_later_begins_with_a_baseline(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    night(sandbox, house, streams={"match_all_runs", "membership_changes"})
    clock.advance(3600)
    segment.members = range(5, 201)
    second = night(sandbox, house)
    assert run_of(second)["is_baseline"] is True
    assert any("memberships" in line for line in second.warnings)
    truth = {segment.segment_id: {*segment.members}}
    assert house.members(LOG) == house.members(TABLE) == truth


def test_a_wrong_last_page_costs_one_more_look_at_the_first_page(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    def endless(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["page"]["last_page"] = 20_000
        return body

    sandbox.faults.add(Fault("edit", operation="start", times=None, answer=endless))
    assert night(sandbox, house, page_size=70).exit_code == 0
    assert len(set(reads(sandbox))) == 3
    assert len(reads(sandbox)) == 5
    assert segment.members


def test_a_predecessor_that_cannot_be_read_whole_starts_no_new_run(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    night(sandbox, house)
    segment.members = range(5, 201)
    sandbox.faults.add(Fault("text_id", operation="read", times=None))
    second = night(sandbox, house)
    assert second.exit_code == 1
    assert len(segment.runs) == 2
    assert "rebaseline" in second.errors[0]
