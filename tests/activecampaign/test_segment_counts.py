"""`segments.counts`: nested types, odd values, and its columns when flattened."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tap_activecampaign_segments.schemas
from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.batches import batch_config, rows_of
from tests.support.sync import Sync, catalog, config_of, run_tap, sync
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAM = {"segments"}
SCHEMAS = sorted(Path(tap_activecampaign_segments.schemas.__file__).parent.glob("*.json"))
MEMBERS = ("count", "last_total_updated", "run_id", "run_id_start", "run_id_end")
TOTALS = ("last_total", "last_active_total")
ODD: dict[str, tuple[Any, Any]] = {
    "no object": (7, None),
    "list": ([{"count": 1}], None),
    "empty": ({}, {}),
    "null total": ({"last_total": None}, {"last_total": None}),
    "total that is no object": ({"last_total": 12}, {"last_total": None}),
    "count in text": ({"last_total": {"count": "12"}}, {"last_total": {"count": 12}}),
    "count with a point": ({"last_total": {"count": 12.0}}, {"last_total": {"count": 12}}),
    "fraction": ({"last_total": {"count": 12.5}}, {"last_total": {"count": None}}),
    "negative": ({"last_total": {"count": -1}}, {"last_total": {"count": None}}),
    "huge": ({"last_total": {"count": 2**63}}, {"last_total": {"count": None}}),
    "boolean": ({"last_total": {"count": True}}, {"last_total": {"count": None}}),
    "words": ({"last_active_total": {"count": "many"}}, {"last_active_total": {"count": None}}),
    "number as run id": ({"last_total": {"run_id": 5}}, {"last_total": {"run_id": "5"}}),
    "list as run id": ({"last_total": {"run_id": [5]}}, {"last_total": {"run_id": None}}),
    "offset": (
        {"last_total": {"run_id_start": "2026-01-01T01:00:00.1234+01:00"}},
        {"last_total": {"run_id_start": "2026-01-01T00:00:00.123400Z"}},
    ),
    "unreadable timestamps": (
        {"last_total": {"run_id_end": "0000-00-00", "last_total_updated": 5}},
        {"last_total": {"run_id_end": None, "last_total_updated": None}},
    ),
    "unknown fields": (
        {"other": [1], "last_total": {"count": 1, "run_id_start_local": "noon", "x": {"y": 1}}},
        {"other": [1], "last_total": {"count": 1, "run_id_start_local": "noon", "x": {"y": 1}}},
    ),
}


@pytest.fixture
def counted(account: Account) -> Account:
    """Three saved segments with counts, and an unsaved one without."""
    for name in "ABC":
        account.add_segment(name, [1, 2]).add_count(1_700_000_000.5, 2, active_result_count=1)
    account.add_segment(None, [1], segment_id="un-saved")
    return account


def set_counts(sandbox: Sandbox, *counts: Any) -> None:
    """Replace the counts of the first segments of the listing."""

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        for item, each in zip(body["data"], counts, strict=False):
            item["attributes"]["counts"] = each
        return body

    sandbox.faults.add(Fault("edit", "list", times=None, answer=answer))


def sync_segments(sandbox: Sandbox, **settings: Any) -> Sync:
    return sync(sandbox, streams=STREAM, segment_ids=["un-saved"], **settings)


def schema_of(synced: Sync) -> dict[str, Any]:
    [schema] = [each["schema"] for each in synced.messages if each["type"] == "SCHEMA"]
    return schema  # type: ignore[no-any-return]


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all properties of a schema, at any depth."""
    for name, each in schema.get("properties", {}).items():
        yield name, each
        yield from properties(each)


def test_counts_have_normalized_timestamps(counted: Account, sandbox: Sandbox) -> None:
    synced = sync_segments(sandbox)
    *listed, unsaved = synced.records("segments")
    assert len(listed) == 3
    assert unsaved["counts"] is None
    for row in listed:
        segment = next(each for each in counted.segments if each.segment_id == row["segment_id"])
        assert row["counts"]["last_total"] == {
            "count": 2,
            "last_total_updated": "2023-11-14T22:13:20.500000Z",
            "run_id": segment.counts[0].run_id,
            "run_id_start": "2023-11-14T22:13:20.500000Z",
            "run_id_end": "2023-11-14T22:13:20.500000Z",
        }
        assert row["counts"]["last_active_total"]["count"] == 1


@pytest.mark.parametrize("kind", ODD)
def test_odd_counts_stay_local(counted: Account, sandbox: Sandbox, kind: str) -> None:
    sent, emitted = ODD[kind]
    set_counts(sandbox, sent)
    synced = sync_segments(sandbox)
    assert synced.exit_code == 0
    assert synced.warnings == []
    first, second, third, _ = synced.records("segments")
    assert first["counts"] == emitted
    assert second["counts"]["last_total"]["count"] == third["counts"]["last_total"]["count"] == 2
    assert len(counted.segments) == 4


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("as_batch", [False, True], ids=["records", "batches"])
@pytest.mark.usefixtures("counted")
def test_flattened_counts_are_columns(
    sandbox: Sandbox, tmp_path: Path, depth: int, *, as_batch: bool
) -> None:
    unknown = {"count": "12", "x": {"y": 1}}
    set_counts(sandbox, {"last_total": unknown, "other": {"z": 1}}, {"last_total": None}, 7)
    settings = {"flattening_enabled": True, "flattening_max_depth": depth}
    plain = sync_segments(sandbox, **settings)
    synced = sync_segments(
        sandbox, **settings, **({"batch_config": batch_config(tmp_path)} if as_batch else {})
    )
    assert synced.exit_code == 0
    paths = (
        [f"counts__{total}" for total in TOTALS]
        if depth == 1
        else [f"counts__{total}__{member}" for total in TOTALS for member in MEMBERS]
    )
    columns = schema_of(synced)["properties"]
    assert [name for name in columns if name.startswith("counts")] == paths
    assert rows_of(synced) == rows_of(plain)
    first, *others = map(json.loads, rows_of(synced)["segments"])
    # No column that the schema does not have, and none missing: an upsert replaces old values.
    assert all(row.keys() == columns.keys() for row in plain.records("segments"))
    if depth == 1:
        assert json.loads(first["counts__last_total"]) == unknown | {"count": 12}
    else:
        assert columns["counts__last_total__count"]["type"] == ["integer", "null"]
        assert columns["counts__last_total__run_id_end"]["format"] == "date-time"
        assert first["counts__last_total__count"] == 12
    assert all(row[path] is None for row in others for path in paths)


