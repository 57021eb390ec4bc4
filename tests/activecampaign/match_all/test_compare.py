"""Compare: who joined and who left."""

from __future__ import annotations

from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Fault, Sandbox, Segment
from tests.support.activecampaign import run_reads
from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.warehouse import LOG, TABLE, Warehouse


def test_first_run_is_a_baseline(sandbox: Sandbox, segment: Segment, warehouse: Warehouse) -> None:
    first = nightly_sync(sandbox, warehouse)
    assert changes(first) == {"joined": set(segment.members), "left": set()}
    assert all(row["is_baseline"] for row in first.records("membership_changes"))
    row = run_row(first)
    assert row["is_baseline"] is True
    assert row["previous_run_id"] is None
    assert row["baseline_run_id"] == row["run_id"]
    assert (row["joined_count"], row["left_count"]) == (200, 0)


def test_second_run_emits_only_differences(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    first = nightly_sync(sandbox, warehouse)
    segment.members = [*range(3, 201), 500, 501, 502]
    second = nightly_sync(sandbox, warehouse)
    assert changes(second) == {"joined": {500, 501, 502}, "left": {1, 2}}
    row = run_row(second)
    assert row["previous_run_id"] == run_row(first)["run_id"]
    assert row["baseline_run_id"] == run_row(first)["run_id"]
    assert (row["joined_count"], row["left_count"]) == (3, 2)
    assert row["definition_changed"] is False
    [joined, *_] = second.records("membership_changes")
    assert joined["previous_run_id_end"] == run_row(first)["run_id_end"]
    assert joined["changed_at"] == row["run_id_end"]
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*segment.members}}
    )


def test_unchanged_segment_reads_no_previous_run(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse)
    sandbox.clear_requests()
    second = nightly_sync(sandbox, warehouse)
    assert changes(second) == {"joined": set(), "left": set()}
    assert (run_row(second)["joined_count"], run_row(second)["left_count"]) == (0, 0)
    assert run_reads(sandbox) == []
    assert segment.members


def test_other_order_reads_no_previous_run(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse, sort="email")
    sandbox.clear_requests()
    second = nightly_sync(sandbox, warehouse, sort="-id")
    assert run_row(second)["is_baseline"] is False
    assert run_reads(sandbox) == []
    assert segment.members


@pytest.mark.parametrize("sort", ["-id", "email", "last_name,-first_name"])
def test_results_in_any_order_are_compared(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, sort: str
) -> None:
    nightly_sync(sandbox, warehouse, sort=sort, page_size=30)
    segment.members = [*range(5, 201), 900]
    assert changes(nightly_sync(sandbox, warehouse, sort=sort, page_size=30)) == {
        "joined": {900},
        "left": {1, 2, 3, 4},
    }


def test_ids_ordered_as_text_are_compared(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    def as_text(body: dict[str, Any]) -> dict[str, Any]:
        ids = body["data"][0]["attributes"].get("matches", [])
        ids.sort(key=str)
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation=operation, times=None, answer=as_text))
    nightly_sync(sandbox, warehouse)
    segment.members = [*range(5, 201), 900]
    assert changes(nightly_sync(sandbox, warehouse)) == {"joined": {900}, "left": {1, 2, 3, 4}}


def test_previous_run_is_read_with_its_own_sort(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse, sort="email")
    segment.members = range(1, 191)
    sandbox.clear_requests()
    second = nightly_sync(sandbox, warehouse, sort="-cdate")
    assert changes(second) == {"joined": set(), "left": set(range(191, 201))}
    assert [query.split("&")[0] for _, query in run_reads(sandbox)] == ["sort=email"]
    assert len(segment.runs) == 2


def test_edit_is_distinguished_from_member_changes(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse)
    segment.edit()
    segment.members = range(1, 11)
    second = nightly_sync(sandbox, warehouse)
    assert run_row(second)["definition_changed"] is True
    assert all(row["definition_changed"] for row in second.records("membership_changes"))
    assert len(changes(second)["left"]) == 190


def test_rebaseline_starts_a_new_chain(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    first = nightly_sync(sandbox, warehouse)
    second = nightly_sync(sandbox, warehouse, rebaseline=["SO*"])
    assert run_row(second)["is_baseline"] is True
    assert run_row(first)["baseline_run_id"] != run_row(second)["baseline_run_id"]
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*segment.members}}
    )
