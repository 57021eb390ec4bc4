"""Prove: totals, pages and ids that contradict each other are not used."""

from __future__ import annotations

from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.activecampaign import run_reads
from tests.support.answers import BEYOND_INT64, with_attribute
from tests.support.nightly import changes, nightly_sync
from tests.support.sync import LOG_STREAMS, RUN_STREAMS, assert_rejected, sync
from tests.support.warehouse import LOG, Warehouse


def set_page_numbers(sandbox: Sandbox, **numbers: object) -> None:
    """Let every page report these numbers."""

    def told(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        if "page" in facts:
            facts["page"] |= numbers
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=None, answer=told))


PAGE = 10


@pytest.mark.parametrize(
    "numbers",
    [
        {"total": 10, "last_page": 3},
        {"total": 10, "last_page": 2},
        {"total": 10, "last_page": 1},
        {"total": 20, "last_page": 2},
        {"total": 20, "last_page": 3},
        {"last_page": 2},
        {"last_page": 4},
        {"last_page": 0},
        {"total": 24},
        {"total": 26},
        {"total": 0, "last_page": 1},
        {"per_page": 5},
        {"per_page": 25},
        {"per_page": 9, "last_page": 3},
        {"total": "10", "last_page": "1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("streams", [RUN_STREAMS, {"match_all_runs"}], ids=["all", "runs"])
def test_numbers_that_contradict_the_pages_are_rejected(
    account: Account, sandbox: Sandbox, numbers: dict[str, object], streams: set[str]
) -> None:
    account.add_segment("some", range(1, 26))
    set_page_numbers(sandbox, **numbers)
    synced = sync(sandbox, page_size=PAGE, streams=streams)
    unseen: list[dict[str, object]] = [{"total": 24}, {"total": 26}, {"total": 20, "last_page": 2}]
    if streams == {"match_all_runs"} and numbers in unseen:
        # Only the first page is requested then.
        return
    assert_rejected(synced)


def test_result_truncated_by_its_numbers_makes_nobody_leave(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("some", range(1, 16))
    nightly_sync(sandbox, warehouse, page_size=PAGE)
    set_page_numbers(sandbox, total=10, last_page=2)
    assert_rejected(nightly_sync(sandbox, warehouse, page_size=PAGE))
    assert warehouse.members(LOG) == {segment.segment_id: {*range(1, 16)}}


FORMS = ["empty", "not_found", "400", "422", "last page again", "first page again", "no matches"]
FORMS += ["no page", "total of none"]


def _without_matches(body: dict[str, Any]) -> dict[str, Any]:
    del body["data"][0]["attributes"]["matches"]
    return body


def _with(body: dict[str, Any], matches: range) -> dict[str, Any]:
    body["data"][0]["attributes"]["matches"] = [*matches]
    return body


@pytest.mark.parametrize("form", FORMS)
def test_page_after_a_full_last_one_may_be_missing_in_any_form(
    account: Account, sandbox: Sandbox, form: str
) -> None:
    account.add_segment("some", range(1, 21))
    kind: dict[str, Fault] = {
        "not_found": Fault("not_found", "read", page=3, times=None),
        "last page again": Fault(
            "edit", "read", page=3, times=None, answer=lambda body: _with(body, range(11, 21))
        ),
        "first page again": Fault(
            "edit", "read", page=3, times=None, answer=lambda body: _with(body, range(1, 11))
        ),
        "400": Fault("status", "read", page=3, times=None, status=400),
        "422": Fault("status", "read", page=3, times=None, status=422),
        "no page": Fault("no_page", "read", page=3, times=None),
        "total of none": Fault("empty_result", "read", page=3, times=None),
        "no matches": Fault("edit", "read", page=3, times=None, answer=_without_matches),
    }
    if form in kind:
        sandbox.faults.add(kind[form])
    synced = sync(sandbox, page_size=PAGE)
    assert synced.exit_code == 0
    assert len(synced.records("match_all_results")) == 20
    asked = [request for request in sandbox.requests if "segmentMatchAll" in request.path]
    assert len(asked) == 3


@pytest.mark.parametrize("size", [0, 1, 9, 11, 25])
def test_partial_last_page_takes_no_further_request(
    account: Account, sandbox: Sandbox, size: int
) -> None:
    account.add_segment("some", range(1, size + 1))
    assert sync(sandbox, page_size=PAGE, streams={"match_all_results"}).exit_code == 0
    asked = [request for request in sandbox.requests if "segmentMatchAll" in request.path]
    assert len(asked) == max(-(-size // PAGE), 1)


@pytest.mark.parametrize("kind", ["total_is", "last_page_is", "per_page_is"])
def test_numbers_as_text_are_accepted(account: Account, sandbox: Sandbox, kind: str) -> None:
    account.add_segment("some", range(1, 8))
    value = {"total_is": "7", "last_page_is": "1", "per_page_is": "10"}[kind]
    for operation in ("start", "read"):
        sandbox.faults.add(Fault(kind, operation, times=None, value=value))
    synced = sync(sandbox, page_size=PAGE)
    assert synced.exit_code == 0
    assert synced.records("match_all_runs")[0]["total"] == 7


@pytest.mark.parametrize("write", [str, lambda each: f"{each:05}", float])
def test_ids_in_other_number_forms_are_accepted(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, write: Any
) -> None:
    nightly_sync(sandbox, warehouse)
    segment.members = range(11, 211)

    def in_text(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["matches"] = [*map(write, facts["matches"])]
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=None, answer=in_text))
    second = nightly_sync(sandbox, warehouse, page_size=PAGE)
    assert changes(second) == {"joined": {*range(201, 211)}, "left": {*range(1, 11)}}
    assert warehouse.members(LOG) == {segment.segment_id: {*range(11, 211)}}


def test_ids_as_text_after_the_last_page_are_too_many(sandbox: Sandbox, segment: Segment) -> None:
    segment.members = range(1, 31)

    def short(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["matches"] = [*map(str, facts["matches"])]
        facts["page"] |= {"total": 20, "last_page": 2}
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=None, answer=short))
    assert_rejected(sync(sandbox, page_size=PAGE, streams=RUN_STREAMS))


def test_endless_pages_are_not_read(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))

    def claim(answer: dict[str, Any]) -> dict[str, Any]:
        facts = answer["data"][0]["attributes"]
        return with_attribute({**facts["page"], "total": 10**18, "last_page": 10**18}, "page")(
            with_attribute([1, 2, 3], "matches")(answer)
        )

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=300, answer=claim))
    synced = sync(sandbox, streams=LOG_STREAMS, run_attempts=1)
    assert synced.exit_code == 1
    assert len(sandbox.requests) < 30
    assert not synced.records("membership_changes")


def test_total_beyond_64_bits_is_read_again(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    sandbox.faults.add(Fault("edit", "start", answer=with_attribute(BEYOND_INT64, "page", "total")))
    synced = sync(sandbox, streams={"match_all_runs"})
    assert [row["total"] for row in synced.records("match_all_runs")] == [3]


# Damaged pages.


DAMAGES = ["total_changes", "duplicate", "missing_row", "text_id"]


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("times", [1, 3])
def test_damaged_page_is_read_and_evaluated_again(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, kind: str, times: int
) -> None:
    nightly_sync(sandbox, warehouse, page_size=70)
    segment.members = range(11, 211)
    sandbox.faults.add(Fault(kind, operation="read", page=2, times=times))
    second = nightly_sync(sandbox, warehouse, page_size=70)
    assert second.exit_code == 0
    assert changes(second) == {"joined": set(range(201, 211)), "left": set(range(1, 11))}


@pytest.mark.parametrize("kind", DAMAGES)
def test_lasting_damage_fails_the_segment_alone(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, kind: str
) -> None:
    other = account.add_segment("other", [1])
    first = nightly_sync(sandbox, warehouse, page_size=70)
    segment.members = range(11, 211)
    other.members = [1, 2]
    sandbox.faults.add(
        Fault(kind, operation="read", page=2, times=None, segment_id=segment.segment_id)
    )
    second = nightly_sync(sandbox, warehouse, page_size=70)
    assert second.exit_code == 1
    assert len(second.errors) == 1
    assert {row["segment_id"] for row in second.records("membership_changes")} == {other.segment_id}
    kept = {
        entry["context"]["segment_id"]: entry
        for entry in second.state["bookmarks"]["match_all_runs"]["partitions"]
    }
    was = {
        entry["context"]["segment_id"]: entry
        for entry in first.state["bookmarks"]["match_all_runs"]["partitions"]
    }
    assert kept[segment.segment_id] == was[segment.segment_id]


def test_wrong_last_page_costs_one_more_read(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    def endless(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["page"]["last_page"] = 20_000
        return body

    sandbox.faults.add(Fault("edit", operation="start", times=None, answer=endless))
    assert nightly_sync(sandbox, warehouse, page_size=70).exit_code == 0
    assert len(set(run_reads(sandbox))) == 3
    assert len(run_reads(sandbox)) == 5
    assert segment.members
