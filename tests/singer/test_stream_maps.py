"""Stream maps and flattening."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.batches import batch_config, rows_of
from tests.support.mypreferences import signed_config
from tests.support.sync import DEFAULT_STREAMS, assert_refused, config_of, run_tap, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment


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


def test_flattened_records_are_valid(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    synced = sync(sandbox, flattening_enabled=True, flattening_max_depth=3)
    assert synced.exit_code == 0
    assert len(synced.records("segment_definitions")) == 1


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
def test_map_matching_an_unselected_stream_is_no_error(
    sandbox: Sandbox, segment: Segment, maps: dict[str, Any]
) -> None:
    synced = sync(sandbox, streams=DEFAULT_STREAMS, stream_maps=maps)
    assert synced.exit_code == 0
    assert synced.warnings == []
    rows = [message for message in synced.messages if message["type"] == "RECORD"]
    assert sum("is_member" in each["record"] for each in rows) in {0, len(segment.members)}
    assert not any("position" in each["record"] for each in rows)


def test_map_applies_to_every_selected_stream_it_matches(
    sandbox: Sandbox, segment: Segment
) -> None:
    synced = sync(sandbox, streams=DEFAULT_STREAMS, stream_maps={"*": {"loaded_by": "'nightly'"}})
    for stream in DEFAULT_STREAMS - {"count_history"}:
        assert {row["loaded_by"] for row in synced.records(stream)} == {"nightly"}
    assert segment.runs


@pytest.mark.parametrize("name", ["membership", "segment_group_profiles", "Memberships*", "x?"])
def test_map_of_an_unknown_stream_is_warned_of(
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
def test_unusable_map_is_refused(sandbox: Sandbox, maps: dict[str, Any], words: list[str]) -> None:
    synced = sync(sandbox, stream_maps=maps)
    assert_refused(sandbox, synced, *words)
    assert "SALT" not in synced.log or "__key_properties__" in str(maps)


def test_comment_after_an_expression_is_ignored(sandbox: Sandbox, segment: Segment) -> None:
    maps = {"memberships": {"contact_id": "md5('salt' + str(contact_id)) # of a person"}}
    synced = sync(sandbox, stream_maps=maps)
    assert synced.exit_code == 0
    assert {len(row["contact_id"]) for row in synced.records("memberships")} == {32}
    assert segment.runs


def test_failing_expression_quotes_neither_itself_nor_the_row(populated: Sandbox) -> None:
    expression = "int(Emails[0]['Value']) + len('a salt')"
    config = {"mypreferences": signed_config(populated)}
    synced = run_tap({**config, "stream_maps": {"segment_group_profiles": {"x": expression}}})
    assert synced.exit_code == 1
    assert "@" not in synced.log
    assert "a salt" not in synced.log
    assert "Traceback" not in synced.log
    for expression in ("no_such + 'a salt'", "config[str(Emails) + 'a salt']"):
        config["stream_maps"] = {"segment_group_profiles": {"x": expression}}
        for arguments in ([], ["--test"]):
            broken = run_tap({**config, "stream_map_config": {"a": 1}}, *arguments)
            assert broken.exit_code == 1
            assert broken.errors
            assert "a salt" not in broken.log
            assert "@" not in broken.log
            assert "Traceback" not in broken.log


@pytest.mark.parametrize("stream", ["segments", "match_all_runs", "memberships", "count_history"])
@pytest.mark.parametrize("as_batch", [False, True], ids=["records", "batches"])
def test_failing_expression_ends_only_its_stream(
    populated: Sandbox, tmp_path: Path, stream: str, *, as_batch: bool
) -> None:
    config = {**config_of(populated), "mypreferences": signed_config(populated)}
    config["stream_maps"] = {stream: {"x": "int(segment_id)"}}
    if as_batch:
        config["batch_config"] = batch_config(tmp_path)
    failed = run_tap(copy.deepcopy(config))
    assert failed.exit_code == 1
    [line] = failed.errors
    assert "unexpected ValueError" in line
    assert len(failed.records("segment_group_exports")) == 1
    # No run with missing rows is committed.
    if stream in {"memberships", "match_all_runs"}:
        assert failed.records("match_all_runs") == []
    del config["stream_maps"]
    healed = rows_of(run_tap(config, **{"--state": failed.state}))
    for each in ("memberships", "count_history", "segments"):
        found = healed.get(each, []) + rows_of(failed).get(each, [])
        assert len(set(found)) >= {"memberships": 60, "count_history": 2, "segments": 2}[each]
