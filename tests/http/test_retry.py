"""Retries: which answers are retried, how long, and when the sync gives up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.sync import sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


@pytest.mark.parametrize(("refusals", "exit_code"), [(2, 0), (3, 1)])
def test_one_request_waits_for_a_minute_at_most(
    account: Account, sandbox: Sandbox, refusals: int, exit_code: int
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("retry_after", operation="start", value=30, times=refusals))
    synced = sync(sandbox, streams={"match_all_runs"})
    assert synced.exit_code == exit_code
    assert sum("/segmentMatchAll/" in request.path for request in sandbox.requests) == 3
    told = [re.findall(r"trying again in (\d+) s$", line) for line in synced.warnings]
    assert len(told) == 2
    assert all(24 <= int(seconds) <= 30 for [seconds] in told)


@pytest.mark.parametrize("status", [408, 421, 425, 460, 499, 520, 521, 524, 530])
def test_transient_proxy_status_is_retried(account: Account, sandbox: Sandbox, status: int) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("status", operation="start", status=status, times=4))
    synced = sync(sandbox, streams={"match_all_runs"})
    assert synced.exit_code == 0
    assert len(synced.warnings) == 4


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["61", "3600", "Fri, 31 Dec 2100 00:00:00 GMT"])
def test_long_retry_after_ends_the_sync_and_keeps_the_state(
    account: Account, sandbox: Sandbox, clock: SharedClock, status: int, value: str
) -> None:
    first, *_ = [account.add_segment(f"number {place}", [place]) for place in range(20)]
    sandbox.faults.add(
        Fault("status", "start", None, 3, status=status, headers={"Retry-After": value})
    )
    before = clock.time()
    synced = sync(sandbox, streams={"match_all_runs"}, max_concurrent_requests=1)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert f"answered {status} and asks to stay away for" in line
    assert "run it again after 20" in line or "run it again after 2100-12-31" in line
    assert [each.status for each in sandbox.requests].count(status) == 1
    assert clock.time() - before < 60
    assert synced.state["bookmarks"]["match_all_runs"]["partitions"][0]["context"] == {
        "segment_id": first.segment_id
    }
    sandbox.faults.clear()
    second = sync(sandbox, state=synced.state, streams={"match_all_runs"})
    assert second.exit_code == 0
    rows = synced.records("match_all_runs") + second.records("match_all_runs")
    assert {row["segment_id"] for row in rows} == {each.segment_id for each in account.segments}


def test_endless_429s_end_the_sync(account: Account, sandbox: Sandbox, clock: SharedClock) -> None:
    for place in range(100):
        account.add_segment(f"number {place}", [1])
    sandbox.faults.add(Fault("retry_after", operation="start", value=50, times=None))
    before = clock.time()
    synced = sync(sandbox, streams={"match_all_runs"}, max_concurrent_requests=1)
    assert synced.exit_code == 1
    assert "others use up the account's limit" in synced.errors[0]
    assert clock.time() - before < 600
    assert len(sandbox.requests) < 20
