"""Records that are written as whole pages equal those written one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.sync import Sync, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.support.clocks import SharedClock


def without_run(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out fields that differ between runs."""
    return {
        name: value
        for name, value in row.items()
        if not name.endswith(("run_id", "run_id_end", "changed_at"))
    }


def everything(synced: Sync) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for message in synced.messages:
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
    return found


def test_page_records_equal_single_records(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.records_runs = False
    segment = account.add_segment('odd "name" %d \\ \u2028', range(1, 501), segment_id='%d "%s" é')
    account.add_segment("none")
    streams = ("match_all_results", "membership_changes", "memberships")
    unchanged = {stream: {"contact_id": "contact_id"} for stream in streams}
    states: dict[str, Any] = {}
    for members in (range(1, 501), range(20, 700)):
        segment.members = members
        rows = {}
        for way, maps in {"pages": {}, "records": unchanged}.items():
            synced = sync(sandbox, state=states.get(way), page_size=70, stream_maps=maps)
            states[way] = synced.state
            rows[way] = [
                [without_run(row) for row in everything(synced)[stream]] for stream in streams
            ]
            clock.advance(60)
        assert rows["pages"] == rows["records"]
        assert rows["pages"][0]
