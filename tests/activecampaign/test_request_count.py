"""How few requests a sync takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.activecampaign import add_small_segments, request_counts, run_reads
from tests.support.nightly import nightly_sync
from tests.support.sync import RUN_STREAMS, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.clocks import SharedClock
    from tests.support.warehouse import Warehouse


def test_small_fast_segment_takes_one_request(account: Account, sandbox: Sandbox) -> None:
    add_small_segments(account, 20)
    sync(sandbox, streams={"match_all_results"})
    assert request_counts(sandbox) == {"audiences": 1, "segmentMatchAll": 20}


def test_unchanged_segments_take_one_request_each(account: Account, sandbox: Sandbox) -> None:
    add_small_segments(account, 100)
    first = sync(sandbox)
    sandbox.clear_requests()
    second = sync(sandbox, state=first.state)
    assert second.exit_code == 0
    assert request_counts(sandbox) == {
        "audiences": 1,
        "segmentsV2/count-history": 1,
        "segmentMatchAll": 100,
    }


def test_recorded_runs_take_one_more_request_each(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    add_small_segments(account, 100)
    account.records_runs = True
    first = sync(sandbox)
    clock.advance(60)
    sandbox.clear_requests()
    second = sync(sandbox, state=first.state)
    assert second.exit_code == 0
    assert sum(request_counts(sandbox).values()) <= 210


def test_definition_is_requested_after_an_edit(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    add_small_segments(account, 3)
    first = sync(sandbox)
    clock.advance(60)
    account.segments[1].edit()
    clock.advance(60)
    second = sync(sandbox, state=first.state)
    rows = second.records("segment_definitions")
    assert [row["segment_id"] for row in rows] == [account.segments[1].segment_id] * 2
    assert len({row["created_date"] for row in rows}) == 2


def test_unchanged_definition_is_not_requested(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    add_small_segments(account, 3)
    first = sync(sandbox)
    clock.advance(60)
    sandbox.clear_requests()
    sync(sandbox, state=first.state, rebaseline=["segment*"])
    assert request_counts(sandbox) == {
        "audiences": 1,
        "segmentsV2/count-history": 1,
        "segmentMatchAll": 3,
        "contacts": 1,
    }


def test_slow_segment_is_started_first_and_instantly(
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


def test_every_page_of_both_runs_is_read_once(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse, streams=RUN_STREAMS, page_size=30)
    segment.members = range(50, 250)
    sandbox.clear_requests()
    second = nightly_sync(sandbox, warehouse, streams=RUN_STREAMS, page_size=30)
    assert len(second.records("match_all_results")) == 200
    assert len(run_reads(sandbox)) == len(set(run_reads(sandbox))) == 6 + 7


def test_baseline_reads_every_page_once(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    first = nightly_sync(sandbox, warehouse, streams=RUN_STREAMS, page_size=30)
    assert len(run_reads(sandbox)) == len(set(run_reads(sandbox))) == 6
    for stream in ("match_all_results", "membership_changes", "memberships"):
        assert {row["contact_id"] for row in first.records(stream)} == set(segment.members)
