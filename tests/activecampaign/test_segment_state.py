"""Segment state: segments that are deleted, renamed, or unknown for a moment."""

from __future__ import annotations

from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.clocks import DAY, SharedClock
from tests.support.nightly import (
    changes,
    existing_segments,
    nightly_sync,
    run_row,
    segments_in_state,
)
from tests.support.sync import RUN_STREAMS, sync
from tests.support.warehouse import EXISTING, LOG, TABLE, Warehouse


def test_state_is_dropped_only_when_the_api_confirms(
    account: Account, sandbox: Sandbox, four_segments: dict[str, str]
) -> None:
    first = sync(sandbox)
    gone = account.find_segment(four_segments["VIP"])
    assert gone
    account.remove(gone)
    second = sync(sandbox, state=first.state, segment_names=["Trial"])
    for stream in ("count_history", "match_all_runs", "segment_definitions"):
        known = {
            partition["context"]["segment_id"]
            for partition in second.state["bookmarks"][stream]["partitions"]
        }
        assert known == set(four_segments.values()) - {four_segments["VIP"]}


def test_gateway_404_does_not_confirm_a_deletion(
    account: Account, sandbox: Sandbox, four_segments: dict[str, str]
) -> None:
    first = sync(sandbox)
    sandbox.faults.add(
        Fault(
            "edit",
            operation="list",
            times=None,
            answer=lambda body: {**body, "data": body["data"][:3]},
        )
    )
    sandbox.faults.add(Fault("status", operation="segment", status=404, body="<html>", times=None))
    second = sync(sandbox, state=first.state)
    assert second.exit_code == 0
    known = second.state["bookmarks"]["match_all_runs"]["partitions"]
    assert len(known) == len(four_segments)
    assert account.segments


def test_listed_segment_that_vanishes_is_warned_of(account: Account, sandbox: Sandbox) -> None:
    gone = account.add_segment("gone", [1])
    account.add_segment("here", [2])

    def then_remove(body: dict[str, Any]) -> dict[str, Any]:
        account.remove(gone)
        return body

    sandbox.faults.add(Fault("edit", operation="list", answer=then_remove))
    synced = sync(sandbox)
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [2]
    assert any("'gone'" in line for line in synced.warnings)


def test_deleted_segment_is_looked_up_once(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    gone = account.add_segment("gone", range(1, 21))
    nightly_sync(sandbox, warehouse, streams=None)
    clock.advance(DAY)
    account.remove(gone)
    segment.members = range(3, 203)
    sandbox.clear_requests()
    second = nightly_sync(sandbox, warehouse, streams=None)
    assert second.exit_code == 0
    assert second.warnings == []
    assert segments_in_state(second) == {segment.segment_id}
    clock.advance(DAY)
    nightly_sync(sandbox, warehouse, streams=None)
    assert [each.status for each in sandbox.requests if gone.segment_id in each.path] == [404]
    assert existing_segments(warehouse) == {segment.segment_id: "some"}
    members = {segment.segment_id: {*range(3, 203)}}
    assert warehouse.members(LOG) == warehouse.members(TABLE)
    assert warehouse.members(LOG) == members | {gone.segment_id: {*range(1, 21)}}
    assert warehouse.members(EXISTING) == members


def test_renamed_segment_keeps_its_chain(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    first = nightly_sync(sandbox, warehouse, streams=None)
    clock.advance(DAY)
    segment.edit(name="another name")
    segment.members = range(3, 203)
    second = nightly_sync(sandbox, warehouse, streams=None)
    assert run_row(second)["previous_run_id"] == run_row(first)["run_id"]
    assert run_row(second)["definition_changed"] is True
    assert existing_segments(warehouse) == {segment.segment_id: "another name"}
    assert [row["name"] for row in warehouse.rows("segment_definitions")] == [
        "some",
        "another name",
    ]
    assert (
        warehouse.members(LOG)
        == warehouse.members(EXISTING)
        == {segment.segment_id: {*range(3, 203)}}
    )


def test_transient_404_keeps_the_state_of_a_configured_segment(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment(None, range(1, 201))
    ids = [segment.segment_id]
    nightly_sync(sandbox, warehouse, segment_ids=ids)
    clock.advance(3600)
    segment.members = range(11, 201)
    sandbox.faults.add(Fault("not_found", "segment"))
    second = nightly_sync(sandbox, warehouse, segment_ids=ids)
    assert second.exit_code == 0
    assert changes(second)["left"] == set(range(1, 11))


@pytest.mark.parametrize("operation", ["start", "count_history", "definition"])
@pytest.mark.parametrize("kind", ["not_found", "gateway_404"])
def test_transient_404_is_not_a_deletion(
    account: Account, sandbox: Sandbox, segment: Segment, operation: str, kind: str
) -> None:
    account.add_segment("other", [1])
    sandbox.faults.add(Fault(kind, operation, segment_id=segment.segment_id, times=1))
    synced = sync(sandbox, emit_activate_version_messages=True)
    assert synced.exit_code == 0
    assert ("ACTIVATE_VERSION", "match_all_results") in synced.types
    assert len(synced.records("match_all_results")) == 201


def test_segment_unknown_to_a_gateway_fails_and_keeps_its_rows(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    account.add_segment("other", [1])
    sandbox.faults.add(Fault("gateway_404", "start", segment_id=segment.segment_id, times=None))
    synced = sync(sandbox, streams=RUN_STREAMS, emit_activate_version_messages=True)
    assert synced.exit_code == 1
    assert "in a form that is not the API's own" in synced.errors[0]
    assert ("ACTIVATE_VERSION", "match_all_results") not in synced.types


@pytest.mark.parametrize("known", ["segmentsV2", "audiences"])
def test_existing_segment_with_unknown_run_fails(
    account: Account, sandbox: Sandbox, segment: Segment, known: str
) -> None:
    account.add_segment("other", [1])
    sandbox.faults.add(Fault("not_found", "start", segment_id=segment.segment_id, times=None))
    if known == "audiences":
        # The first two are for the definition.
        sandbox.faults.add(Fault("not_found", "segment", times=2))
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert synced.exit_code == 1
    assert "answered 404" in synced.errors[0]


def test_skipped_segment_prevents_activation(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    account.add_segment("other", [1])
    for operation in ("start", "segment"):
        sandbox.faults.add(Fault("not_found", operation, segment_id=segment.segment_id, times=None))
    synced = sync(sandbox, streams=RUN_STREAMS, emit_activate_version_messages=True)
    assert synced.exit_code == 0
    assert any("is gone since it was listed" in line for line in synced.warnings)
    assert ("ACTIVATE_VERSION", "match_all_results") not in synced.types


@pytest.mark.parametrize("streams", [None, {"count_history"}, {"match_all_runs"}], ids=str)
def test_sync_fails_if_all_segments_are_gone(
    account: Account, sandbox: Sandbox, streams: set[str] | None
) -> None:
    for place in range(3):
        account.add_segment(f"number {place}", [1])
    for operation in ("start", "segment", "count_history", "definition"):
        sandbox.faults.add(Fault("not_found", operation, times=None))
    synced = sync(sandbox, streams=streams)
    assert synced.exit_code == 1
    assert "all 3 segments to read are gone" in synced.errors[-1]
