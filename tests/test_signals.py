"""Signals: the sync ends in time, with whole lines and a true state."""

from __future__ import annotations

import fcntl
import select
import signal
import struct
import termios
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.faults import AwaitableFault
from tests.support.processes import REAL_TIME_TAP, running_tap
from tests.support.sync import RUN_STREAMS

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox

QUIET = 0.2
"""Seconds without a write after which a pipe counts as full."""
PAGE = 4096
"""Bytes: the tap is not stuck with less in the pipe."""


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("where", ["run", "retry-after", "emission"])
def test_signal_ends_the_sync_in_time_with_a_true_state(
    account: Account,
    sandbox: Sandbox,
    tmp_path: Path,
    number: int,
    exit_code: int,
    where: str,
) -> None:
    segment = account.add_segment("some", range(1, 200_001))
    if where == "run":
        segment.evaluation_seconds = 5000
    refusal = AwaitableFault("retry_after", operation="start", value=50, times=None)
    if where == "retry-after":
        sandbox.faults.add(refusal)
    with running_tap(sandbox, tmp_path, streams=RUN_STREAMS, command=REAL_TIME_TAP) as tap:
        tap.read_until(
            {"run": b'"running"', "retry-after": b'"SCHEMA"', "emission": b'"RECORD"'}[where]
        )
        if where == "retry-after":
            refusal.wait()
        before = time.monotonic()
        tap.signal(number)
        stopped = tap.finish()
        taken = time.monotonic() - before
    assert stopped.exit_code == exit_code
    assert taken < 2
    assert not tap.was_cut
    assert stopped.messages[-1]["type"] == "STATE"
    facts = stopped.state["bookmarks"].get("match_all_runs", {}).get("partitions", [{}])[0]
    assert "predecessor" not in facts.get("match_all", {})
    assert "Traceback" not in stopped.log


def wait_until_stuck(pipe: int) -> None:
    """Return when a pipe that nobody reads is no longer written to."""
    with select.epoll() as written:
        # Edge-triggered: each write is an event, whatever is still unread.
        written.register(pipe, select.EPOLLIN | select.EPOLLET)
        while written.poll(QUIET) or unread(pipe) <= PAGE:
            pass


def unread(pipe: int) -> int:
    """Return the number of unread bytes."""
    [found] = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return int(found)


@pytest.mark.skipif(not hasattr(fcntl, "F_GETPIPE_SZ"), reason="Linux tells how full a pipe is")
@pytest.mark.parametrize(
    ("lines", "lines_read"), [("short", 1), ("short", 500), ("long", 1), ("state", 500)]
)
def test_signal_while_the_target_is_stuck_leaves_whole_lines(
    account: Account, sandbox: Sandbox, tmp_path: Path, lines: str, lines_read: int
) -> None:
    settings: dict[str, Any] = {}
    if lines == "short":
        account.add_segment("some", range(1, 50_001))
        streams = RUN_STREAMS
    elif lines == "long":
        streams = {"segments", "segment_definitions"}
        for place in range(200):
            segment = account.add_segment(f"number {place}")
            segment.edit(name=f"number {place} " + "x" * (3000 + 37 * place))
        settings = {"max_concurrent_requests": 32}
    else:
        streams = {"segments", "match_all_runs", "memberships"}
        for place in range(100):
            account.add_segment(f"number {place}", range(300))
        settings = {"max_concurrent_requests": 32}
    with running_tap(sandbox, tmp_path, streams=streams, command=REAL_TIME_TAP, **settings) as tap:
        tap.read_lines(lines_read)
        wait_until_stuck(tap.stdout.fileno())
        before = time.monotonic()
        tap.signal(signal.SIGTERM)
        exit_code, _ = tap.end()
        assert time.monotonic() - before < 2
        stopped = tap.finish()
    assert exit_code == 143
    assert not tap.was_cut
    assert stopped.messages


def test_signal_during_the_listing_keeps_its_exit_code(sandbox: Sandbox, tmp_path: Path) -> None:
    hanging = AwaitableFault("hang", operation="list", seconds=5)
    sandbox.faults.add(hanging)
    with running_tap(sandbox, tmp_path, command=REAL_TIME_TAP) as tap:
        hanging.wait()
        tap.signal(signal.SIGTERM)
        stopped = tap.finish()
    assert stopped.exit_code == 143
    assert stopped.messages == []
    assert "Traceback" not in stopped.log


def test_signal_leaves_no_bookmark_ahead_of_batched_rows(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    for place in range(3):
        account.add_segment(f"segment {place}", [1]).add_count(1_700_000_000.0 + place, 1)
    slow = account.segments[2]
    refusal = AwaitableFault(
        "retry_after", "count_history", times=None, value=50, segment_id=slow.segment_id
    )
    sandbox.faults.add(refusal)
    batches = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri()},
    }
    with running_tap(
        sandbox,
        tmp_path,
        command=REAL_TIME_TAP,
        streams={"count_history"},
        batch_config=batches,
        max_concurrent_requests=1,
    ) as tap:
        refusal.wait()
        tap.signal(signal.SIGTERM)
        stopped = tap.finish()
    assert stopped.exit_code == 143
    assert not [kind for kind, _ in stopped.types if kind == "BATCH"]
    assert "replication_key_value" not in str(stopped.states)
