"""Segments evaluated concurrently: none waits for another, none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.sync import RUN_STREAMS, sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


def test_slow_evaluations_overlap(account: Account, sandbox: Sandbox, clock: SharedClock) -> None:
    for place in range(10):
        account.add_segment(f"segment {place}", [place], evaluation_seconds=5000)
    before = clock.time()
    synced = sync(sandbox, streams=RUN_STREAMS, run_timeout=500_000)
    assert synced.exit_code == 0
    started = [segment.runs[0].started for segment in account.segments]
    ended = [segment.runs[0].ended for segment in account.segments]
    assert max(started) < min(ended)
    assert before < min(started)


def test_large_results_are_not_evaluated_at_once(account: Account, sandbox: Sandbox) -> None:
    for place in range(4):
        segment = account.add_segment(f"segment {place}", [place], evaluation_seconds=5000)
        segment.add_count(account.clock.time() - 86_400, result_count=20_000_000)
    synced = sync(sandbox, streams=RUN_STREAMS, run_timeout=500_000)
    assert len(synced.records("match_all_results")) == 4
    runs = [segment.runs[0] for segment in account.segments]
    assert runs[1].started < runs[0].ended
    assert runs[2].started > runs[0].ended


def test_runs_without_ids_take_no_room(account: Account, sandbox: Sandbox) -> None:
    for place in range(4):
        segment = account.add_segment(f"segment {place}", [place], evaluation_seconds=5000)
        segment.add_count(account.clock.time() - 86_400, result_count=20_000_000)
    sync(sandbox, streams={"match_all_runs"}, run_timeout=500_000)
    runs = [segment.runs[0] for segment in account.segments]
    assert max(run.started for run in runs) < runs[0].ended


def test_rows_are_emitted_in_segment_order(account: Account, sandbox: Sandbox) -> None:
    for place in range(12):
        account.add_segment(f"segment {place:02}", [place], evaluation_seconds=(place * 7) % 12)
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [*range(12)]


def test_pages_read_in_parallel_are_emitted_in_order(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("many", range(1000))
    sandbox.faults.add(Fault("slow", operation="read", page=3, seconds=0.2))
    sandbox.faults.add(Fault("status", operation="read", page=5, status=503))
    synced = sync(sandbox, streams=RUN_STREAMS, page_size=100)
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [*range(1000)]
    assert [row["position"] for row in synced.records("match_all_results")] == [*range(1, 1001)]


def test_concurrent_failure_stays_with_its_segment(account: Account, sandbox: Sandbox) -> None:
    for place in range(9):
        account.add_segment(f"segment {place}", [place])
    bad = account.segments[4]
    sandbox.faults.add(Fault("run_fails", times=None, segment_id=bad.segment_id))
    synced = sync(sandbox)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "'segment 4'" in line
    assert len(synced.records("match_all_runs")) == 8
