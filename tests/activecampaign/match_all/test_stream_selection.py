"""Emit: streams that are selected later, alone, or not for a night."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.sync import CHANGE_STREAMS
from tests.support.warehouse import LOG, TABLE, Warehouse

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.clocks import SharedClock


def test_chain_survives_a_sync_without_differences(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    first = nightly_sync(sandbox, warehouse)
    segment.members = range(1, 196)
    between = nightly_sync(sandbox, warehouse, streams={"match_all_runs", "match_all_results"})
    assert {
        run_row(between)[name] for name in ("is_baseline", "previous_run_id", "left_count")
    } == {None}
    segment.members = range(1, 191)
    third = nightly_sync(sandbox, warehouse)
    assert run_row(third)["previous_run_id"] == run_row(first)["run_id"]
    assert changes(third)["left"] == set(range(191, 201))
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*segment.members}}
    )


@pytest.mark.parametrize("stream", ["membership_changes", "memberships"])
def test_single_change_stream_gets_differences_and_clean_state(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, stream: str
) -> None:
    nightly_sync(sandbox, warehouse, streams={stream})
    segment.members = range(1, 196)
    second = nightly_sync(sandbox, warehouse, streams={stream})
    assert {row["contact_id"] for row in second.records(stream)} == set(range(196, 201))
    text = str(second.state)
    for leftover in ("progress_markers", "signpost", "starting_replication_value"):
        assert leftover not in text


def test_differences_selected_later_start_with_a_baseline(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse, streams={"match_all_runs", "membership_changes"})
    clock.advance(3600)
    segment.members = range(5, 201)
    second = nightly_sync(sandbox, warehouse)
    assert run_row(second)["is_baseline"] is True
    assert any("memberships" in line for line in second.warnings)
    truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == truth


@pytest.mark.parametrize(
    "change", [{"membership_changes"}, {"memberships"}, CHANGE_STREAMS - {"match_all_runs"}]
)
def test_runs_deselected_for_a_night_cause_a_baseline(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock, change: set[str]
) -> None:
    streams = {*change, "match_all_runs"}
    nightly_sync(sandbox, warehouse, streams=streams)
    clock.advance(3600)
    segment.members = range(2, 200)
    second = nightly_sync(sandbox, warehouse, streams=change)
    assert any("without match_all_runs" in line for line in second.warnings)
    clock.advance(3600)
    segment.members = range(3, 200)
    third = nightly_sync(sandbox, warehouse, streams=streams)
    assert run_row(third)["is_baseline"] is True
    assert any("match_all_runs knows nothing of the last run" in line for line in third.warnings)
    query = LOG if "membership_changes" in change else TABLE
    assert warehouse.members(query) == {segment.segment_id: {*range(3, 200)}}


def test_runs_selected_later_start_with_a_baseline(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment.members = range(1, 1001)
    nightly_sync(sandbox, warehouse, streams={"membership_changes"})
    clock.advance(3600)
    segment.members = range(2, 1002)
    nightly_sync(sandbox, warehouse, streams={"membership_changes", "match_all_runs"})
    assert warehouse.members(LOG) == {segment.segment_id: {*range(2, 1002)}}
