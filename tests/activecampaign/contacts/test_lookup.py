"""Lookups: the order of requests, and what a failure leaves for others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.batches import batch_config, rows_of
from tests.support.contacts import JOINED_STREAMS, contact_queries, instead_of
from tests.support.sync import Sync, sync

if TYPE_CHECKING:
    from pathlib import Path


def without(*forgotten: int) -> Any:
    """Answer without some contacts."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        found = [each for each in answer["contacts"] if int(each["id"]) not in forgotten]
        return {"contacts": found}

    return change


def read_before_first_commit(synced: Sync) -> int:
    streams = [each["stream"] for each in synced.messages if each["type"] == "RECORD"]
    return streams[: streams.index("match_all_runs")].count("contacts")


@pytest.mark.parametrize("forgotten", [(), (3,)], ids=["all found", "one missing"])
def test_small_segment_does_not_wait_for_a_large_one(
    account: Account, sandbox: Sandbox, forgotten: tuple[int, ...]
) -> None:
    account.add_segment("a", range(1, 11), evaluation_seconds=60)
    account.add_segment("b", range(101, 20_101))
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=without(*forgotten)))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 0
    assert read_before_first_commit(synced) <= 300
    assert len(synced.records("contacts")) == 20_010


def test_contact_that_the_total_counts_is_asked_for_again(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("VIP", [1, 2, 3])

    def hide(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "contacts": [each for each in answer["contacts"] if each["id"] != "2"]}

    sandbox.faults.add(Fault("edit", "contacts", times=2, answer=hide))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 0
    assert {row["is_found"] for row in synced.records("contacts")} == {True}


def test_contacts_that_the_total_counts_are_never_missing(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("VIP", [1, 2, 3])
    empty = {"contacts": [], "meta": {"total": "3"}}
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=lambda _: empty))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 1
    assert synced.records("contacts") == []


@pytest.mark.parametrize("names", [("a good", "b bad"), ("b good", "a bad")])
def test_contact_of_another_segment_fails_that_segment_alone(
    account: Account, sandbox: Sandbox, names: tuple[str, str]
) -> None:
    good, bad = names
    account.add_segment(good, range(1, 11))
    account.add_segment(bad, range(21, 41))
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=instead_of(25)))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert [run["total"] for run in synced.records("match_all_runs")] == [10]
    assert len(synced.errors) == 1
    assert bad in synced.errors[0]


def test_failed_segment_leaves_its_contacts_unread(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("bad", range(1, 20_001), evaluation_seconds=60)
    account.add_segment("good", range(30_001, 30_011))
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=instead_of(5)))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 1
    [run] = synced.records("match_all_runs")
    assert run["total"] == 10
    assert len(contact_queries(sandbox)) < 50


def test_shared_contact_of_a_failed_segment_is_read_for_the_other(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("bad", range(1, 252), evaluation_seconds=60)
    account.add_segment("good", range(1, 151))
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=instead_of(225)))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert [run["total"] for run in synced.records("match_all_runs")] == [150]
    found = {row["contact_id"] for row in synced.records("contacts")}
    assert found >= {*range(1, 151)}


@pytest.mark.parametrize("batch_size", [50, 10_000])
def test_rows_that_a_failure_keeps_out_of_a_batch_are_read_for_the_other(
    account: Account, sandbox: Sandbox, tmp_path: Path, batch_size: int
) -> None:
    account.add_segment("bad", range(1, 252), evaluation_seconds=60)
    account.add_segment("good", range(1, 151))
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=instead_of(225)))
    config = batch_config(tmp_path, batch_size=batch_size)
    synced = sync(sandbox, streams=JOINED_STREAMS, batch_config=config)
    assert [run["total"] for run in synced.records("match_all_runs")] == [150]
    found = {json.loads(row)["contact_id"] for row in rows_of(synced)["contacts"]}
    assert found >= {*range(1, 151)}


@pytest.mark.parametrize("names", [("a bad", "b good"), ("b bad", "a good")])
def test_stream_map_that_fails_on_a_null_fails_its_segment_alone(
    account: Account, sandbox: Sandbox, names: tuple[str, str]
) -> None:
    account.add_segment(names[0], [1, 2])
    account.add_segment(names[1], [3, 4])
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=without(2)))
    maps = {"contacts": {"hidden": "sha256(email)"}}
    synced = sync(sandbox, streams=JOINED_STREAMS, stream_maps=maps)
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    totals = [(run["segment_id"], run["total"]) for run in synced.records("match_all_runs")]
    assert totals == [(account.segments[1].segment_id, 2)]
    assert "example.com" not in synced.log
