"""Stream maps, flattening, deselected columns and BATCH files: what is to stay out stays out."""

from __future__ import annotations

import copy
import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tests.mypreferences.test_exports import signed
from tests.singer.test_catalog_file import assert_refused
from tests.support.sync import Sync, catalog, config_of, sync, tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Segment
    from tests.support.sync import SharedClock

MELTANOS = {
    *("segments", "segment_definitions", "count_history", "match_all_runs"),
    *("membership_changes", "memberships"),
}
"""What `meltano.yml` selects: match_all_results is not among it."""
CHANGING = {"listed_at", "last_used_date", "exported_at", "completed_at", "changed_at"}


@pytest.fixture
def both(clock: SharedClock) -> Iterator[Sandbox]:
    """Two segments, and a segment group of 40 profiles."""
    account, preferences = Account(clock=clock), Preferences(seed=1)
    account.records_runs = False
    for name in ("A", "B"):
        account.add_segment(name, range(1, 31)).add_count(1_700_000_000.0, 30)
    preferences.add_group("Newsletter", 40)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


def batches(root: Path, **more: Any) -> dict[str, Any]:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": root.as_uri()},
        "batch_size": 7,
        **more,
    }


def rows_of(synced: Sync) -> dict[str, list[str]]:
    """Return the rows of each stream, in RECORDs or in files, without what changes by the hour."""
    found: dict[str, list[dict[str, Any]]] = {}
    for message in synced.messages:
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
        elif message["type"] == "BATCH":
            assert message["encoding"] == {"format": "jsonl", "compression": "gzip"}
            for file in message["manifest"]:
                with gzip.open(url2pathname(urlsplit(file).path), "rt") as lines:
                    found.setdefault(message["stream"], []).extend(map(json.loads, lines))
    return {
        stream: [json.dumps(_steady(row), sort_keys=True) for row in rows]
        for stream, rows in found.items()
    }


def _steady(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if name not in CHANGING and not name.startswith(("run_id", "baseline_run_id"))
    }


# Stream maps.


@pytest.mark.parametrize(
    "maps",
    [
        {"*": {"loaded_by": "'nightly'"}},
        {"match_*": {"run_id": "md5(run_id)"}},
        {"match_all_results": {"contact_id": "md5(str(contact_id))", "position": None}},
        {"*": {"__filter__": "True"}},
        {"*ships": {"__else__": None, "segment_id": "segment_id", "contact_id": "contact_id"}},
        {"m*": {"__alias__": "'x_' + __stream_name__"}},
        {"match_all_results": {"contact_id": None}},
        {"copy": {"__source__": "match_all_results", "rank": "int(position)"}},
    ],
    ids=json.dumps,
)
def test_a_stream_map_that_reaches_an_unselected_stream_is_no_error(
    sandbox: Sandbox, segment: Segment, maps: dict[str, Any]
) -> None:
    synced = sync(sandbox, streams=MELTANOS, stream_maps=maps)
    assert synced.exit_code == 0
    assert synced.warnings == []
    rows = [message for message in synced.messages if message["type"] == "RECORD"]
    assert sum("is_member" in each["record"] for each in rows) in {0, len(segment.members)}
    assert not any("position" in each["record"] for each in rows)


def test_a_stream_map_holds_for_the_selected_streams_that_it_reaches(
    sandbox: Sandbox, segment: Segment
) -> None:
    synced = sync(sandbox, streams=MELTANOS, stream_maps={"*": {"loaded_by": "'nightly'"}})
    for stream in MELTANOS - {"count_history"}:
        assert {row["loaded_by"] for row in synced.records(stream)} == {"nightly"}
    assert segment.runs


