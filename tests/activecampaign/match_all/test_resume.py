"""Acquire: a run in progress is resumed by the next sync."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.nightly import run_state
from tests.support.processes import REAL_TIME_TAP, running_tap
from tests.support.sync import CHANGE_STREAMS, RUN_STREAMS, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clocks import SharedClock


def test_run_is_in_the_state_before_the_first_wait(
    sandbox: Sandbox, segment: Segment, tmp_path: Path
) -> None:
    segment.evaluation_seconds = 5000
    with running_tap(sandbox, tmp_path, streams=RUN_STREAMS, command=REAL_TIME_TAP) as tap:
        tap.read_until(b'"running"')
        assert sum("/segmentMatchAll/" in request.path for request in sandbox.requests) == 1
        tap.signal(signal.SIGKILL)
        killed = tap.finish()
    assert run_state(killed.state)["running"]["run_id"] == segment.runs[0].run_id


@pytest.fixture
def interrupted(sandbox: Sandbox, segment: Segment, clock: SharedClock) -> dict[str, Any]:
    """The state of a sync that timed out; its run has finished since."""
    segment.evaluation_seconds = 600
    synced = sync(sandbox, streams=CHANGE_STREAMS, run_timeout=30)
    segment.evaluation_seconds = 0
    clock.advance(900)
    sandbox.clear_requests()
    return synced.state


def test_unfinished_run_is_resumed(
    sandbox: Sandbox, segment: Segment, interrupted: dict[str, Any]
) -> None:
    synced = sync(sandbox, streams=CHANGE_STREAMS, state=interrupted)
    assert synced.exit_code == 0
    assert len(segment.runs) == 1
    assert synced.records("match_all_runs")[0]["run_id"] == segment.runs[0].run_id
    assert "running" not in run_state(synced.state)


def test_unfinished_run_is_awaited(sandbox: Sandbox, segment: Segment) -> None:
    segment.evaluation_seconds = 600
    first = sync(sandbox, streams=CHANGE_STREAMS, run_timeout=30)
    second = sync(sandbox, streams=CHANGE_STREAMS, state=first.state)
    assert second.exit_code == 0
    assert [row["run_id"] for row in second.records("match_all_runs")] == [segment.runs[0].run_id]
    assert len(segment.runs) == 1


def test_unfinished_run_of_a_later_sync_is_resumed(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    first = sync(sandbox, streams=CHANGE_STREAMS)
    clock.advance(60)
    segment.evaluation_seconds = 600
    second = sync(sandbox, streams=CHANGE_STREAMS, state=first.state, run_timeout=30)
    clock.advance(900)
    third = sync(sandbox, streams=CHANGE_STREAMS, state=second.state)
    assert [row["run_id"] for row in third.records("match_all_runs")] == [segment.runs[1].run_id]
    assert len(segment.runs) == 2


@pytest.mark.parametrize("settings", [{"sort": "email"}, {"resume_within": 60}])
def test_run_of_another_sort_or_too_old_is_not_resumed(
    sandbox: Sandbox, segment: Segment, interrupted: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert sync(sandbox, streams=CHANGE_STREAMS, state=interrupted, **settings).exit_code == 0
    assert len(segment.runs) == 2


@pytest.mark.parametrize("end", ["expired", "failed"])
def test_expired_or_failed_run_is_started_anew(
    account: Account, sandbox: Sandbox, segment: Segment, interrupted: dict[str, Any], end: str
) -> None:
    if end == "expired":
        account.expire_runs()
    else:
        segment.runs[0].fails = True
    assert sync(sandbox, streams=CHANGE_STREAMS, state=interrupted).exit_code == 0
    assert len(segment.runs) == 2


def test_outage_keeps_the_run_in_progress(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    segment.evaluation_seconds = 600
    sandbox.faults.add(Fault("status", operation="read", status=503, times=5))
    first = sync(sandbox, streams=CHANGE_STREAMS)
    assert first.exit_code == 1
    clock.advance(1000)
    assert sync(sandbox, streams=CHANGE_STREAMS, state=first.state).exit_code == 0
    assert len(segment.runs) == 1
