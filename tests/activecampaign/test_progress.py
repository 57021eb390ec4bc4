"""Progress lines of long syncs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.sync import RUN_STREAMS, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox


def test_long_sync_logs_its_progress(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("slow", range(100), evaluation_seconds=300)
    account.add_segment("other", range(100))
    log = sync(sandbox, streams=RUN_STREAMS).log.splitlines()
    lines = [line for line in log if "contacts/s" in line]
    assert lines
    assert any("of 2" in line and "segment 'slow'" in line for line in lines)
