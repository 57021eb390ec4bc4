"""Segments: the listing, and what is selected of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.activecampaign import segments
from tap_activecampaign_segments.sandbox import Fault
from tests.support.sync import sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.support.sync import Sync


def names(synced: Sync) -> list[str]:
    return sorted(row["name"] for row in synced.records("segments"))


def read(synced: Sync) -> set[int]:
    return {row["contact_id"] for row in synced.records("match_all_results")}


@pytest.fixture
def four(account: Account) -> dict[str, str]:
    """Four saved segments, whose only contact is their number; their ids by name."""
    return {
        name: account.add_segment(name, [number]).segment_id
        for number, name in enumerate(["VIP", "vip Gold", "Newsletter", "Trial"])
    }


def test_all_rows_leave_before_anything_else_is_read(
    four: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox)
    assert names(synced) == sorted(four)
    records = [stream for kind, stream in synced.types if kind == "RECORD"]
    assert records[:4] == ["segments"] * 4
    assert len({row["listed_at"] for row in synced.records("segments")}) == 1
    assert sandbox.requests[0].path == "/api/3/audiences"


@pytest.mark.parametrize("has_meta", [True, False])
def test_every_page_of_the_listing_is_read(
    account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *, has_meta: bool
) -> None:
    monkeypatch.setattr(segments, "LISTING_PAGE_SIZE", 100)
    for number in range(203):
        account.add_segment(f"segment {number}")
    account.listing_meta = has_meta
    synced = sync(sandbox, streams={"segments"})
    assert len({row["segment_id"] for row in synced.records("segments")}) == 203
    # Where nothing tells how many pages there are, an empty one does.
    assert len(sandbox.requests) == (3 if has_meta else 4)


def test_an_account_without_segments_is_no_error(sandbox: Sandbox) -> None:
    synced = sync(sandbox)
    assert synced.exit_code == 0
    assert synced.records("segments") == []
    assert [request.status for request in sandbox.requests] == [404]


def test_an_empty_listing_is_a_failure_where_segments_were_synced_before(
    account: Account, sandbox: Sandbox, four: dict[str, str]
) -> None:
    first = sync(sandbox)
    for segment in account.segments:
        account.remove(segment)
    second = sync(sandbox, state=first.state)
    assert len(four) == 4
    assert second.exit_code == 1
    assert second.messages == []
    [line] = second.errors
    assert "lists no segments, but 4 were synced before" in line


def test_a_state_that_does_not_say_how_many_were_listed_knows_them_by_their_parts(
    account: Account, sandbox: Sandbox, four: dict[str, str]
) -> None:
    state = sync(sandbox).state
    del state["bookmarks"]["segments"]
    for segment in account.segments:
        account.remove(segment)
    [line] = sync(sandbox, state=state).errors
    assert f"lists no segments, but {len(four)} were synced before" in line
    assert "api_url" in line


def test_the_listing_alone_is_remembered_too(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some")
    first = sync(sandbox, streams={"segments"})
    account.remove(segment)
    second = sync(sandbox, streams={"segments"}, state=first.state)
    assert second.exit_code == 1
    assert "1 were synced before" in second.errors[0]
    assert second.messages == []


def test_unlisted_segments_alone_may_be_synced_again_and_again(
    account: Account, sandbox: Sandbox
) -> None:
    segment = account.add_segment(None, [7])
    first = sync(sandbox, segment_ids=[segment.segment_id])
    second = sync(sandbox, segment_ids=[segment.segment_id], state=first.state)
    assert second.exit_code == 0
    assert read(second) == {7}


def test_ids_and_name_patterns_are_joined_and_all_segments_are_listed(
    four: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox, segment_ids=[four["Trial"]], segment_names=["VIP*"])
    assert read(synced) == {0, 1, 3}
    assert names(synced) == sorted(four)


def test_excluded_segments_are_listed_but_not_read(four: dict[str, str], sandbox: Sandbox) -> None:
    synced = sync(sandbox, exclude_segments=["vip*", four["Trial"]])
    assert read(synced) == {2}
    assert names(synced) == sorted(four)


def test_a_pattern_that_matches_nothing_is_a_failure_that_names_it(
    four: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox, segment_names=["Newsletter", "Nobody*"])
    assert synced.exit_code == 1
    assert "Nobody*" in synced.errors[0]
    assert read(synced) == {2}
    assert four


def test_an_unlisted_id_is_looked_up_once_and_read(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment(None, [7])
    synced = sync(sandbox, segment_ids=[segment.segment_id])
    [row] = synced.records("segments")
    assert row["segment_id"] == segment.segment_id
    assert row["name"] is None
    assert row["created_date"]
    assert read(synced) == {7}
    looks = [request for request in sandbox.requests if request.path.count("/") == 4]
    assert sum("segmentsV2" in request.path for request in looks) == 1


def test_a_configured_id_that_does_not_exist_is_a_failure_without_a_row(
    four: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox, segment_ids=["nobody", four["VIP"]])
    assert synced.exit_code == 1
    assert "nobody" in synced.errors[0]
    assert names(synced) == sorted(four)
    assert read(synced) == {0}


def test_ids_are_percent_encoded_in_paths(account: Account, sandbox: Sandbox) -> None:
    odd = "a/../b?c#d%2e é"
    account.add_segment(None, [7], segment_id=odd)
    assert read(sync(sandbox, segment_ids=[odd])) == {7}


def test_a_listing_that_repeats_a_page_ends_the_sync(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some", [1])

    def one_page_more(body: dict[str, Any]) -> dict[str, Any]:
        body["meta"]["page"]["last_page"] = 2
        return body

    again = {"data": [{"id": "1", "attributes": {"segment_id": segment.segment_id}}]}
    sandbox.faults.add(Fault("edit", operation="list", page=1, answer=one_page_more))
    sandbox.faults.add(
        Fault("status", operation="list", page=2, status=200, body=json.dumps(again))
    )
    synced = sync(sandbox)
    assert synced.exit_code == 1
    assert synced.messages == []
    assert "repeats" in synced.errors[0]


def test_the_state_of_a_segment_goes_only_when_the_api_confirms_that_it_is_gone(
    account: Account, sandbox: Sandbox, four: dict[str, str]
) -> None:
    first = sync(sandbox)
    gone = account.segment(four["VIP"])
    assert gone
    account.remove(gone)
    second = sync(sandbox, state=first.state, segment_names=["Trial"])
    for stream in ("count_history", "match_all_runs", "segment_definitions"):
        known = {
            partition["context"]["segment_id"]
            for partition in second.state["bookmarks"][stream]["partitions"]
        }
        assert known == set(four.values()) - {four["VIP"]}


def test_a_refused_listing_ends_the_sync_with_one_line(
    four: dict[str, str], sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("status", operation="list", status=403, times=None))
    synced = sync(sandbox)
    assert four
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(sandbox.requests) == 3


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("page", ["missing", "empty"])
def test_a_listing_that_breaks_off_ends_the_sync(
    account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, page: str, number: int
) -> None:
    monkeypatch.setattr(segments, "LISTING_PAGE_SIZE", 3)
    for place in range(8):
        account.add_segment(f"segment {place}")
    if page == "missing":
        sandbox.faults.add(Fault("status", operation="list", page=number, status=404))
    else:
        body = json.dumps({"data": []})
        sandbox.faults.add(Fault("status", operation="list", page=number, status=200, body=body))
    synced = sync(sandbox, emit_activate_version_messages=True)
    assert synced.exit_code == 1
    assert synced.messages == []
    assert "breaks off" in synced.errors[0]


def test_no_row_and_no_activation_of_segments_that_could_not_be_read(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some")

    def odd(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["category"] = {}
        return body

    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=odd))
    synced = sync(sandbox, streams={"segments"}, emit_activate_version_messages=True)
    assert synced.exit_code == 1
    assert [kind for kind, _ in synced.types if kind == "ACTIVATE_VERSION"] == []


def test_a_date_that_cannot_be_read_is_nobodys_failure(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some")

    def odd(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["last_used_date"] = "0000-00-00 00:00:00"
        body["data"][0]["attributes"]["name"] = 123
        return body

    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=odd))
    synced = sync(sandbox, streams={"segments"}, segment_names=["12*"])
    assert synced.exit_code == 0
    assert [row["last_used_date"] for row in synced.records("segments")] == [None]


def test_a_gateways_page_is_not_the_apis_word_that_a_segment_is_gone(
    account: Account, sandbox: Sandbox, four: dict[str, str]
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
    assert len(known) == len(four)
    assert account.segments


# Items of the listing that are odd.


def with_item(item: Any, place: int = 1) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what puts an item into an answer, or changes one if it is a function."""

    def edit(body: dict[str, Any]) -> dict[str, Any]:
        if callable(item):
            item(body["data"][place])
        else:
            body["data"][place] = item
        return body

    return edit


