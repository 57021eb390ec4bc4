"""Match-all runs: started once, polled, and read whole."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.activecampaign import run_requests
from tests.support.nightly import changes, nightly_sync
from tests.support.sync import RUN_STREAMS, sync
from tests.support.warehouse import LOG, TABLE, Warehouse


def test_results_of_all_sizes_are_exact(account: Account, sandbox: Sandbox) -> None:
    sizes = {
        account.add_segment(name, range(1, size + 1)).segment_id: size
        for name, size in {"none": 0, "one": 1, "many": 25_000}.items()
    }
    synced = sync(sandbox)
    rows = synced.records("match_all_results")
    assert synced.exit_code == 0
    assert len(rows) == len({(row["segment_id"], row["contact_id"]) for row in rows}) == 25_001
    assert all(row["position"] == row["contact_id"] for row in rows)
    runs = {row["segment_id"]: row["total"] for row in synced.records("match_all_runs")}
    assert runs == sizes


def test_25000_ids_take_three_requests(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("many", range(1, 25_001))
    sync(sandbox)
    assert sorted(run_requests(sandbox)) == [
        "segmentMatchAll?sort=id&page=1&page_size=10000",
        "segmentMatchAll?sort=id&page=2&page_size=10000 (read)",
        "segmentMatchAll?sort=id&page=3&page_size=10000 (read)",
    ]


def test_page_may_hold_a_single_id(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [3, 5, 8])
    rows = sync(sandbox, page_size=1).records("match_all_results")
    assert [row["contact_id"] for row in rows] == [3, 5, 8]


def test_long_run_is_polled_with_growing_pauses(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("slow", [5], evaluation_seconds=120)
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["total"] for row in synced.records("match_all_runs")] == [1]
    looks = [request.at for request in sandbox.requests if "/segmentMatchAll/" in request.path]
    pauses = [later - sooner for sooner, later in pairwise(looks[1:])]
    assert max(pauses) <= 36.5
    assert pauses[-2] > 2 * pauses[0]
    assert len(looks) < 13


def test_every_read_uses_the_sort_of_its_run(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", range(1, 26), evaluation_seconds=9)
    synced = sync(sandbox, sort="-email", page_size=10)
    assert {request.split("&")[0] for request in run_requests(sandbox)} == {
        "segmentMatchAll?sort=-email"
    }
    assert len(account.segments[0].runs) == 1
    rows = synced.records("match_all_results")
    assert [row["position"] for row in rows] == list(range(1, 26))
    assert sorted(row["contact_id"] for row in rows) == list(range(1, 26))
    assert [row["contact_id"] for row in rows] != sorted(row["contact_id"] for row in rows)


def test_late_run_fails_and_stays_in_the_state(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("slow", [1], evaluation_seconds=1000)
    synced = sync(sandbox, run_timeout=60, streams=RUN_STREAMS)
    assert synced.exit_code == 1
    assert "run_timeout" in synced.errors[0]
    [run] = account.segments[0].runs
    [entry] = synced.state["bookmarks"]["match_all_runs"]["partitions"]
    assert entry["match_all"]["running"]["run_id"] == run.run_id


def test_run_ready_at_its_timeout_is_used(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("slow", [1], evaluation_seconds=4.5)
    synced = sync(sandbox, run_timeout=1)
    assert synced.exit_code == 0
    assert [row["total"] for row in synced.records("match_all_runs")] == [1]


def test_no_run_without_a_run_stream(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    sync(sandbox, streams={"segments", "count_history", "segment_definitions"})
    assert run_requests(sandbox) == []


@pytest.mark.parametrize("seconds", [1.5, 10.0, 25.0])
@pytest.mark.parametrize("evaluation_seconds", [0.0, 6.0, 20.0])
def test_unknown_run_is_awaited_after_its_start(
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


@pytest.mark.parametrize("streams", [None, RUN_STREAMS, {"match_all_runs"}], ids=str)
def test_same_run_again_has_no_changes(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, streams: set[str] | None
) -> None:
    nightly_sync(sandbox, warehouse, streams=RUN_STREAMS)
    sandbox.faults.add(Fault("same_run", times=None))
    second = nightly_sync(sandbox, warehouse, streams=streams)
    assert second.exit_code == 0
    assert second.records("match_all_runs") == []
    assert changes(second) == {"joined": set(), "left": set()}
    if streams != {"match_all_runs"}:
        assert len(second.records("match_all_results")) == 200
    sandbox.faults.clear()
    segment.members = range(3, 201)
    assert changes(nightly_sync(sandbox, warehouse))["left"] == {1, 2}
    assert (
        warehouse.members(LOG) == warehouse.members(TABLE) == {segment.segment_id: {*range(3, 201)}}
    )
