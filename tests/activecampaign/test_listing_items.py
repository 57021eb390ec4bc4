"""Malformed items of the listing cost themselves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.sync import sync

if TYPE_CHECKING:
    from collections.abc import Callable

ODD_ITEMS: dict[str, Any] = {
    "number as id": lambda item: item["attributes"].update(segment_id=17),
    "no attributes": lambda item: item.pop("attributes"),
    "no id": lambda item: (item.pop("id"), item["attributes"].pop("segment_id")),
    "blank id": lambda item: item["attributes"].update(segment_id=" "),
    "list as name": lambda item: item["attributes"].update(name=["a"]),
    "null": None,
    "text": "segment",
    "list": [],
}


def with_item(item: Any, place: int = 1) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return an edit that replaces an item of an answer, or changes it by a function."""

    def edit(body: dict[str, Any]) -> dict[str, Any]:
        if callable(item):
            item(body["data"][place])
        else:
            body["data"][place] = item
        return body

    return edit


@pytest.mark.parametrize("kind", ODD_ITEMS)
def test_malformed_item_costs_itself_alone(account: Account, sandbox: Sandbox, kind: str) -> None:
    segments_ = [account.add_segment(name, [1, 2]) for name in ("A", "B", "C")]
    first = sync(sandbox, emit_activate_version_messages=True)
    sandbox.faults.add(
        Fault("edit", operation="list", times=None, answer=with_item(ODD_ITEMS[kind]))
    )
    # A segment that is missing may be the malformed item.
    sandbox.faults.add(Fault("not_found", operation="segment", times=None))
    second = sync(sandbox, state=first.state, emit_activate_version_messages=True)
    assert second.exit_code == 1
    [line] = second.errors
    assert "item 2 on page 1 of the listing" in line
    others = {segments_[0].segment_id, segments_[2].segment_id}
    for stream in ("segments", "match_all_runs"):
        assert {row["segment_id"] for row in second.records(stream)} == others
    # An incomplete listing never means that a segment is gone.
    assert {row["listing_size"] for row in second.records("segments")} == {3}
    assert "ACTIVATE_VERSION" not in {kind for kind, _ in second.types}
    assert len(second.state["bookmarks"]["match_all_runs"]["partitions"]) == 3
    sandbox.faults.clear()
    third = sync(sandbox, state=second.state)
    assert third.exit_code == 0
    assert not any(row["is_baseline"] for row in third.records("match_all_runs"))


def test_malformed_item_is_named(account: Account, sandbox: Sandbox) -> None:
    for name in ("A", "VIP"):
        account.add_segment(name, [1])
    sandbox.faults.add(Fault("edit", "list", None, answer=with_item(ODD_ITEMS["number as id"])))
    assert "('VIP'): has 17 as its id, which is no text" in sync(sandbox).errors[0]


def test_equally_malformed_items_are_counted_separately(account: Account, sandbox: Sandbox) -> None:
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


def test_malformed_items_do_not_page_forever(account: Account, sandbox: Sandbox) -> None:
    for name in "AB":
        account.add_segment(name, [1])
    body = [{"id": "x"}, {"id": "y", "attributes": {"name": "Y", "segment_id": "y"}}]
    sandbox.faults.add(Fault("edit", "list", None, answer=lambda _: {"data": body}))
    synced = sync(sandbox, streams={"segments"})
    assert synced.exit_code == 1
    assert [row["name"] for row in synced.records("segments")] == ["Y"]


def test_only_malformed_items_write_nothing(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("A", [1])
    sandbox.faults.add(Fault("edit", "list", None, answer=lambda _: {"data": [None, 1]}))
    synced = sync(sandbox)
    assert synced.exit_code == 1
    assert synced.messages == []
    assert "item 1 on page 1 of the listing is no object" in synced.errors[0]


def test_row_that_violates_the_schema_costs_itself_alone(
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


def test_invalid_row_prevents_activation(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some")

    def odd(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["category"] = {}
        return body

    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=odd))
    synced = sync(sandbox, streams={"segments"}, emit_activate_version_messages=True)
    assert synced.exit_code == 1
    assert [kind for kind, _ in synced.types if kind == "ACTIVATE_VERSION"] == []


def test_unreadable_date_becomes_null(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some")

    def odd(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["last_used_date"] = "0000-00-00 00:00:00"
        body["data"][0]["attributes"]["name"] = 123
        return body

    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=odd))
    synced = sync(sandbox, streams={"segments"}, segment_names=["12*"])
    assert synced.exit_code == 0
    assert [row["last_used_date"] for row in synced.records("segments")] == [None]
