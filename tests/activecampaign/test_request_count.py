"""As few requests as possible, and the same rows as with more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support.sync import sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.support.sync import SharedClock, Sync

KINDS = {"count-history", "createdDate"}
HISTORIES = ("count_history", "segment_definitions")


def asked(sandbox: Sandbox) -> Counter[str]:
    """Count the requests by what they ask for."""
    found: Counter[str] = Counter()
    for request in sandbox.requests:
        _, _, _, resource, *rest = request.path.split("/")
        found["/".join([resource, *(part for part in rest if part in KINDS)])] += 1
    return found


def with_small_segments(account: Account, number: int) -> None:
    account.records_runs = False
    for place in range(number):
        segment = account.add_segment(f"segment {place}", range(place, place + 10))
        for month in range(3):
            segment.add_count(1_700_000_000.0 + 2_600_000 * month + place, 10)


def test_a_small_fast_segment_costs_one_request(account: Account, sandbox: Sandbox) -> None:
    with_small_segments(account, 20)
    sync(sandbox, streams={"match_all_results"})
    assert asked(sandbox) == {"audiences": 1, "segmentMatchAll": 20}


def test_a_second_sync_of_100_unchanged_segments_costs_102_requests(
    account: Account, sandbox: Sandbox
) -> None:
    with_small_segments(account, 100)
    first = sync(sandbox)
    sandbox.clear_requests()
    second = sync(sandbox, state=first.state)
    assert second.exit_code == 0
    assert asked(sandbox) == {
        "audiences": 1,
        "segmentsV2/count-history": 1,
        "segmentMatchAll": 100,
    }


def test_runs_recorded_in_the_count_history_cost_one_request_each_more(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    with_small_segments(account, 100)
    account.records_runs = True
    first = sync(sandbox)
    clock.advance(60)
    sandbox.clear_requests()
    second = sync(sandbox, state=first.state)
    assert second.exit_code == 0
    assert sum(asked(sandbox).values()) <= 210


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("status", operation="recent_counts", status=404, times=None),
        Fault("status", operation="recent_counts", status=500, times=None),
        Fault("html", operation="recent_counts", times=None),
        Fault(
            "edit",
            operation="recent_counts",
            times=None,
            answer=lambda body: {"data": body["data"][::2]},
        ),
        Fault("edit", operation="recent_counts", times=None, answer=lambda _: {"data": [{}]}),
        Fault("edit", operation="recent_counts", times=None, answer=lambda _: {"data": []}),
    ],
    ids=["fine", "404", "500", "html", "half", "nonsense", "none"],
)
def test_whatever_the_short_cut_answers_the_rows_are_those_of_the_histories(
    account: Account, sandbox: Sandbox, fault: Fault | None
) -> None:
    with_small_segments(account, 6)
    first = sync(sandbox, streams=HISTORIES)
    changed, shared, *_ = account.segments
    now = account.clock.time()
    changed.add_count(now, 11)
    for run_id in ("one", "other"):
        shared.add_count(now, 12, run_id=run_id)
    if fault:
        fault.applied = 0
        sandbox.faults.add(fault)
    second = sync(sandbox, streams=HISTORIES, state=first.state)
    third = sync(sandbox, streams=HISTORIES, state=second.state)
    for synced, new in ((second, 3), (third, 0)):
        rows = synced.records("count_history")
        assert synced.exit_code == 0
        # One at each bookmark; two where two share it, once they were read.
        assert len(rows) == 6 + new + (synced is third)


def test_a_definition_is_asked_for_when_a_run_says_that_it_changed(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    with_small_segments(account, 3)
    first = sync(sandbox)
    clock.advance(60)
    account.segments[1].edit()
    clock.advance(60)
    second = sync(sandbox, state=first.state)
    rows = second.records("segment_definitions")
    assert [row["segment_id"] for row in rows] == [account.segments[1].segment_id] * 2
    assert len({row["created_date"] for row in rows}) == 2


def test_no_definition_is_asked_for_when_a_new_baseline_says_that_it_is_the_same(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    with_small_segments(account, 3)
    first = sync(sandbox)
    clock.advance(60)
    sandbox.clear_requests()
    sync(sandbox, state=first.state, rebaseline=["segment*"])
    assert asked(sandbox) == {
        "audiences": 1,
        "segmentsV2/count-history": 1,
        "segmentMatchAll": 3,
    }


def test_a_segment_known_to_be_slow_is_started_first_and_instantly(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    for place in range(60):
        account.add_segment(f"segment {place:02}", [place])
    slow = account.segments[-1]
    slow.evaluation_seconds = 20
    first = sync(sandbox, streams={"match_all_runs"})
    clock.advance(3600)
    sandbox.clear_requests()
    second = sync(sandbox, streams={"match_all_runs"}, state=first.state)
    starts = [
        request
        for request in sandbox.requests
        if "/segmentMatchAll/" in request.path and request.path.count("/") == 4
    ]
    assert [slow.segment_id in request.path for request in starts].index(True) < 30
    for request in starts:
        assert ("instant=" in request.raw_query) == (slow.segment_id in request.path)
    assert len(second.records("match_all_runs")) == 60
    looks = [request for request in sandbox.requests if request.path.count("/") == 5]
    assert len(looks) <= 3


def everything(synced: Sync) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for message in synced.messages:
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
    return found


def test_whole_pages_and_single_records_are_the_same_rows(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.records_runs = False
    segment = account.add_segment('odd "name" %d \\ \u2028', range(1, 501), segment_id='%d "%s" é')
    account.add_segment("none")
    streams = ("match_all_results", "membership_changes", "memberships")
    unchanged = {stream: {"contact_id": "contact_id"} for stream in streams}
    states: dict[str, Any] = {}
    for members in (range(1, 501), range(20, 700)):
        segment.members = members
        rows = {}
        for way, maps in {"pages": {}, "records": unchanged}.items():
            synced = sync(sandbox, state=states.get(way), page_size=70, stream_maps=maps)
            states[way] = synced.state
            rows[way] = [
                [without_run(row) for row in everything(synced)[stream]] for stream in streams
            ]
            clock.advance(60)
        assert rows["pages"] == rows["records"]
        assert rows["pages"][0]


def without_run(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what two runs never share."""
    return {
        name: value
        for name, value in row.items()
        if not name.endswith(("run_id", "run_id_end", "changed_at"))
    }
