"""Count history: newest first, a cursor in seconds, nothing lost, nothing twice."""

from __future__ import annotations

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.answers import with_attribute
from tests.support.fuzzing import check_end
from tests.support.sync import Sync, sync

STREAM = {"count_history"}
LONG_AGO = 1_700_000_000.0


def keys(synced: Sync) -> list[tuple[str, str]]:
    return [(row["timestamp"], row["run_id"]) for row in synced.records("count_history")]


def recorded_count(segment: Segment) -> int:
    return len({(count.at, count.run_id) for count in segment.counts})


def add_history(account: Account) -> Segment:
    """Add 173 rows: 40 within one second, and 13 that share the second of a page boundary."""
    segment = account.add_segment("some", [1])
    for place in range(120):
        segment.add_count(LONG_AGO + 3600 * place, place)
    for place in range(40):
        segment.add_count(LONG_AGO + 3600 * 120 + place / 100, place)
    for place in range(13):
        # The newest fill the first page so that it ends within that second.
        segment.add_count(LONG_AGO + 3600 * 121 + place / 1000, place)
    return segment


def test_rows_that_share_a_second_are_emitted_once(account: Account, sandbox: Sandbox) -> None:
    segment = add_history(account)
    synced = sync(sandbox, streams=STREAM)
    assert recorded_count(segment) == 173
    assert len(keys(synced)) == len(set(keys(synced))) == 173
    assert keys(synced) == sorted(keys(synced))
    assert synced.warnings == []


def test_future_count_fails_the_segment(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])
    segment.add_count(account.clock.time() + 2 * 86_400, 1)
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 1
    assert not synced.records("count_history")
    [line] = synced.errors
    assert "in the future" in line
    assert "replication_key_value" not in str(synced.state)


def test_huge_count_fails_the_segment_in_one_line(sandbox: Sandbox) -> None:
    segment = sandbox.account.add_segment("VIP", range(3))
    segment.add_count(1_700_000_000.0, 3)
    answer = with_attribute(10**400, "result_count")
    sandbox.faults.add(Fault("edit", "count_history", times=None, answer=answer))
    synced = sync(sandbox, streams={"count_history"})
    check_end(synced)
    [line] = synced.errors
    assert "result_count that is no integer" in line


@pytest.mark.parametrize("value", [12.5, 2**63, -(2**64), "many", True, [1]], ids=str)
def test_count_that_is_none_fails_the_segment(
    account: Account, sandbox: Sandbox, value: object
) -> None:
    add_history(account)
    answer = with_attribute(value, "active_result_count")
    sandbox.faults.add(Fault("edit", "count_history", times=None, answer=answer))
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 1
    assert synced.records("count_history") == []
    [line] = synced.errors
    assert "active_result_count that is no integer in its range" in line


@pytest.mark.parametrize("value", [12.0, "12", "12.0", "1.2e1", -1], ids=str)
def test_count_in_another_form_is_an_integer(
    account: Account, sandbox: Sandbox, value: object
) -> None:
    add_history(account)
    answer = with_attribute(value, "result_count")
    sandbox.faults.add(Fault("edit", "count_history", times=None, answer=answer))
    for row in sync(sandbox, streams=STREAM).records("count_history"):
        assert type(row["result_count"]) is int


def test_full_seconds_below_the_page_size_are_not_warned_of(
    account: Account, sandbox: Sandbox
) -> None:
    segment = account.add_segment("some", [1])
    for place in range(150):
        segment.add_count(LONG_AGO + place // 30 + place % 30 / 100, place)
    synced = sync(sandbox, streams=STREAM)
    assert len(set(keys(synced))) == 150
    assert synced.warnings == []


def test_row_has_the_recorded_values(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])
    count = segment.add_count(LONG_AGO, 7, active_result_count=5, count_updating_with_runid="busy")
    assert sync(sandbox, streams=STREAM).records("count_history") == [
        {
            "segment_id": segment.segment_id,
            "run_id": count.run_id,
            "timestamp": "2023-11-14T22:13:20.000000Z",
            "id": count.count_id,
            "segment_hash": count.segment_hash,
            "result_count": 7,
            "active_result_count": 5,
            "count_updating_with_runid": "busy",
        }
    ]


def test_future_bookmark_is_ignored(account: Account, sandbox: Sandbox) -> None:
    add_history(account)
    first = sync(sandbox, streams=STREAM)
    state = first.state
    [entry] = state["bookmarks"]["count_history"]["partitions"]
    entry["replication_key_value"] = "2999-01-01T00:00:00.000000Z"
    second = sync(sandbox, streams=STREAM, state=state)
    assert second.exit_code == 0
    assert keys(second) == keys(first)
    assert any("in the future" in line for line in second.warnings)


def test_second_sync_emits_new_rows_and_the_bookmark_row(
    account: Account, sandbox: Sandbox
) -> None:
    segment = add_history(account)
    first = sync(sandbox, streams=STREAM)
    for place in range(3):
        segment.add_count(LONG_AGO + 3600 * (200 + place), place)
    sandbox.clear_requests()
    second = sync(sandbox, streams=STREAM, state=first.state)
    assert len(keys(second)) == 4
    assert keys(second)[0] == keys(first)[-1]
    asked = [request for request in sandbox.requests if "count-history" in request.path]
    assert len(asked) == 1


def test_second_beyond_the_page_size_is_warned_of(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])
    for place in range(5):
        segment.add_count(LONG_AGO + 3600 * place, place)
    for place in range(60):
        segment.add_count(LONG_AGO + 3600 * 10 + place / 100, place)
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 0
    assert len(keys(synced)) == 55
    assert any("may be missing" in line and "'some'" in line for line in synced.warnings)