@pytest.mark.parametrize("name", ["membership", "segment_group_profiles", "Memberships*", "x?"])
def test_a_stream_map_of_no_stream_is_warned_of(
    sandbox: Sandbox, segment: Segment, name: str
) -> None:
    synced = sync(sandbox, stream_maps={name: {"contact_id": "md5(str(contact_id))"}})
    assert synced.exit_code == 0
    [line] = synced.warnings
    assert f"stream_maps.{name}: no stream is called so" in line
    assert segment.runs


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        ({"memberships": {"x": "md5('SALT' +"}}, ["stream_maps.memberships.x", "no expression"]),
        ({"memberships": {"__filter__": "SALT ="}}, ["stream_maps.memberships.__filter__"]),
        ({"*": {"x": ""}}, ["stream_maps.*.x"]),
        ({"memberships": {"contact_id": None}}, ["contact_id", "memberships"]),
        ({"memberships": {"__key_properties__": ["SALT"]}}, ["memberships"]),
        ({"memberships": {"__else__": "SALT"}}, ["stream_maps"]),
        ({"memberships": "SALT"}, ["stream_maps"]),
        ({"memberships": 5}, ["stream_maps"]),
        ({"__else__": "SALT"}, ["stream_maps"]),
        ({"__no_such__": {}}, ["stream_maps"]),
        ({"memberships": {"x": "x = 'SALT'"}}, ["stream_maps.memberships.x", "no expression"]),
        ({"memberships": {"__alias__": "my SALT"}}, ["stream_maps.memberships.__alias__"]),
        ({"memberships": {"__alias__": None}}, ["stream_maps.memberships.__alias__"]),
        ({"memberships": {"__source__": None}}, ["stream_maps.memberships.__source__"]),
    ],
    ids=str,
)
def test_a_stream_map_that_cannot_be_used_is_refused(
    sandbox: Sandbox, maps: dict[str, Any], words: list[str]
) -> None:
    synced = sync(sandbox, stream_maps=maps)
    assert_refused(sandbox, synced, *words)
    assert "SALT" not in synced.log or "__key_properties__" in str(maps)


def test_a_comment_behind_a_digest_is_one(sandbox: Sandbox, segment: Segment) -> None:
    maps = {"memberships": {"contact_id": "md5('salt' + str(contact_id)) # of a person"}}
    synced = sync(sandbox, stream_maps=maps)
    assert synced.exit_code == 0
    assert {len(row["contact_id"]) for row in synced.records("memberships")} == {32}
    assert segment.runs


def test_an_expression_that_fails_on_a_row_quotes_neither_it_nor_the_row(both: Sandbox) -> None:
    expression = "int(Emails[0]['Value']) + len('a salt')"
    config = {"mypreferences": signed(both)}
    synced = tap({**config, "stream_maps": {"segment_group_profiles": {"x": expression}}})
    assert synced.exit_code == 1
    assert "@" not in synced.log
    assert "a salt" not in synced.log
    assert "Traceback" not in synced.log
    for expression in ("no_such + 'a salt'", "config[str(Emails) + 'a salt']"):
        config["stream_maps"] = {"segment_group_profiles": {"x": expression}}
        for arguments in ([], ["--test"]):
            broken = tap({**config, "stream_map_config": {"a": 1}}, *arguments)
            assert broken.exit_code == 1
            assert broken.errors
            assert "a salt" not in broken.log
            assert "@" not in broken.log
            assert "Traceback" not in broken.log


@pytest.mark.parametrize("stream", ["segments", "match_all_runs", "memberships", "count_history"])
@pytest.mark.parametrize("as_batch", [False, True], ids=["records", "batches"])
def test_an_expression_that_fails_ends_its_stream_and_what_it_commits_alone(
    both: Sandbox, tmp_path: Path, stream: str, *, as_batch: bool
) -> None:
    config = {**config_of(both), "mypreferences": signed(both)}
    config["stream_maps"] = {stream: {"x": "int(segment_id)"}}
    if as_batch:
        config["batch_config"] = batches(tmp_path)
    failed = tap(copy.deepcopy(config))
    assert failed.exit_code == 1
    [line] = failed.errors
    assert "unexpected ValueError" in line
    assert len(failed.records("segment_group_exports")) == 1
    # No run is committed of which rows are missing, and no bookmark is ahead of its rows.
    if stream in {"memberships", "match_all_runs"}:
        assert failed.records("match_all_runs") == []
    del config["stream_maps"]
    healed = rows_of(tap(config, **{"--state": failed.state}))
    for each in ("memberships", "count_history", "segments"):
        found = healed.get(each, []) + rows_of(failed).get(each, [])
        assert len(set(found)) >= {"memberships": 60, "count_history": 2, "segments": 2}[each]


# BATCH.


