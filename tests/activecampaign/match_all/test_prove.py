"""Answers that contradict themselves: totals, pages, their lengths and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.activecampaign.match_all.test_compare import LOG, changes, night
from tests.support.sync import RUN_STREAMS, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.sync import Sync
    from tests.support.warehouse import Warehouse

PAGE = 10


def lie(sandbox: Sandbox, **numbers: object) -> None:
    """Let every page tell these numbers."""

    def told(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        if "page" in facts:
            facts["page"] |= numbers
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=None, answer=told))


def check_refused(synced: Sync) -> None:
    """Nothing was said, but why."""
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    for stream in RUN_STREAMS:
        assert synced.records(stream) == []


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
def test_numbers_that_contradict_the_pages_are_not_believed(
    account: Account, sandbox: Sandbox, numbers: dict[str, object], streams: set[str]
) -> None:
    account.add_segment("some", range(1, 26))
    lie(sandbox, **numbers)
    synced = sync(sandbox, page_size=PAGE, streams=streams)
    unseen: list[dict[str, object]] = [{"total": 24}, {"total": 26}, {"total": 20, "last_page": 2}]
    if streams == {"match_all_runs"} and numbers in unseen:
        # The first page alone is read then: nothing else is asked for.
        return
    check_refused(synced)


def test_a_result_cut_short_by_its_numbers_makes_nobody_leave(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    segment = account.add_segment("some", range(1, 16))
    night(sandbox, house, page_size=PAGE)
    lie(sandbox, total=10, last_page=2)
    check_refused(night(sandbox, house, page_size=PAGE))
    assert house.members(LOG) == {segment.segment_id: {*range(1, 16)}}


FORMS = ["empty", "not_found", "400", "422", "last page again", "first page again", "no matches"]
FORMS += ["no page", "total of none"]


@pytest.mark.parametrize("form", FORMS)
def test_the_page_behind_a_full_last_one_may_say_in_any_way_that_it_is_none(
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


def _with(body: dict[str, Any], matches: range) -> dict[str, Any]:
    body["data"][0]["attributes"]["matches"] = [*matches]
    return body


def _without_matches(body: dict[str, Any]) -> dict[str, Any]:
    del body["data"][0]["attributes"]["matches"]
    return body


@pytest.mark.parametrize("size", [0, 1, 9, 11, 25])
def test_a_last_page_that_is_not_full_costs_no_further_request(
    account: Account, sandbox: Sandbox, size: int
) -> None:
    account.add_segment("some", range(1, size + 1))
    assert sync(sandbox, page_size=PAGE, streams={"match_all_results"}).exit_code == 0
    asked = [request for request in sandbox.requests if "segmentMatchAll" in request.path]
    assert len(asked) == max(-(-size // PAGE), 1)


@pytest.mark.parametrize("kind", ["total_is", "last_page_is", "per_page_is"])
def test_numbers_in_text_are_numbers(account: Account, sandbox: Sandbox, kind: str) -> None:
    account.add_segment("some", range(1, 8))
    value = {"total_is": "7", "last_page_is": "1", "per_page_is": "10"}[kind]
    for operation in ("start", "read"):
        sandbox.faults.add(Fault(kind, operation, times=None, value=value))
    synced = sync(sandbox, page_size=PAGE)
    assert synced.exit_code == 0
    assert synced.records("match_all_runs")[0]["total"] == 7


def test_a_run_without_numbers_twice_empties_no_segment_that_was_known_to_have_members(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    segment.members = range(1, 51)
    night(sandbox, house)
    for operation in ("start", "read"):
        sandbox.faults.add(Fault("no_page", operation, times=None))
    second = night(sandbox, house)
    check_refused(second)
    assert "does not say how many contacts it found" in second.errors[0]
    assert changes(second) == {"joined": set(), "left": set()}
    assert house.members(LOG) == {segment.segment_id: {*range(1, 51)}}


@pytest.mark.parametrize("write", [str, lambda each: f"{each:05}", float])
def test_ids_that_are_numbers_in_another_form_are_those_numbers(
    sandbox: Sandbox, segment: Segment, house: Warehouse, write: Any
) -> None:
    night(sandbox, house)
    segment.members = range(11, 211)

    def in_text(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["matches"] = [*map(write, facts["matches"])]
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=None, answer=in_text))
    second = night(sandbox, house, page_size=PAGE)
    assert changes(second) == {"joined": {*range(201, 211)}, "left": {*range(1, 11)}}
    assert house.members(LOG) == {segment.segment_id: {*range(11, 211)}}


def test_ids_in_text_behind_the_last_page_are_too_many(sandbox: Sandbox, segment: Segment) -> None:
    segment.members = range(1, 31)

    def short(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["matches"] = [*map(str, facts["matches"])]
        facts["page"] |= {"total": 20, "last_page": 2}
        return body

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=None, answer=short))
    check_refused(sync(sandbox, page_size=PAGE, streams=RUN_STREAMS))