def test_start_date_limits_the_first_sync_alone(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])
    for day in range(1, 11):
        segment.add_count(LONG_AGO + 86_400 * day, day)
    since = "2023-11-21T00:00:00Z"
    first = sync(sandbox, streams=STREAM, start_date=since)
    assert [row["result_count"] for row in first.records("count_history")] == [7, 8, 9, 10]
    second = sync(sandbox, streams=STREAM, state=first.state, start_date="2030-01-01")
    assert [row["result_count"] for row in second.records("count_history")] == [10]


def test_start_date_includes_all_rows_of_its_instant(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])
    for at in (LONG_AGO - 60, LONG_AGO, LONG_AGO, *(LONG_AGO + 60 + place for place in range(49))):
        segment.add_count(at, 1)
    synced = sync(sandbox, streams=STREAM, start_date="2023-11-14T22:13:20Z")
    assert len(keys(synced)) == 51


def test_broken_history_leaves_no_row_and_no_bookmark(account: Account, sandbox: Sandbox) -> None:
    add_history(account)
    sandbox.faults.add(Fault("status", operation="count_history", status=500, after=1, times=None))
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 1
    assert keys(synced) == []
    [partition] = synced.state["bookmarks"]["count_history"]["partitions"]
    assert "replication_key_value" not in partition


def test_unfinished_count_is_emitted_again(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])
    at = account.clock.time() - 600
    segment.add_count(at, 5, count_updating_with_runid="busy")
    segment.add_count(at + 60, 6)
    first = sync(sandbox, streams=STREAM)
    second = sync(sandbox, streams=STREAM, state=first.state)
    assert [row["result_count"] for row in second.records("count_history")] == [5, 6]


def test_stale_unfinished_count_is_not_emitted_again(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])
    now = account.clock.time()
    segment.add_count(now - 2 * 86_400, 4, count_updating_with_runid="forgotten")
    segment.add_count(now - 600, 5)
    segment.add_count(now - 540, 6)
    first = sync(sandbox, streams=STREAM)
    second = sync(sandbox, streams=STREAM, state=first.state)
    assert [row["result_count"] for row in second.records("count_history")] == [6]


# Counts that are recorded_count late, and answers of fewer rows.


@pytest.mark.parametrize("hours", [0.5, 30, 24 * 40])
def test_late_count_is_emitted(account: Account, sandbox: Sandbox, hours: float) -> None:
    segment = account.add_segment("some", [1])
    now = account.clock.time()
    for day in range(1, 15):
        segment.add_count(now - 86_400 * day * 3, day)
    first = sync(sandbox, streams=STREAM)
    late = segment.add_count(now - 3 * 86_400 - 3600 * hours, 99)
    second = sync(sandbox, streams=STREAM, state=first.state)
    assert [row["result_count"] for row in second.records("count_history")] == [99, 1]
    assert second.records("count_history")[0]["run_id"] == late.run_id
    third = sync(sandbox, streams=STREAM, state=second.state)
    assert [row["result_count"] for row in third.records("count_history")] == [1]
    newest = [
        synced.state["bookmarks"]["count_history"]["partitions"][0]["replication_key_value"]
        for synced in (first, second, third)
    ]
    assert len({*newest}) == 1


def test_late_and_new_counts_take_one_request(account: Account, sandbox: Sandbox) -> None:
    segment = add_history(account)
    first = sync(sandbox, streams=STREAM)
    bookmark = max(count.at for count in segment.counts)
    segment.add_count(bookmark - 1800, 1234)
    segment.add_count(bookmark + 60, 4321)
    sandbox.clear_requests()
    second = sync(sandbox, streams=STREAM, state=first.state)
    found = [row["result_count"] for row in second.records("count_history")]
    assert (found[0], found[-1], len(found)) == (1234, 4321, 3)
    assert sum("count-history" in request.path for request in sandbox.requests) == 1


@pytest.mark.parametrize("each", [1, 2, 3, 7])
def test_counts_of_one_instant_are_not_late(account: Account, sandbox: Sandbox, each: int) -> None:
    segment = account.add_segment("some", [1])
    for place in range(60):
        segment.add_count(LONG_AGO + 3600 * (place // each), place)
    first = sync(sandbox, streams=STREAM)
    segment.add_count(LONG_AGO + 3600 * 100, 99)
    second = sync(sandbox, streams=STREAM, state=first.state)
    newest = {key for key in keys(first) if key[0] == keys(first)[-1][0]}
    assert {*keys(second)[:-1]} == newest


@pytest.mark.parametrize("crowd", [8, 19, 20, 25, 60])
@pytest.mark.parametrize("most", [5, 20, 50])
def test_overfull_second_is_warned_of(
    account: Account, sandbox: Sandbox, crowd: int, most: int
) -> None:
    account.counts_per_answer = most
    segment = account.add_segment("some", [1])
    for place in range(40):
        segment.add_count(LONG_AGO + 3600 * place, place)
    for place in range(crowd):
        segment.add_count(LONG_AGO + 3600 * 50 + place / 100, place)
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 0
    assert len(keys(synced)) == 40 + min(crowd, most)
    if crowd > most:
        assert any("may be missing" in line for line in synced.warnings)
    if crowd < most:
        assert synced.warnings == []


@pytest.mark.parametrize("size", [1, 2, 10, 20, 49, 50])
def test_short_history_is_not_taken_for_a_truncated_one(
    account: Account, sandbox: Sandbox, size: int
) -> None:
    segment = account.add_segment("some", [1])
    for place in range(size):
        segment.add_count(LONG_AGO + 3600 * place, place)
    synced = sync(sandbox, streams=STREAM)
    assert len(keys(synced)) == size
    assert synced.warnings == []
    assert sum("count-history" in request.path for request in sandbox.requests) <= 3
