"""Pagination of the listing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_activecampaign_segments.activecampaign import segment_listing
from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.sync import sync


@pytest.mark.parametrize("has_meta", [True, False])
def test_every_page_of_the_listing_is_read(
    account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *, has_meta: bool
) -> None:
    monkeypatch.setattr(segment_listing, "LISTING_PAGE_SIZE", 100)
    for number in range(203):
        account.add_segment(f"segment {number}")
    account.listing_meta = has_meta
    synced = sync(sandbox, streams={"segments"})
    assert len({row["segment_id"] for row in synced.records("segments")}) == 203
    # Without a page count, an empty page ends the listing.
    assert len(sandbox.requests) == (3 if has_meta else 4)


@pytest.mark.parametrize("meta", [True, False, "text", "total"])
@pytest.mark.parametrize("size", [1, 19, 20, 21, 40, 45])
def test_short_pages_are_read_to_the_end(
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
def test_understated_page_count_is_not_trusted(
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


def test_missing_segments_end_the_sync(account: Account, sandbox: Sandbox) -> None:
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


def test_repeated_page_ends_the_sync(account: Account, sandbox: Sandbox) -> None:
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


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("page", ["missing", "empty"])
def test_truncated_listing_ends_the_sync(
    account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, page: str, number: int
) -> None:
    monkeypatch.setattr(segment_listing, "LISTING_PAGE_SIZE", 3)
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


def test_transient_404_does_not_end_a_listing(account: Account, sandbox: Sandbox) -> None:
    account.listing_cap = 20
    account.listing_meta = False
    for place in range(45):
        account.add_segment(f"number {place}")
    sandbox.faults.add(Fault("not_found", "list", page=2))
    assert len(sync(sandbox, streams={"segments"}).records("segments")) == 45