@pytest.mark.usefixtures("counted")
def test_deselected_members_have_no_column(sandbox: Sandbox) -> None:
    chosen = copy.deepcopy(catalog(STREAM))
    [entry] = [each for each in chosen["streams"] if each["tap_stream_id"] == "segments"]
    for path in (("last_active_total",), ("last_total", "properties", "run_id")):
        breadcrumb = ["properties", "counts", "properties", *path]
        entry["metadata"] = [each for each in entry["metadata"] if each["breadcrumb"] != breadcrumb]
        entry["metadata"].append({"breadcrumb": breadcrumb, "metadata": {"selected": False}})
    for depth in (0, 1, 2):
        flattening = {"flattening_enabled": depth > 0, "flattening_max_depth": depth}
        synced = run_tap({**config_of(sandbox), **flattening}, **{"--catalog": chosen})
        assert synced.exit_code == 0
        text = json.dumps([synced.records("segments"), schema_of(synced)["properties"]])
        assert "last_total" in text
        assert "run_id_start" in text
        assert "last_active_total" not in text
        assert "run_id\\" not in text
        assert 'run_id"' not in text


@pytest.mark.usefixtures("counted")
def test_older_catalog_knows_no_members(sandbox: Sandbox) -> None:
    chosen = copy.deepcopy(catalog(STREAM))
    [entry] = [each for each in chosen["streams"] if each["tap_stream_id"] == "segments"]
    entry["schema"]["properties"]["counts"] = {"type": ["object", "null"]}
    entry["metadata"] = [each for each in entry["metadata"] if len(each["breadcrumb"]) <= 2]
    synced = run_tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert [row["counts"]["last_total"]["count"] for row in synced.records("segments")] == [2] * 3


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.usefixtures("counted")
def test_stream_maps_see_nested_counts(sandbox: Sandbox, depth: int) -> None:
    set_counts(sandbox, {"last_total": {"count": 12, "x": 1}}, 7)
    synced = sync_segments(
        sandbox,
        flattening_enabled=True,
        flattening_max_depth=depth,
        stream_maps={
            "segments": {"size": "int(counts['last_total']['count'] if counts else 0)"},
            "text": {
                "__source__": "segments",
                "__else__": None,
                "segment_id": "segment_id",
                "counts": "json.dumps(counts)",
            },
        },
    )
    assert synced.exit_code == 0
    assert [row["size"] for row in synced.records("segments")] == [12, 0, 2, 0]
    first, second, *_ = [row["counts"] for row in synced.records("text")]
    assert json.loads(first) == {"last_total": {"count": 12, "x": 1}}
    assert json.loads(second) is None


def test_documented_query_returns_last_sizes(counted: Account, sandbox: Sandbox) -> None:
    synced = sync_segments(sandbox, flattening_enabled=True, flattening_max_depth=2)
    rows = Warehouse().load(synced.messages).query("last known sizes, flattened")
    at = datetime(2023, 11, 14, 22, 13, 20, 500_000)  # noqa: DTZ001 (as the database returns it)
    saved = {(each.segment_id, each.name, 2, at) for each in counted.segments if each.name}
    assert set(rows) == saved | {("un-saved", None, None, None)}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_property_is_described_and_counts_are_integers(path: Path) -> None:
    for name, each in properties(json.loads(path.read_text(encoding="utf-8"))):
        assert each["description"], name
        if name.endswith("count") or name in {"total", "total_results", "listing_size"}:
            assert "integer" in each["type"], name
            assert each["maximum"] == 2**63 - 1, name


def select(*columns: tuple[str, ...]) -> dict[str, Any]:
    """Return a catalog as Meltano makes it: these columns are selected, all others are not."""
    found = catalog(STREAM)
    [entry] = [each for each in found["streams"] if each["tap_stream_id"] == "segments"]
    for metadata in entry["metadata"]:
        if breadcrumb := metadata["breadcrumb"]:
            metadata["metadata"]["selected"] = tuple(breadcrumb[1::2]) in columns
    return found


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([("counts",)], {total: set(MEMBERS) for total in TOTALS}),
        ([("counts",), ("counts", "last_total")], {"last_total": set()}),
        (
            [("counts",), ("counts", "last_total"), ("counts", "last_total", "count")],
            {"last_total": {"count"}},
        ),
    ],
    ids=["whole", "empty total", "one field"],
)
def test_counts_selected_by_name_alone_are_whole(
    counted: Account,
    sandbox: Sandbox,
    columns: list[tuple[str, ...]],
    expected: dict[str, set[str]],
) -> None:
    for each in counted.segments:
        each.add_count(1_700_000_000, 2, active_result_count=1)
    synced = run_tap(config_of(sandbox), **{"--catalog": select(*columns)})
    rows = [row["counts"] for row in synced.records("segments") if row.get("counts")]
    assert rows
    for row in rows:
        assert {total: set(values) for total, values in row.items()} == expected
