"""API tokens that are replaced, revoked, or see fewer segments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.nightly import (
    changes,
    existing_segments,
    nightly_sync,
    run_row,
    segments_in_state,
)
from tests.support.warehouse import LOG, TABLE, Warehouse

if TYPE_CHECKING:
    from tests.support.sync import Sync


def test_replaced_token_continues_from_the_state(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = nightly_sync(sandbox, warehouse)
    old = sandbox.token
    monkeypatch.setattr(Account, "token", "the-key-of-another-user")
    account.refusal_status = 401
    segment.members = [*range(3, 201), 500]
    sandbox.clear_requests()
    refused = nightly_sync(sandbox, warehouse, api_token=old)
    assert refused.exit_code == 1
    assert refused.messages == []
    [line] = refused.errors
    assert "answered 401" in line
    assert len(sandbox.requests) == 1
    second = nightly_sync(sandbox, warehouse)
    assert second.exit_code == 0
    assert run_row(second)["previous_run_id"] == run_row(first)["run_id"]
    assert changes(second) == {"joined": {500}, "left": {1, 2}}


def previous_run_ids(synced: Sync) -> dict[str, str | None]:
    """Previous run ids by segment."""
    return {row["segment_id"]: row["previous_run_id"] for row in synced.records("match_all_runs")}


def test_token_revoked_during_a_sync_loses_nothing(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segments = [account.add_segment(f"number {each}", range(each, 50)) for each in range(6)]
    nightly_sync(sandbox, warehouse)
    for each in segments:
        each.members = [*each.members[2:], 100]
    sandbox.faults.add(Fault("status", operation="start", status=401, after=3, times=None))
    sandbox.clear_requests()
    revoked = nightly_sync(sandbox, warehouse, max_concurrent_requests=1)
    assert revoked.exit_code == 1
    assert len(revoked.errors) == 1
    assert [each.status for each in sandbox.requests].count(401) == 1
    assert segments_in_state(revoked) == {each.segment_id for each in segments}
    sandbox.faults.clear()
    last = nightly_sync(sandbox, warehouse)
    assert last.exit_code == 0
    assert None not in previous_run_ids(last).values()
    truth = {each.segment_id: {*each.members} for each in segments}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == truth


def test_token_without_listing_rights_writes_nothing(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse)
    segment.members = range(5, 201)
    sandbox.faults.add(Fault("status", operation="list", status=403, times=None))
    forbidden = nightly_sync(sandbox, warehouse)
    assert forbidden.exit_code == 1
    assert forbidden.messages == []
    [line] = forbidden.errors
    assert "answered 403: check the rights and the plan of the key" in line
    sandbox.faults.clear()
    assert changes(nightly_sync(sandbox, warehouse)) == {"joined": set(), "left": {1, 2, 3, 4}}


def activated(synced: Sync) -> set[str | None]:
    return {stream for kind, stream in synced.types if kind == "ACTIVATE_VERSION"}


@pytest.mark.parametrize("look_up", [200, 403])
def test_token_that_sees_fewer_segments_drops_nothing(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, look_up: int
) -> None:
    hidden = account.add_segment("hidden", range(1, 21))
    settings: dict[str, Any] = {"streams": None, "emit_activate_version_messages": True}

    def without_hidden(body: dict[str, Any]) -> dict[str, Any]:
        kept = [each for each in body["data"] if hidden.segment_id not in json.dumps(each)]
        return {**body, "data": kept}

    first = nightly_sync(sandbox, warehouse, **settings)
    assert activated(first) == {"match_all_results", "segments"}
    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=without_hidden))
    if look_up != 200:
        refusal = Fault("status", operation="segment", status=look_up, times=None)
        refusal.segment_id = hidden.segment_id
        sandbox.faults.add(refusal)
    hidden.members = range(3, 21)
    second = nightly_sync(sandbox, warehouse, **settings)
    assert second.exit_code == 0
    assert any(hidden.segment_id in line for line in second.warnings)
    assert activated(second) == set()
    assert segments_in_state(second) == {segment.segment_id, hidden.segment_id}
    assert warehouse.members(LOG)[hidden.segment_id] == {*range(1, 21)}
    assert existing_segments(warehouse) == {segment.segment_id: "some"}
    sandbox.faults.clear()
    third = nightly_sync(sandbox, warehouse, **settings)
    assert activated(third) == {"match_all_results", "segments"}
    run, *_ = hidden.runs
    assert previous_run_ids(third)[hidden.segment_id] == run.run_id
    assert warehouse.members(LOG)[hidden.segment_id] == {*range(3, 21)}