ODD: dict[str, Any] = {
    "number as id": lambda item: item["attributes"].update(segment_id=17),
    "no attributes": lambda item: item.pop("attributes"),
    "no id": lambda item: (item.pop("id"), item["attributes"].pop("segment_id")),
    "blank id": lambda item: item["attributes"].update(segment_id=" "),
    "list as name": lambda item: item["attributes"].update(name=["a"]),
    "null": None,
    "text": "segment",
    "list": [],
}


@pytest.mark.parametrize("kind", ODD)
def test_one_odd_item_of_the_listing_costs_that_item_alone(
    account: Account, sandbox: Sandbox, kind: str
) -> None:
    segments_ = [account.add_segment(name, [1, 2]) for name in ("A", "B", "C")]
    first = sync(sandbox, emit_activate_version_messages=True)
    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=with_item(ODD[kind])))
    # Whoever is not found may be the odd one.
    sandbox.faults.add(Fault("not_found", operation="segment", times=None))
    second = sync(sandbox, state=first.state, emit_activate_version_messages=True)
    assert second.exit_code == 1
    [line] = second.errors
    assert "item 2 on page 1 of the listing" in line
    others = {segments_[0].segment_id, segments_[2].segment_id}
    for stream in ("segments", "match_all_runs"):
        assert {row["segment_id"] for row in second.records(stream)} == others
    # A listing that is not whole says of nobody that it is gone.
    assert {row["listing_size"] for row in second.records("segments")} == {3}
    assert "ACTIVATE_VERSION" not in {kind for kind, _ in second.types}
    assert len(second.state["bookmarks"]["match_all_runs"]["partitions"]) == 3
    sandbox.faults.clear()
    third = sync(sandbox, state=second.state)
    assert third.exit_code == 0
    assert not any(row["is_baseline"] for row in third.records("match_all_runs"))


