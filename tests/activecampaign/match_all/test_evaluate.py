"""Evaluation of a segment: what is started anew, and what fails."""

from __future__ import annotations

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.sync import sync


def test_failed_run_is_started_anew(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1, 2])
    sandbox.faults.add(Fault("run_fails", times=2))
    synced = sync(sandbox)
    assert synced.exit_code == 0
    assert [row["total"] for row in synced.records("match_all_runs")] == [2]
    assert len(account.segments[0].runs) == 3
    assert ["failed at ActiveCampaign" in line for line in synced.warnings] == [True, True]
    assert all(line.endswith("; evaluating it again") for line in synced.warnings)


def test_run_attempts_limits_failed_runs(account: Account, sandbox: Sandbox) -> None:
    bad = account.add_segment("bad", [1, 2])
    account.add_segment("good", [3])
    sandbox.faults.add(Fault("run_fails", times=None, segment_id=bad.segment_id))
    synced = sync(sandbox, run_attempts=2)
    assert synced.exit_code == 1
    assert len(bad.runs) == 2
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [3]
    [line] = synced.errors
    assert "segment 'bad'" in line
    assert "run_attempts" in line


def test_expired_run_is_started_anew(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", range(1, 21))
    sandbox.faults.add(Fault("run_expires"))
    synced = sync(sandbox, page_size=10)
    assert synced.exit_code == 0
    assert [row["total"] for row in synced.records("match_all_runs")] == [20]
    assert len(account.segments[0].runs) == 2


def test_external_condition_is_a_warning(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("outside", [1]).external = True
    account.add_segment("inside", [2])
    synced = sync(sandbox)
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [2]
    assert any("external value" in line for line in synced.warnings)


def test_other_400_is_a_failure(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("status", operation="start", status=400, times=None))
    assert sync(sandbox).exit_code == 1
