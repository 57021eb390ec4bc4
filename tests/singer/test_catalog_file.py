"""--catalog: selection, keys that cannot be deselected, and catalogs that are refused."""

from __future__ import annotations

import copy
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.sync import assert_refused, catalog, catalog_with, config_of, discover, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"streams": []},
        {"streams": [{"tap_stream_id": "contacts_of_another_tap", "metadata": [], "schema": {}}]},
    ],
    ids=str,
)
def test_catalog_without_own_streams_is_refused(sandbox: Sandbox, content: dict[str, Any]) -> None:
    synced = run_tap(config_of(sandbox), **{"--catalog": content})
    assert_refused(sandbox, synced, "--catalog has no stream of this tap")


@pytest.mark.parametrize(
    "broken",
    [
        {"streams": [5]},
        {"streams": [{}]},
        {"streams": {"a": 1}},
        {"streams": [{"tap_stream_id": "segments", "metadata": [{"breadcrumb": []}]}]},
        {"streams": [{"tap_stream_id": "segments", "metadata": 5}]},
    ],
)
def test_malformed_catalog_ends_in_one_line(sandbox: Sandbox, broken: Any) -> None:
    synced = run_tap(config_of(sandbox), **{"--catalog": broken})
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    assert any("--catalog is no Singer catalog" in line for line in synced.errors)
    assert not sandbox.requests


def test_schema_without_a_key_ends_in_one_line(sandbox: Sandbox) -> None:
    chosen = deepcopy(catalog({"match_all_results"}))
    for entry in chosen["streams"]:
        entry["schema"]["properties"].pop("contact_id", None)
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 1
    assert any("match_all_results lacks contact_id, its key" in line for line in synced.errors)
    assert not sandbox.requests


def test_key_that_is_no_column_is_refused(sandbox: Sandbox) -> None:
    chosen = catalog_with("memberships", lambda entry: entry.update(key_properties=["email"]))
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert_refused(sandbox, synced, "email", "memberships")


def test_catalog_that_selects_nothing_is_warned_of(sandbox: Sandbox) -> None:
    synced = run_tap(config_of(sandbox), **{"--catalog": catalog(())})
    assert synced.exit_code == 0
    assert any("--catalog selects no stream" in line for line in synced.warnings)


def test_catalog_without_metadata_selects_all(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("some", range(3))
    bare = {
        "streams": [
            {key: entry[key] for key in ("tap_stream_id", "stream", "schema")}
            for entry in catalog({"segments"})["streams"]
        ]
    }
    synced = run_tap(config_of(sandbox), **{"--catalog": bare})
    assert synced.exit_code == 0
    assert len(synced.records("match_all_results")) == 3


def test_catalog_without_keys_keeps_the_default_keys(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    chosen = catalog({"segments"})
    for entry in chosen["streams"]:
        del entry["key_properties"]
        for each in entry["metadata"]:
            each["metadata"].pop("table-key-properties", None)
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    [schema] = [each for each in synced.messages if each["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["segment_id"]


@pytest.mark.parametrize("stream", ["Members", "", 5])
def test_stream_renamed_in_the_catalog_keeps_its_name(
    sandbox: Sandbox, segment: Segment, stream: object
) -> None:
    chosen = catalog_with("memberships", lambda entry: entry.update(stream=stream))
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert len(synced.records("memberships")) == len(segment.members)
    if stream:
        assert any("memberships" in line and "stream_maps" in line for line in synced.warnings)


def deselecting(*columns: str, inclusion: str | None) -> Callable[[dict[str, Any]], object]:
    def change(entry: dict[str, Any]) -> None:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] in [["properties", each] for each in columns]:
                metadata["metadata"] = {"selected": False}
                if inclusion:
                    metadata["metadata"]["inclusion"] = inclusion

    return change


@pytest.mark.parametrize("inclusion", [None, "available", "unsupported"])
@pytest.mark.parametrize(
    ("stream", "columns"),
    [
        ("memberships", ["contact_id"]),
        ("membership_changes", ["segment_id", "run_id"]),
        ("match_all_runs", ["run_id", "run_id_start"]),
        ("segment_definitions", ["created_date"]),
        ("count_history", ["timestamp", "segment_id"]),
        ("segments", ["segment_id"]),
    ],
)
def test_keys_cannot_be_deselected(
    sandbox: Sandbox, segment: Segment, stream: str, columns: list[str], inclusion: str | None
) -> None:
    segment.add_count(1_700_000_000.0, 3)
    chosen = catalog_with(stream, deselecting(*columns, inclusion=inclusion))
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert synced.records(stream)
    for row in synced.records(stream):
        assert all(row[each] is not None for each in columns)
    [schema] = [
        each for each in synced.messages if each["type"] == "SCHEMA" and each["stream"] == stream
    ]
    assert set(schema["key_properties"]) <= set(schema["schema"]["properties"])


def test_column_metadata_alone_selects_the_others_too(sandbox: Sandbox, segment: Segment) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["metadata"] = [
            {"breadcrumb": ["properties", "is_member"], "metadata": {"selected": False}}
        ]

    chosen = catalog_with("memberships", change)
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    rows = synced.records("memberships")
    assert len(rows) == len(segment.members)
    assert "is_member" not in rows[0]
    assert rows[0]["run_id"]


def test_stream_without_columns_has_all_of_them(sandbox: Sandbox, segment: Segment) -> None:
    chosen = catalog_with("memberships", lambda entry: entry.update(schema={"properties": {}}))
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert len(synced.records("memberships")) == len(segment.members)
    assert "is_member" in synced.records("memberships")[0]


def test_unselected_stream_may_have_any_schema(sandbox: Sandbox, segment: Segment) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["schema"] = {"type": "object", "properties": {"x": {"type": "string"}}}
        entry["metadata"] = [{"breadcrumb": [], "metadata": {"selected": False}}]

    synced = run_tap(config_of(sandbox), **{"--catalog": catalog_with("count_history", change)})
    assert synced.exit_code == 0
    assert segment.runs


def test_deselected_columns_are_left_out(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    catalog = copy.deepcopy(discover())
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            metadata["metadata"]["selected"] = metadata["breadcrumb"] != ["properties", "position"]
    synced = run_tap(config_of(sandbox), **{"--catalog": catalog})
    [row] = synced.records("match_all_results")
    assert "position" not in row
    assert row["contact_id"] == 1


def test_rows_have_only_properties_of_the_catalog(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    chosen = deepcopy(catalog({"segments", "match_all_runs", "match_all_results"}))
    for entry in chosen["streams"]:
        for name in ("counts", "total", "position"):
            entry["schema"]["properties"].pop(name, None)
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert len(synced.records("match_all_results")) == 3
    for message in synced.messages:
        if message["type"] == "RECORD":
            assert not {"counts", "total", "position"} & message["record"].keys()