def deselected(*columns: str) -> dict[str, Any]:
    """Return a catalog of all of ActiveCampaign's streams without some columns."""
    found = copy.deepcopy(catalog(MELTANOS | {"match_all_results"}))
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
def test_files_hold_what_records_would(both: Sandbox, tmp_path: Path, choice: str) -> None:
    settings = {name: each for name, each in CHOICES[choice].items() if not name.startswith("--")}
    options = {name: each for name, each in CHOICES[choice].items() if name.startswith("--")}
    config = {**config_of(both), **settings}
    if not options:
        config["mypreferences"] = signed(both)
    plain = tap(copy.deepcopy(config), **options)
    batched = tap({**config, "batch_config": batches(tmp_path)}, **options)
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


def test_no_deselected_address_is_in_a_file(both: Sandbox, tmp_path: Path) -> None:
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
    config = {"mypreferences": signed(both), "batch_config": batches(tmp_path)}
    synced = tap(config, **{"--catalog": chosen})
    assert synced.exit_code == 0
    rows = rows_of(synced)["segment_group_profiles"]
    assert len(rows) == 40
    assert "@" not in "".join(rows)
    assert all("DefaultLocale" in row for row in rows)
    for file in tmp_path.iterdir():
        assert b"@" not in gzip.decompress(file.read_bytes())


def test_files_are_gzip_and_the_message_says_so_if_nothing_is_set(
    both: Sandbox, tmp_path: Path
) -> None:
    config = batches(tmp_path, encoding={"format": "jsonl"})
    synced = sync(both, batch_config=config)
    assert synced.exit_code == 0
    assert len(rows_of(synced)["memberships"]) == 60


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"encoding": {"format": "jsonl", "compression": "none"}}, "encoding.compression"),
        ({"encoding": {"format": "jsonl", "compression": "zstd"}}, "encoding.compression"),
        ({"encoding": {"format": "csv"}}, "encoding.format"),
        ({"encoding": {}}, "encoding.format"),
        ({"encoding": None}, "encoding"),
        ({"encoding": {"format": "jsonl", "level": 9}}, "encoding.level"),
        ({"storage": {"root": "s3://bucket/folder"}}, "storage.root"),
        ({"storage": {"root": "nope://x"}}, "storage.root"),
        ({"storage": {"root": "file:///proc/no/such"}}, "storage.root"),
        ({"storage": {"prefix": "x"}}, "storage.root"),
        ({"storage": {"root": "x", "params": {"secret": "SESAME"}, "bucket": "y"}}, "bucket"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 10**30}, "batch_size"),
        ({"storage": {"root": "memory://x"}}, "storage.root"),
        ({"batch_size": "7"}, "batch_size"),
        ({"batches": 7}, "batches"),
    ],
    ids=str,
)
def test_what_batches_cannot_do_is_refused_before_anything_is_asked(
    both: Sandbox, tmp_path: Path, change: dict[str, Any], name: str
) -> None:
    synced = sync(both, batch_config={**batches(tmp_path), **change})
    assert_refused(both, synced, name)
    assert "SESAME" not in synced.log


def test_files_may_have_a_prefix_with_a_folder_and_null_is_as_good_as_absent(
    both: Sandbox, tmp_path: Path
) -> None:
    storage = {"root": tmp_path.as_uri(), "prefix": "a/b-", "params": None}
    synced = sync(both, batch_config=batches(tmp_path, storage=storage, batch_size=None))
    assert synced.exit_code == 0
    assert len(rows_of(synced)["memberships"]) == 60
    assert all(path.name.startswith("b-") for path in (tmp_path / "a").iterdir())


@pytest.mark.parametrize(("expression", "is_refused"), [("fake.name()", True), ("'fake.x'", False)])
def test_made_up_values_without_their_library_are_refused(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, expression: str, *, is_refused: bool
) -> None:
    monkeypatch.setattr(
        "tap_activecampaign_segments.singer.builtin_settings.find_spec", lambda _: None
    )
    sandbox.account.add_segment("some", [1])
    synced = sync(sandbox, stream_maps={"memberships": {"x": expression}})
    if is_refused:
        assert_refused(sandbox, synced, "pip install faker")
    else:
        assert synced.exit_code == 0


def test_files_of_parquet_without_their_library_are_refused(
    both: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tap_activecampaign_segments.singer.builtin_settings.find_spec", lambda _: None
    )
    config = batches(tmp_path, encoding={"format": "parquet"})
    assert_refused(both, sync(both, batch_config=config), "pip install pyarrow")