def test_an_odd_item_is_named_if_it_has_a_name(account: Account, sandbox: Sandbox) -> None:
    for name in ("A", "VIP"):
        account.add_segment(name, [1])
    sandbox.faults.add(Fault("edit", "list", None, answer=with_item(ODD["number as id"])))
    assert "('VIP'): has 17 as its id, which is no text" in sync(sandbox).errors[0]


def test_items_that_are_odd_alike_are_counted_one_by_one(
    account: Account, sandbox: Sandbox
) -> None:
    account.listing_cap = 2
    account.listing_meta = "total"
    for name in "ABCDE":
        account.add_segment(name, [1])

    def odd(body: dict[str, Any]) -> dict[str, Any]:
        if len(body["data"]) == 2:
            body["data"] = (
                [None, None] if body["data"][0]["attributes"]["name"] == "C" else body["data"]
            )
        return body

    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=odd))
    synced = sync(sandbox, streams={"segments"})
    assert len(synced.errors) == 2
    assert [row["name"] for row in synced.records("segments")] == ["A", "B", "E"]


def test_odd_items_on_a_page_that_comes_again_and_again_do_not_page_on_for_ever(
    account: Account, sandbox: Sandbox
) -> None:
    for name in "AB":
        account.add_segment(name, [1])
    body = [{"id": "x"}, {"id": "y", "attributes": {"name": "Y", "segment_id": "y"}}]
    sandbox.faults.add(Fault("edit", "list", None, answer=lambda _: {"data": body}))
    synced = sync(sandbox, streams={"segments"})
    assert synced.exit_code == 1
    assert [row["name"] for row in synced.records("segments")] == ["Y"]


