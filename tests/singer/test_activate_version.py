"""ACTIVATE_VERSION: when it is emitted."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.activate_version import (
    ACTIVATED_STREAMS,
    EMIT,
    RESULTS,
    THIRD_ID,
    activated,
    messages_of_type,
)
from tests.support.processes import running_tap
from tests.support.sync import catalog, config_of, discover, run_tap, sync

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def three_segments(account: Account) -> list[Segment]:
    """Three saved segments; some contacts are in two of them."""
    return [
        account.add_segment("first", range(1, 121)),
        account.add_segment("second", range(100, 161)),
        account.add_segment("third", range(1, 31), segment_id=THIRD_ID),
    ]


@pytest.mark.parametrize("streams", [None, ACTIVATED_STREAMS])
def test_activated_once_after_the_last_record_with_its_version(
    sandbox: Sandbox, three_segments: list[Segment], streams: set[str] | None
) -> None:
    synced = sync(sandbox, streams=streams, **EMIT)
    assert synced.exit_code == 0
    assert sorted(activated(synced)) == [RESULTS, "segments"]
    for message in messages_of_type(synced, "ACTIVATE_VERSION"):
        stream = message["stream"]
        ours = [each for each in synced.messages if each.get("stream") == stream]
        assert ours[-1] is message
        records = [each for each in ours if each["type"] == "RECORD"]
        assert {each["version"] for each in records} == {message["version"]}
        assert len(records) == (3 if stream == "segments" else 120 + 61 + 30)
    assert len(three_segments) == 3


def test_segments_are_activated_before_other_streams_are_read(
    sandbox: Sandbox, three_segments: list[Segment]
) -> None:
    synced = sync(sandbox, **EMIT)
    rows = [("RECORD", "segments")] * len(three_segments)
    messages = [each for each in synced.types if each[0] != "STATE"]
    assert messages[:5] == [("SCHEMA", "segments"), *rows, ("ACTIVATE_VERSION", "segments")]
    assert messages[-1][1] != "segments"


def test_missing_id_activates_segments_and_unknown_id_nothing(
    sandbox: Sandbox, three_segments: list[Segment]
) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    synced = sync(sandbox, streams=ACTIVATED_STREAMS, segment_ids=[nobody], **EMIT)
    assert synced.exit_code == 1
    assert activated(synced) == ["segments"]
    # Unknown whether the account has it, so its row may have to stay.
    sandbox.faults.add(Fault("status", operation="segment", times=None))
    synced = sync(sandbox, streams=ACTIVATED_STREAMS, segment_ids=[nobody], **EMIT)
    assert synced.exit_code == 1
    assert len(synced.records("segments")) == len(three_segments)
    assert activated(synced) == []


def test_no_activation_without_the_setting(sandbox: Sandbox, three_segments: list[Segment]) -> None:
    synced = sync(sandbox, streams=ACTIVATED_STREAMS)
    assert len(synced.records("segments")) == len(three_segments)
    assert activated(synced) == []


def test_activation_uses_the_stream_map_alias(
    sandbox: Sandbox, three_segments: list[Segment]
) -> None:
    maps = {RESULTS: {"__alias__": "members"}, "segments": "__NULL__"}
    synced = sync(sandbox, streams=ACTIVATED_STREAMS, stream_maps=maps, **EMIT)
    assert synced.records("members")
    assert activated(synced) == ["members"]
    assert three_segments


@pytest.mark.parametrize("settings", [{}, {"segment_names": ["first"]}])
def test_other_streams_are_never_activated(
    sandbox: Sandbox, three_segments: list[Segment], settings: dict[str, Any]
) -> None:
    forced = catalog([entry["tap_stream_id"] for entry in discover()["streams"]])
    for entry in forced["streams"]:
        entry["replication_method"] = "FULL_TABLE"
    synced = run_tap(config_of(sandbox, **EMIT, **settings), **{"--catalog": forced})
    assert synced.exit_code == 0
    assert three_segments
    assert set(activated(synced)) <= ACTIVATED_STREAMS


def test_account_without_segments_activates_no_results(sandbox: Sandbox) -> None:
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
        {"segment_ids": [THIRD_ID]},
    ],
)
def test_partial_selection_activates_no_results(
    sandbox: Sandbox, three_segments: list[Segment], settings: dict[str, Any]
) -> None:
    synced = sync(sandbox, streams=ACTIVATED_STREAMS, **EMIT, **settings)
    assert synced.exit_code == 0
    assert len(synced.records("segments")) == len(three_segments)
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
def test_failed_sync_activates_no_results(
    sandbox: Sandbox, three_segments: list[Segment], fault: Fault
) -> None:
    fault.segment_id = None if fault.after else three_segments[1].segment_id
    sandbox.faults.add(fault)
    streams = {*ACTIVATED_STREAMS, "count_history"}
    synced = sync(sandbox, streams=streams, run_attempts=1, page_size=50, **EMIT)
    assert synced.exit_code == 1
    assert activated(synced) == ["segments"]


def test_circuit_breaker_activates_no_results(
    sandbox: Sandbox, three_segments: list[Segment]
) -> None:
    first = sync(sandbox, streams=ACTIVATED_STREAMS, **EMIT)
    three_segments[0].members = []
    second = sync(sandbox, streams=ACTIVATED_STREAMS, state=first.state, **EMIT)
    assert second.exit_code == 1
    assert activated(second) == ["segments"]


def test_incomplete_listing_activates_nothing(
    sandbox: Sandbox, three_segments: list[Segment]
) -> None:
    first = sync(sandbox, streams=ACTIVATED_STREAMS, **EMIT)
    sandbox.faults.add(Fault("status", operation="list", times=None))
    second = sync(sandbox, streams=ACTIVATED_STREAMS, state=first.state, **EMIT)
    assert second.exit_code == 1
    assert activated(second) == []
    assert three_segments


def test_connection_test_activates_nothing(sandbox: Sandbox, three_segments: list[Segment]) -> None:
    synced = run_tap(config_of(sandbox, **EMIT), "--test")
    assert synced.exit_code == 0
    assert len(synced.records(RESULTS)) == 1
    assert activated(synced) == []
    assert three_segments


def test_interrupted_sync_activates_no_results(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    account.add_segment("quick", range(100))
    account.add_segment("slow", range(100), evaluation_seconds=3600)
    with running_tap(sandbox, tmp_path, streams=ACTIVATED_STREAMS, **EMIT) as process:
        process.read_until(b'"contact_id":99,')
        process.signal(signal.SIGTERM)
        synced = process.finish()
    assert synced.exit_code == 143
    assert len(synced.records(RESULTS)) == 100
    assert activated(synced) == ["segments"]
