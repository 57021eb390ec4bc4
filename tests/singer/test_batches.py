"""BATCH files: the same rows as RECORD messages, and nothing that is deselected."""

from __future__ import annotations

import copy
import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from tests.support.batches import batch_config, rows_of
from tests.support.mypreferences import signed_config
from tests.support.sync import (
    DEFAULT_STREAMS,
    catalog,
    config_of,
    everything,
    run_tap,
    sync,
    sync_everything,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox


def test_batches_equal_records_and_runs_are_not_batched(
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
    # A run's row is a commit, which must not wait in a batch.
    assert "match_all_runs" not in rows
    assert len(batched.records("match_all_runs")) == 1


def deselected(*columns: str) -> dict[str, Any]:
    """Return a catalog of all of ActiveCampaign's streams without some columns."""
    found = copy.deepcopy(catalog(DEFAULT_STREAMS | {"match_all_results"}))
    for entry in found["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"][-1:] and metadata["breadcrumb"][-1] in columns:
                metadata["metadata"]["selected"] = False
    return found


CHOICES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "columns deselected": {
        "--catalog": deselected("name", "position", "definition_changed", "segment_timestamp")
    },
    "hashed keys": {
        "stream_maps": {
            "match_all_results": {"contact_id": "md5(str(contact_id))"},
            "memberships": {"contact_id": "sha256(str(contact_id) + 'salt')"},
            "segment_group_profiles": {"ProfileId": "md5(str(ProfileId))"},
        }
    },
    "renamed, filtered, dropped": {
        "stream_maps": {
            "match_all_results": {"__alias__": "members", "__filter__": "contact_id > 25"},
            "memberships": None,
            "segment_definitions": {
                "__else__": None,
                "segment_id": "segment_id",
                "created_date": "created_date",
                "name": "name.upper()",
            },
            "segment_group_profiles": {"Emails": None, "PhoneNumbers": None},
        }
    },
    "copied": {
        "stream_maps": {
            "few": {"__source__": "memberships", "__filter__": "contact_id < 9", "run_id": None},
            "*": {"loaded_by": "'nightly'"},
        }
    },
    "all others dropped": {"stream_maps": {"memberships": {}, "__else__": None}},
    "flattened": {"flattening_enabled": True, "flattening_max_depth": 2},
    "flattened and mapped": {
        "flattening_enabled": True,
        "flattening_max_depth": 3,
        "stream_maps": {"segments": {"size": "int(counts['last_total']['count'])"}},
    },
}


@pytest.mark.parametrize("choice", CHOICES)
def test_batch_files_equal_records(populated: Sandbox, tmp_path: Path, choice: str) -> None:
    settings = {name: each for name, each in CHOICES[choice].items() if not name.startswith("--")}
    options = {name: each for name, each in CHOICES[choice].items() if name.startswith("--")}
    config = {**config_of(populated), **settings}
    if not options:
        config["mypreferences"] = signed_config(populated)
        options["--catalog"] = everything(config)
    plain = run_tap(copy.deepcopy(config), **options)
    batched = run_tap({**config, "batch_config": batch_config(tmp_path)}, **options)
    assert plain.exit_code == batched.exit_code == 0
    assert any(kind == "BATCH" for kind, _ in batched.types)
    plain_rows, batched_rows = rows_of(plain), rows_of(batched)
    assert plain_rows.keys() == batched_rows.keys()
    for stream, rows in plain_rows.items():
        assert batched_rows[stream] == rows, stream
    # A BATCH without a SCHEMA before it would be of an unknown stream.
    schemas: set[str | None] = set()
    for kind, of in batched.types:
        schemas |= {of} if kind == "SCHEMA" else set()
        assert kind != "BATCH" or of in schemas


@pytest.mark.parametrize("compression", [{}, {"compression": "gzip"}, {"compression": "none"}])
@pytest.mark.parametrize("depth", [1, 3])
def test_parquet_files_equal_flattened_records(
    populated: Sandbox, tmp_path: Path, compression: dict[str, str], depth: int
) -> None:
    pytest.importorskip("pyarrow")
    config: dict[str, Any] = {
        **config_of(populated),
        "mypreferences": signed_config(populated),
        "flattening_enabled": True,
        "flattening_max_depth": depth,
    }
    plain = sync_everything(config)
    encoding = {"format": "parquet", **compression}
    config["batch_config"] = batch_config(tmp_path, encoding=encoding, batch_size=25)
    batched = sync_everything(config)
    assert plain.exit_code == batched.exit_code == 0
    assert {"BATCH", "RECORD"} <= {kind for kind, _ in batched.types}
    assert rows_of(plain) == rows_of(batched)


def test_deselected_columns_are_in_no_batch_file(populated: Sandbox, tmp_path: Path) -> None:
    keys = ["segment_group_name", "ProfileId"]
    chosen = {
        "streams": [
            {
                "tap_stream_id": "segment_group_profiles",
                "key_properties": keys,
                "schema": {
                    "type": "object",
                    "properties": {
                        "segment_group_name": {"type": "string"},
                        "ProfileId": {"type": "integer"},
                        "exported_at": {"type": "string"},
                        "Emails": {"type": ["array", "null"]},
                        "DefaultLocale": {"type": ["string", "null"]},
                    },
                },
                "metadata": [
                    {"breadcrumb": [], "metadata": {"selected": True}},
                    {"breadcrumb": ["properties", "Emails"], "metadata": {"selected": False}},
                ],
            }
        ]
    }
    config = {"mypreferences": signed_config(populated), "batch_config": batch_config(tmp_path)}
    synced = run_tap(config, **{"--catalog": chosen})
    assert synced.exit_code == 0
    rows = rows_of(synced)["segment_group_profiles"]
    assert len(rows) == 40
    assert "@" not in "".join(rows)
    assert all("DefaultLocale" in row for row in rows)
    for file in tmp_path.iterdir():
        assert b"@" not in gzip.decompress(file.read_bytes())


def test_compression_defaults_to_gzip(populated: Sandbox, tmp_path: Path) -> None:
    config = batch_config(tmp_path, encoding={"format": "jsonl"})
    synced = sync(populated, batch_config=config)
    assert synced.exit_code == 0
    assert len(rows_of(synced)["memberships"]) == 60


def test_prefix_may_contain_a_folder_and_null_is_absent(populated: Sandbox, tmp_path: Path) -> None:
    storage = {"root": tmp_path.as_uri(), "prefix": "a/b-", "params": None}
    synced = sync(populated, batch_config=batch_config(tmp_path, storage=storage, batch_size=None))
    assert synced.exit_code == 0
    assert len(rows_of(synced)["memberships"]) == 60
    assert all(path.name.startswith("b-") for path in (tmp_path / "a").iterdir())
