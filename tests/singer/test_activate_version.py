"""ACTIVATE_VERSION: when it leaves."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support.processes import running
from tests.support.sync import Sync, catalog, config_of, discover, sync, tap

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment

RESULTS = "match_all_results"
FULL = {"segments", RESULTS}
"""The streams that send it."""
THIRD = "0a0e1f3c-6f4b-4c58-9a57-3d1f5a4e7b03"
EMIT: dict[str, Any] = {"emit_activate_version_messages": True}


@pytest.fixture
def segments(account: Account) -> list[Segment]:
    """Three saved segments; some contacts are in two of them."""
    return [
        account.add_segment("first", range(1, 121)),
        account.add_segment("second", range(100, 161)),
        account.add_segment("third", range(1, 31), segment_id=THIRD),
    ]


def activated(synced: Sync) -> list[str]:
    """The streams of the ACTIVATE_VERSION messages, in their order."""
    return [message["stream"] for message in of_type(synced, "ACTIVATE_VERSION")]


def of_type(synced: Sync, kind: str) -> list[dict[str, Any]]:
    return [message for message in synced.messages if message["type"] == kind]


@pytest.mark.parametrize("streams", [None, FULL])
def test_it_comes_once_after_all_records_of_its_stream_and_with_their_version(
    sandbox: Sandbox, segments: list[Segment], streams: set[str] | None
) -> None:
    synced = sync(sandbox, streams=streams, **EMIT)
    assert synced.exit_code == 0
    assert sorted(activated(synced)) == [RESULTS, "segments"]
    for message in of_type(synced, "ACTIVATE_VERSION"):
        stream = message["stream"]
        ours = [each for each in synced.messages if each.get("stream") == stream]
        assert ours[-1] is message
        records = [each for each in ours if each["type"] == "RECORD"]
        assert {each["version"] for each in records} == {message["version"]}
        assert len(records) == (3 if stream == "segments" else 120 + 61 + 30)
    assert len(segments) == 3


def test_the_segments_activate_theirs_before_anything_else_is_read(
    sandbox: Sandbox, segments: list[Segment]
) -> None:
    synced = sync(sandbox, **EMIT)
    rows = [("RECORD", "segments")] * len(segments)
    messages = [each for each in synced.types if each[0] != "STATE"]
    assert messages[:5] == [("SCHEMA", "segments"), *rows, ("ACTIVATE_VERSION", "segments")]
    assert messages[-1][1] != "segments"


def test_an_id_that_does_not_exist_keeps_the_results_and_one_that_is_unknown_the_segments_too(
    sandbox: Sandbox, segments: list[Segment]
) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    synced = sync(sandbox, streams=FULL, segment_ids=[nobody], **EMIT)
    assert synced.exit_code == 1
    assert activated(synced) == ["segments"]
    # Whether the account has it cannot be told: its row may have to stay.
    sandbox.faults.add(Fault("status", operation="segment", times=None))
    synced = sync(sandbox, streams=FULL, segment_ids=[nobody], **EMIT)
    assert synced.exit_code == 1
    assert len(synced.records("segments")) == len(segments)
    assert activated(synced) == []


def test_without_the_setting_it_never_comes(sandbox: Sandbox, segments: list[Segment]) -> None:
    synced = sync(sandbox, streams=FULL)
    assert len(synced.records("segments")) == len(segments)
    assert activated(synced) == []


def test_it_bears_the_name_that_a_stream_map_gives(
    sandbox: Sandbox, segments: list[Segment]
) -> None:
    maps = {RESULTS: {"__alias__": "members"}, "segments": "__NULL__"}
    synced = sync(sandbox, streams=FULL, stream_maps=maps, **EMIT)
    assert synced.records("members")
    assert activated(synced) == ["members"]
    assert segments


@pytest.mark.parametrize("settings", [{}, {"segment_names": ["first"]}])
def test_the_other_streams_never_send_it_whatever_the_catalog_forces(
    sandbox: Sandbox, segments: list[Segment], settings: dict[str, Any]
) -> None:
    forced = catalog([entry["tap_stream_id"] for entry in discover()["streams"]])
    for entry in forced["streams"]:
        entry["replication_method"] = "FULL_TABLE"
    synced = tap(config_of(sandbox, **EMIT, **settings), **{"--catalog": forced})
    assert synced.exit_code == 0
    assert segments
    assert set(activated(synced)) <= FULL


def test_an_account_without_segments_has_no_results_to_activate(sandbox: Sandbox) -> None:
    synced = sync(sandbox, **EMIT)
    assert synced.exit_code == 0
    assert RESULTS not in activated(synced)


@pytest.mark.parametrize(
    "settings",
    [
        {"exclude_segments": ["*"]},
        {"exclude_segments": ["nobody"]},
        {"segment_names": ["first"]},
        {"segment_names": ["*"]},
        {"segment_ids": [THIRD]},
    ],
)
def test_a_sync_that_does_not_ask_for_all_segments_activates_no_results(
    sandbox: Sandbox, segments: list[Segment], settings: dict[str, Any]
) -> None:
    synced = sync(sandbox, streams=FULL, **EMIT, **settings)
    assert synced.exit_code == 0
    assert len(synced.records("segments")) == len(segments)
    assert activated(synced) == ["segments"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("run_fails", times=None),
        Fault("run_never_ends", times=None),
        Fault("total_changes", operation="read", page=2, times=None),
        Fault("status", operation="read", status=500, times=None),
        Fault("status", operation="count_history", status=500, times=None),
        Fault("status", operation="start", status=402, after=1, times=None),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.operation}",
)
def test_after_a_failure_no_results_are_activated(
    sandbox: Sandbox, segments: list[Segment], fault: Fault
) -> None:
    fault.segment_id = None if fault.after else segments[1].segment_id
    sandbox.faults.add(fault)
    streams = {*FULL, "count_history"}
    synced = sync(sandbox, streams=streams, run_attempts=1, page_size=50, **EMIT)
    assert synced.exit_code == 1
    assert activated(synced) == ["segments"]


def test_a_tripped_circuit_breaker_activates_no_results(
    sandbox: Sandbox, segments: list[Segment]
) -> None:
    first = sync(sandbox, streams=FULL, **EMIT)
    segments[0].members = []
    second = sync(sandbox, streams=FULL, state=first.state, **EMIT)
    assert second.exit_code == 1
    assert activated(second) == ["segments"]


def test_a_listing_that_was_not_read_whole_activates_nothing(
    sandbox: Sandbox, segments: list[Segment]
) -> None:
    first = sync(sandbox, streams=FULL, **EMIT)
    sandbox.faults.add(Fault("status", operation="list", times=None))
    second = sync(sandbox, streams=FULL, state=first.state, **EMIT)
    assert second.exit_code == 1
    assert activated(second) == []
    assert segments


def test_a_connection_test_activates_nothing(sandbox: Sandbox, segments: list[Segment]) -> None:
    synced = tap(config_of(sandbox, **EMIT), "--test")
    assert synced.exit_code == 0
    assert len(synced.records(RESULTS)) == 1
    assert activated(synced) == []
    assert segments


def test_a_sync_that_a_signal_ends_activates_no_results(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    account.add_segment("quick", range(100))
    account.add_segment("slow", range(100), evaluation_seconds=3600)
    with running(sandbox, tmp_path, streams=FULL, **EMIT) as process:
        process.read_until(b'"contact_id":99,')
        process.signal(signal.SIGTERM)
        synced = process.finish()
    assert synced.exit_code == 143
    assert len(synced.records(RESULTS)) == 100
    assert activated(synced) == ["segments"]
