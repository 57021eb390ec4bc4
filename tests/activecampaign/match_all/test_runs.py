"""Match-all: one run a segment, waited for, read whole."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support.sync import RUN_STREAMS, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.sandbox import Account, Sandbox


def run_requests(sandbox: Sandbox) -> list[str]:
    return [
        f"{request.path.split('/')[3]}?{request.raw_query}"
        + ("" if request.path.count("/") == 4 else " (read)")
        for request in sandbox.requests
        if "/segmentMatchAll/" in request.path
    ]


def test_segments_of_0_1_and_25000_contacts_give_exactly_these_rows(
    account: Account, sandbox: Sandbox
) -> None:
    sizes = {
        account.add_segment(name, range(1, size + 1)).segment_id: size
        for name, size in {"none": 0, "one": 1, "many": 25_000}.items()
    }
    synced = sync(sandbox)
    rows = synced.records("match_all_results")
    assert synced.exit_code == 0
    assert len(rows) == len({(row["segment_id"], row["contact_id"]) for row in rows}) == 25_001
    assert all(row["position"] == row["contact_id"] for row in rows)
    runs = {row["segment_id"]: row["total"] for row in synced.records("match_all_runs")}
    assert runs == sizes


def test_25000_ids_cost_three_requests_the_answer_to_the_start_included(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("many", range(1, 25_001))
    sync(sandbox)
    assert sorted(run_requests(sandbox)) == [
        "segmentMatchAll?sort=id&page=1&page_size=10000",
        "segmentMatchAll?sort=id&page=2&page_size=10000 (read)",
        "segmentMatchAll?sort=id&page=3&page_size=10000 (read)",
    ]


def test_a_page_may_hold_a_single_id(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [3, 5, 8])
    rows = sync(sandbox, page_size=1).records("match_all_results")
    assert [row["contact_id"] for row in rows] == [3, 5, 8]


def test_a_run_that_takes_long_is_polled_with_growing_pauses(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("slow", [5], evaluation_seconds=120)
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["total"] for row in synced.records("match_all_runs")] == [1]
    looks = [request.at for request in sandbox.requests if "/segmentMatchAll/" in request.path]
    pauses = [later - sooner for sooner, later in pairwise(looks[1:])]
    assert max(pauses) <= 36.5
    assert pauses[-2] > 2 * pauses[0]
    assert len(looks) < 13


def test_every_read_carries_the_sort_that_the_run_was_started_with(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", range(1, 26), evaluation_seconds=9)
    synced = sync(sandbox, sort="-email", page_size=10)
    assert {request.split("&")[0] for request in run_requests(sandbox)} == {
        "segmentMatchAll?sort=-email"
    }
    assert len(account.segments[0].runs) == 1
    rows = synced.records("match_all_results")
    assert [row["position"] for row in rows] == list(range(1, 26))
    assert sorted(row["contact_id"] for row in rows) == list(range(1, 26))
    assert [row["contact_id"] for row in rows] != sorted(row["contact_id"] for row in rows)


def test_a_failed_run_is_started_anew(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1, 2])
    sandbox.faults.add(Fault("run_fails", times=2))
    synced = sync(sandbox)
    assert synced.exit_code == 0
    assert [row["total"] for row in synced.records("match_all_runs")] == [2]
    assert len(account.segments[0].runs) == 3
    assert ["failed at ActiveCampaign" in line for line in synced.warnings] == [True, True]
    assert all(line.endswith("; evaluating it again") for line in synced.warnings)


def test_a_run_that_fails_run_attempts_times_fails_its_segment_alone(
    account: Account, sandbox: Sandbox
) -> None:
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


def test_an_expired_run_is_started_anew(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", range(1, 21))
    sandbox.faults.add(Fault("run_expires"))
    synced = sync(sandbox, page_size=10)
    assert synced.exit_code == 0
    assert [row["total"] for row in synced.records("match_all_runs")] == [20]
    assert len(account.segments[0].runs) == 2


def test_a_run_that_is_not_ready_in_time_fails_and_stays_in_the_state(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("slow", [1], evaluation_seconds=1000)
    synced = sync(sandbox, run_timeout=60, streams=RUN_STREAMS)
    assert synced.exit_code == 1
    assert "run_timeout" in synced.errors[0]
    [run] = account.segments[0].runs
    [entry] = synced.state["bookmarks"]["match_all_runs"]["partitions"]
    assert entry["match_all"]["running"]["run_id"] == run.run_id


def test_a_run_that_is_ready_when_its_time_is_over_is_taken(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("slow", [1], evaluation_seconds=4.5)
    synced = sync(sandbox, run_timeout=1)
    assert synced.exit_code == 0
    assert [row["total"] for row in synced.records("match_all_runs")] == [1]


def test_without_a_stream_of_runs_no_run_is_started(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    sync(sandbox, streams={"segments", "count_history", "segment_definitions"})
    assert run_requests(sandbox) == []


def test_a_segment_with_an_external_condition_is_a_warning(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("outside", [1]).external = True
    account.add_segment("inside", [2])
    synced = sync(sandbox)
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [2]
    assert any("external value" in line for line in synced.warnings)


def test_a_400_without_an_external_condition_is_a_failure(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("status", operation="start", status=400, times=None))
    assert sync(sandbox).exit_code == 1


def test_a_listed_segment_that_vanishes_is_a_warning(account: Account, sandbox: Sandbox) -> None:
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


def test_an_empty_result_without_page_is_believed_if_a_second_look_agrees(
    account: Account, sandbox: Sandbox
) -> None:
    account.omits_empty = "both"
    account.add_segment("none")
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["total"] for row in synced.records("match_all_runs")] == [0]
    assert len(run_requests(sandbox)) == 2


def test_a_single_look_without_page_is_not_believed(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1, 2])
    sandbox.faults.add(Fault("no_page"))
    synced = sync(sandbox, streams=RUN_STREAMS)
    assert [row["total"] for row in synced.records("match_all_runs")] == [2]
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [1, 2]


@pytest.mark.parametrize("operations", [("start", "read"), ("read",), ("start",)])
@pytest.mark.parametrize("streams", [RUN_STREAMS, {"match_all_runs"}], ids=["ids", "total"])
def test_no_size_is_made_up_where_the_answers_have_ids_and_no_page(
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


def test_what_an_answer_leaves_out_is_done_without(account: Account, sandbox: Sandbox) -> None:
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


def test_the_row_of_a_run_comes_after_all_that_hangs_on_it(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", [1, 2])
    messages = [stream for kind, stream in sync(sandbox).types if kind == "RECORD"]
    last = messages.index("match_all_runs")
    below = [place for place, name in enumerate(messages) if name in RUN_STREAMS]
    assert last == max(below)
