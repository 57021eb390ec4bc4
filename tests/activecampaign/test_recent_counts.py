"""Recent counts: a shortcut that changes no row."""

from __future__ import annotations

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.activecampaign import add_small_segments
from tests.support.sync import sync

HISTORIES = ("count_history", "segment_definitions")


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
def test_shortcut_never_changes_the_rows(
    account: Account, sandbox: Sandbox, fault: Fault | None
) -> None:
    add_small_segments(account, 6)
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
        # One row at each bookmark, two where two share it.
        assert len(rows) == 6 + new + (synced is third)
