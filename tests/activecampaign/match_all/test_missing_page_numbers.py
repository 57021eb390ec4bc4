"""Prove: answers that leave out the page object, or other fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.activecampaign import run_requests
from tests.support.nightly import changes, nightly_sync
from tests.support.sync import RUN_STREAMS, assert_rejected, sync
from tests.support.warehouse import LOG, Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable


def test_empty_result_without_page_needs_a_second_look(account: Account, sandbox: Sandbox) -> None:
    account.omits_empty = "both"
    account.add_segment("none")
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["total"] for row in synced.records("match_all_runs")] == [0]
    assert len(run_requests(sandbox)) == 2


def test_single_answer_without_page_is_not_believed(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1, 2])
    sandbox.faults.add(Fault("no_page"))
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["total"] for row in synced.records("match_all_runs")] == [2]
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [1, 2]


@pytest.mark.parametrize("operations", [("start", "read"), ("read",), ("start",)])
@pytest.mark.parametrize("streams", [RUN_STREAMS, {"match_all_runs"}], ids=["ids", "total"])
def test_no_total_is_invented_for_ids_without_page(
    account: Account, sandbox: Sandbox, operations: tuple[str, ...], streams: set[str]
) -> None:
    account.add_segment("some", [1, 2])

    def edited(operation: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def edit(body: dict[str, Any]) -> dict[str, Any]:
            facts = body["data"][0]["attributes"]
            del facts["page"]
            if operation not in operations:
                del facts["matches"]
            return body

        return edit

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=None, answer=edited(operation)))
    synced = sync(sandbox, streams=streams)
    assert synced.exit_code == 1
    assert "does not say how many" in synced.errors[0]
    assert synced.records("match_all_runs") == []


def test_missing_numbers_never_empty_a_segment(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    segment.members = range(1, 51)
    nightly_sync(sandbox, warehouse)
    for operation in ("start", "read"):
        sandbox.faults.add(Fault("no_page", operation, times=None))
    second = nightly_sync(sandbox, warehouse)
    assert_rejected(second)
    assert "does not say how many contacts it found" in second.errors[0]
    assert changes(second) == {"joined": set(), "left": set()}
    assert warehouse.members(LOG) == {segment.segment_id: {*range(1, 51)}}


def test_omitted_fields_are_optional(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1, 2])

    def terse(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        for name in ("segment_id", "segment_timestamp", "run_id_end"):
            del facts[name]
        del facts["page"]["last_page"]
        return body

    sandbox.faults.add(Fault("edit", "start", answer=terse))
    synced = sync(sandbox, streams=RUN_STREAMS)
    [row] = synced.records("match_all_runs")
    assert (row["total"], row["segment_timestamp"]) == (2, None)
    assert row["run_id_end"] >= row["run_id_start"]
    assert len(segment.runs) == 1
