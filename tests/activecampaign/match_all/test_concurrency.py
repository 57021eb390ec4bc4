"""Several segments on their way at once: none waits for another, none is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.prefetch import Lookahead
from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.http.test_retry import client_of
from tests.support.processes import peak_memory, running
from tests.support.sync import RUN_STREAMS, config_of, sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.sync import SharedClock


def test_slow_evaluations_go_on_side_by_side(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    for place in range(10):
        account.add_segment(f"segment {place}", [place], evaluation_seconds=5000)
    before = clock.time()
    synced = sync(sandbox, streams=RUN_STREAMS, run_timeout=500_000)
    assert synced.exit_code == 0
    started = [segment.runs[0].started for segment in account.segments]
    ended = [segment.runs[0].ended for segment in account.segments]
    assert max(started) < min(ended)
    assert before < min(started)


def test_results_that_would_fill_the_memory_are_not_begun_at_once(
    account: Account, sandbox: Sandbox
) -> None:
    for place in range(4):
        segment = account.add_segment(f"segment {place}", [place], evaluation_seconds=5000)
        segment.add_count(account.clock.time() - 86_400, result_count=20_000_000)
    synced = sync(sandbox, streams=RUN_STREAMS, run_timeout=500_000)
    assert len(synced.records("match_all_results")) == 4
    runs = [segment.runs[0] for segment in account.segments]
    assert runs[1].started < runs[0].ended
    assert runs[2].started > runs[0].ended


def test_a_run_for_which_there_is_no_room_keeps_nothing_else_waiting() -> None:
    begun: list[int] = []

    def work(key: int) -> Callable[[], int]:
        begun.append(key)
        return lambda: key

    lookahead = Lookahead(
        range(10), work, width=5, first=[8, 9], weight=lambda key: 10 * (key > 7), most=15
    )
    assert lookahead.take(0).result() == 0
    assert begun == [0, 8, 1, 2, 3]


def test_runs_of_which_only_the_total_is_wanted_take_no_room(
    account: Account, sandbox: Sandbox
) -> None:
    for place in range(4):
        segment = account.add_segment(f"segment {place}", [place], evaluation_seconds=5000)
        segment.add_count(account.clock.time() - 86_400, result_count=20_000_000)
    sync(sandbox, streams={"match_all_runs"}, run_timeout=500_000)
    runs = [segment.runs[0] for segment in account.segments]
    assert max(run.started for run in runs) < runs[0].ended


def test_rows_leave_in_the_order_of_the_segments(account: Account, sandbox: Sandbox) -> None:
    for place in range(12):
        account.add_segment(f"segment {place:02}", [place], evaluation_seconds=(place * 7) % 12)
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [*range(12)]


def test_pages_that_come_in_parallel_leave_in_order(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("many", range(1000))
    sandbox.faults.add(Fault("slow", operation="read", page=3, seconds=0.2))
    sandbox.faults.add(Fault("status", operation="read", page=5, status=503))
    synced = sync(sandbox, streams=RUN_STREAMS, page_size=100)
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [*range(1000)]
    assert [row["position"] for row in synced.records("match_all_results")] == [*range(1, 1001)]


def test_an_error_beside_belongs_to_its_segment(account: Account, sandbox: Sandbox) -> None:
    for place in range(9):
        account.add_segment(f"segment {place}", [place])
    bad = account.segments[4]
    sandbox.faults.add(Fault("run_fails", times=None, segment_id=bad.segment_id))
    synced = sync(sandbox)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "'segment 4'" in line
    assert len(synced.records("match_all_runs")) == 8


def test_requests_leave_evenly_spaced_and_a_retried_one_pays_too(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("status", status=503, after=3, times=2))
    client = client_of(sandbox, clock, requests_per_second=4)
    for _ in range(8):
        client.get("audiences")
    pauses = [later.at - sooner.at for sooner, later in pairwise(sandbox.requests)]
    assert len(pauses) == 9
    assert min(pauses) > 0.2


def test_nobody_asks_while_retry_after_lasts(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    for place in range(30):
        account.add_segment(f"segment {place}", [place])
    sandbox.faults.add(Fault("retry_after", operation="start", value=50, after=10))
    synced = sync(sandbox, streams=RUN_STREAMS, max_concurrent_requests=3)
    assert synced.exit_code == 0
    [refused] = [request.at for request in sandbox.requests if request.status == 429]
    # Two were in flight when the answer came.
    meanwhile = [request for request in sandbox.requests if 0 < request.at - refused < 49]
    assert len(meanwhile) <= 2
    assert clock.time() > refused + 49


def test_a_long_sync_says_where_it_is(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("slow", range(100), evaluation_seconds=300)
    account.add_segment("other", range(100))
    log = sync(sandbox, streams=RUN_STREAMS).log.splitlines()
    lines = [line for line in log if "contacts/s" in line]
    assert lines
    assert any("of 2" in line and "segment 'slow'" in line for line in lines)


@pytest.mark.parametrize("options", [[], ["-u"]], ids=["buffered", "unbuffered"])
def test_lines_are_whole_whatever_the_output_is(tmp_path: Path, options: list[str]) -> None:
    account = Account()
    account.add_segment("many", range(60_000))
    with Sandbox(account, requests_per_second=None) as sandbox:
        config = tmp_path / "config.json"
        config.write_text(json.dumps(config_of(sandbox)))
        done = subprocess.run(  # noqa: S603
            [sys.executable, *options, "-m", "tests.support.fast_tap", "--config", str(config)],
            capture_output=True,
            check=True,
            timeout=60,
        )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    rows = [message for message in messages if message.get("stream") == "match_all_results"]
    assert len(rows) == 60_001


def test_state_messages_stay_within_the_rule() -> None:
    account = Account()
    for place in range(200):
        account.add_segment(f"segment {place}", [place])
    with Sandbox(account, requests_per_second=None) as sandbox:
        first = sync(sandbox)
        second = sync(sandbox, state=first.state)
    for synced in (first, second):
        sizes = [len(json.dumps(state)) for state in synced.states]
        assert len(sizes) <= 8
        assert sum(sizes) < 8 * 200_000


def test_memory_grows_with_the_changes_and_not_with_the_members(tmp_path: Path) -> None:
    peaks = {}
    for size in (10_000, 1_000_000):
        account = Account()
        segment = account.add_segment("some", range(size))
        # Known to the state without a first sync.
        run = account.start(segment, "id")
        instant = timestamps.normal(account.timestamps.text(run.started))
        facts = {
            "run_id": run.run_id,
            "sort": "id",
            "run_id_start": instant,
            "run_id_end": instant,
            "segment_timestamp": None,
            "baseline_run_id": run.run_id,
            "digest": None,
            "streams": ["membership_changes"],
        }
        entry = {
            "context": {"segment_id": segment.segment_id},
            "match_all": {"predecessor": facts},
        }
        segment.members = range(size // 100, size + size // 100)
        with (
            Sandbox(account, requests_per_second=None) as sandbox,
            running(
                sandbox,
                tmp_path,
                streams={"membership_changes"},
                state={"bookmarks": {"match_all_runs": {"partitions": [entry]}}},
            ) as tap,
        ):
            synced = tap.finish()
        assert synced.exit_code == 0, synced.log
        assert len(synced.records("membership_changes")) == size // 50
        peaks[size] = peak_memory(synced)
    assert peaks[1_000_000] - peaks[10_000] < 40 * 2**20
