"""The SDK's own expectations of a tap."""

from __future__ import annotations

import copy
import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.sync import config_of, discover, sync, tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG: dict[str, object] = {"api_url": "http://127.0.0.1:1", "api_token": "none"}
"""Replaced when the sandbox of the standard tests is up."""


@pytest.fixture(scope="module", autouse=True)
def _standard_sandbox() -> Iterator[None]:
    account = Account(seed=3)
    segment = account.add_segment("some", range(1, 8))
    segment.add_count(1_700_000_000.0, 7)
    with Sandbox(account, requests_per_second=None) as sandbox:
        CONFIG.update(config_of(sandbox))
        yield


class TestStandard(
    get_tap_test_class(  # type: ignore[misc]
        TapActiveCampaignSegments,
        config=CONFIG,
        # A connection test writes no run row.
        suite_config=SuiteConfig(
            max_records_limit=5, ignore_no_records_for_streams=["match_all_runs"]
        ),
        parse_env_config=False,
    )
):
    """The standard tests."""


def test_the_discovered_catalog_is_valid_and_every_property_is_described() -> None:
    catalog = discover()
    names = [entry["tap_stream_id"] for entry in catalog["streams"]]
    assert names == [
        "segments",
        "count_history",
        "match_all_runs",
        "match_all_results",
        "membership_changes",
        "memberships",
        "segment_definitions",
    ]
    for entry in catalog["streams"]:
        for name, schema in entry["schema"]["properties"].items():
            assert schema["description"], (entry["tap_stream_id"], name)
        for key in entry["key_properties"]:
            assert "null" not in entry["schema"]["properties"][key]["type"]


def test_about_names_every_setting() -> None:
    synced = tap({}, "--about", "--format=json")
    assert synced.exit_code == 0


def test_a_connection_test_evaluates_one_segment_and_writes_no_run_row(
    account: Account, sandbox: Sandbox
) -> None:
    for number in range(3):
        account.add_segment(f"segment {number}", range(1, 50))
    synced = tap(config_of(sandbox), "--test")
    assert synced.exit_code == 0
    assert sum("/segmentMatchAll/" in request.path for request in sandbox.requests) == 1
    assert synced.records("match_all_runs") == []
    assert len(synced.records("match_all_results")) == 1


def test_a_connection_test_with_a_wrong_token_fails_with_one_line(sandbox: Sandbox) -> None:
    synced = tap(config_of(sandbox, api_token="wrong"), "--test")
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(sandbox.requests) == 3


def test_stream_maps_rename_filter_and_drop(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", range(1, 11))
    synced = sync(
        sandbox,
        stream_maps={
            "match_all_results": {
                "__alias__": "members",
                "__filter__": "contact_id > 5",
                "position": "__NULL__",
            },
            "memberships": "__NULL__",
        },
    )
    rows = synced.records("members")
    assert [row["contact_id"] for row in rows] == [6, 7, 8, 9, 10]
    assert "position" not in rows[0]
    assert synced.records("memberships") == []
    assert len(synced.records("membership_changes")) == 10


def test_deselected_columns_are_left_out(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    catalog = copy.deepcopy(discover())
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            metadata["metadata"]["selected"] = metadata["breadcrumb"] != ["properties", "position"]
    synced = tap(config_of(sandbox), **{"--catalog": catalog})
    [row] = synced.records("match_all_results")
    assert "position" not in row
    assert row["contact_id"] == 1


def test_flattening_leaves_valid_records(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    synced = sync(sandbox, flattening_enabled=True, flattening_max_depth=3)
    assert synced.exit_code == 0
    assert len(synced.records("segment_definitions")) == 1


def test_batches_hold_the_same_rows_as_records_and_runs_are_no_batches(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    account.add_segment("some", range(1, 31))
    account.records_runs = False
    plain = sync(sandbox)
    batched = sync(
        sandbox,
        batch_config={
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": tmp_path.as_uri()},
            "batch_size": 7,
        },
    )
    assert batched.exit_code == 0
    rows: dict[str, list[dict[str, Any]]] = {}
    for message in batched.messages:
        if message["type"] == "BATCH":
            for file in message["manifest"]:
                with gzip.open(url2pathname(urlsplit(file).path), "rt") as lines:
                    rows.setdefault(message["stream"], []).extend(map(json.loads, lines))
    for stream in ("match_all_results", "membership_changes", "memberships"):
        assert [row["contact_id"] for row in rows[stream]] == list(range(1, 31))
    assert rows["segment_definitions"] == plain.records("segment_definitions")
    # A run's row is a commit, and one that waits in a batch commits nothing.
    assert "match_all_runs" not in rows
    assert len(batched.records("match_all_runs")) == 1