def test_a_listing_of_odd_items_alone_writes_nothing(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("A", [1])
    sandbox.faults.add(Fault("edit", "list", None, answer=lambda _: {"data": [None, 1]}))
    synced = sync(sandbox)
    assert synced.exit_code == 1
    assert synced.messages == []
    assert "item 1 on page 1 of the listing is no object" in synced.errors[0]


def test_a_row_that_does_not_fit_costs_that_row_and_its_segment_is_read(
    account: Account, sandbox: Sandbox
) -> None:
    for name in "ABC":
        account.add_segment(name, [1])
    odd = with_item(lambda item: item["attributes"].update(category=[1]))
    sandbox.faults.add(Fault("edit", "list", None, answer=odd))
    synced = sync(sandbox)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "segment 'B'" in line
    assert [row["name"] for row in synced.records("segments")] == ["A", "C"]
    assert len(synced.records("match_all_runs")) == 3


# However the listing comes in pages.


@pytest.mark.parametrize("meta", [True, False, "text", "total"])
@pytest.mark.parametrize("size", [1, 19, 20, 21, 40, 45])
def test_a_listing_of_shorter_pages_than_asked_for_is_read_whole(
    account: Account, sandbox: Sandbox, meta: Any, size: int
) -> None:
    account.listing_cap = 20
    account.listing_meta = meta
    for place in range(size):
        account.add_segment(f"number {place}")
    synced = sync(sandbox, streams={"segments"})
    assert synced.exit_code == 0
    rows = synced.records("segments")
    assert len({row["segment_id"] for row in rows}) == size
    assert {row["listing_size"] for row in rows} == {size}
    pages = -(-size // 20)
    if meta is not False:
        assert len(sandbox.requests) == pages


@pytest.mark.parametrize("told", [{"last_page": 1}, {"last_page": "2"}, {"total": "45"}, {}])
def test_a_listing_that_tells_less_pages_than_its_total_needs_is_read_on(
    account: Account, sandbox: Sandbox, told: dict[str, object]
) -> None:
    account.listing_cap = 20
    for place in range(45):
        account.add_segment(f"number {place}")

    def tells(body: dict[str, Any]) -> dict[str, Any]:
        body["meta"] = {"page": told, "total": 45}
        return body

    sandbox.faults.add(Fault("edit", "list", times=None, answer=tells))
    assert len(sync(sandbox, streams={"segments"}).records("segments")) == 45


def test_a_listing_that_has_less_than_it_tells_ends_the_sync(
    account: Account, sandbox: Sandbox
) -> None:
    account.listing_meta = "total"
    account.add_segment("some")

    def tells(body: dict[str, Any]) -> dict[str, Any]:
        body["meta"] = {"total": 2}
        return body

    sandbox.faults.add(Fault("edit", "list", times=None, answer=tells))
    synced = sync(sandbox)
    assert synced.exit_code == 1
    assert synced.messages == []
    assert "has 1 of 2" in synced.errors[0]


def test_a_page_that_is_unknown_for_a_moment_does_not_end_a_listing_without_numbers(
    account: Account, sandbox: Sandbox
) -> None:
    account.listing_cap = 20
    account.listing_meta = False
    for place in range(45):
        account.add_segment(f"number {place}")
    sandbox.faults.add(Fault("not_found", "list", page=2))
    assert len(sync(sandbox, streams={"segments"}).records("segments")) == 45
