"""--state: wrappers, states that are refused, and parts that are ignored with a warning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fuzzing import check_end
from tests.support.sync import LOG_STREAMS, assert_refused, config_of, run_tap, sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.sync import Sync


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"singer_state": state},
        lambda state: {"type": "STATE", "value": state},
        lambda state: {"singer_state": {"type": "STATE", "value": state}},
        lambda state: {"type": "STATE", "value": {"singer_state": state}, "x": 1},
    ],
    ids=["meltano", "singer", "both", "both ways"],
)
def test_wrapped_state_is_unwrapped(
    sandbox: Sandbox, segment: Segment, wrap: Callable[[Any], dict[str, Any]]
) -> None:
    first = sync(sandbox)
    second = sync(sandbox, state=wrap(first.state))
    assert segment.runs
    assert second.exit_code == 0
    assert second.warnings == []
    [before], [after] = (each.records("match_all_runs") for each in (first, second))
    assert after["previous_run_id"] == before["run_id"]


@pytest.mark.parametrize(
    "state",
    [
        {"foo": 1},
        {"currently_syncing": None},
        {"bookmarks": 5},
        {"bookmarks": {"people": {"since": "2026-01-01"}}},
        {"bookmarks": {}, "people": {"since": "2026-01-01"}},
        {"bookmarks": {"match_all_runs": {"partitions": {"0": {"context": {}}}}}},
        {"bookmarks": {"match_all_runs": [1], "segments": "x"}},
        {"singer_state": {"bookmarks": {"people": {}}}},
        {"singer_state": "{}"},
        {"type": "STATE", "value": [1]},
        {"completed": {"singer_state": {"bookmarks": {}}}, "partial": {}},
    ],
    ids=str,
)
def test_unusable_state_is_refused(sandbox: Sandbox, state: dict[str, Any]) -> None:
    synced = sync(sandbox, state=state)
    assert_refused(sandbox, synced, "--state has nothing", "for a first sync leave it out")


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"bookmarks": {}},
        {"bookmarks": None},
        {"singer_state": {}},
        {"singer_state": None},
        {"type": "STATE", "value": {"bookmarks": {}}},
        {"bookmarks": {"segments": {}}},
        {"bookmarks": {"segments": {"starting_replication_value": None}}},
        {"bookmarks": {"match_all_runs": {"partitions": None, "progress_markers": {}}}},
        {"currently_syncing": "segments", "bookmarks": {}},
    ],
    ids=str,
)
def test_empty_state_is_a_first_sync(
    sandbox: Sandbox, segment: Segment, state: dict[str, Any]
) -> None:
    synced = sync(sandbox, state=state)
    assert synced.exit_code == 0
    assert synced.warnings == []
    assert len(synced.records("membership_changes")) == len(segment.members)


def damage_state(state: dict[str, Any], how: str) -> str:
    """Damage a state, and return the stream that the warning names."""
    bookmarks = state["bookmarks"]
    entry = bookmarks["match_all_runs"]["partitions"][0]
    match how:
        case "partitions as a map":
            bookmarks["match_all_runs"]["partitions"] = {"0": entry}
        case "no context":
            del entry["context"]
        case "stream":
            bookmarks["match_all_runs"] = [entry]
        case "predecessor":
            entry["match_all"]["predecessor"] = {"run_id": 5}
        case "committed":
            entry["match_all"]["committed"] = "300"
        case "match_all":
            entry["match_all"] = [1]
        case "bookmark":
            bookmarks["count_history"]["partitions"][0]["replication_key_value"] = "yesterday"
            return "count_history"
        case "other":
            bookmarks["people"] = {"since": 1}
            return "people"
    return "match_all_runs"


@pytest.mark.parametrize(
    "how",
    [
        "partitions as a map",
        "no context",
        "stream",
        "predecessor",
        "committed",
        "match_all",
        "bookmark",
        "other",
    ],
)
def test_unknown_state_parts_are_warned_of(sandbox: Sandbox, segment: Segment, how: str) -> None:
    segment.add_count(1_700_000_000.0, 3)
    state = sync(sandbox).state
    named = damage_state(state, how)
    synced = sync(sandbox, state=state)
    assert synced.exit_code == 0
    assert any("--state: " in line and named in line for line in synced.warnings)


def test_byte_order_mark_in_a_state_is_skipped(
    sandbox: Sandbox, segment: Segment, tmp_path: Path
) -> None:
    first = sync(sandbox)
    path = tmp_path / "state.json"
    path.write_text(json.dumps(first.state), encoding="utf-8-sig")
    second = run_tap(config_of(sandbox), f"--state={path}")
    [row] = second.records("match_all_runs")
    assert row["previous_run_id"] == segment.runs[0].run_id


def test_empty_state_file_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("")
    synced = run_tap(config_of(sandbox), f"--state={path}")
    assert_refused(sandbox, synced, "--state is no JSON object")


@pytest.mark.parametrize(
    "bookmark", [["x"], {}, 5, True, "soon", "2020-01-01T02:00:02+02:00", "2020-01-01", None]
)
def test_malformed_bookmark_is_read_or_ignored(sandbox: Sandbox, bookmark: Any) -> None:
    segment = sandbox.account.add_segment("VIP", range(3))
    segment.add_count(1_700_000_000.0, 3)
    streams = {"count_history", "segment_definitions"}
    state = sync(sandbox, streams=streams).state
    for stream in streams:
        state["bookmarks"][stream]["partitions"][0]["replication_key_value"] = bookmark
    synced = sync(sandbox, state=state, streams=streams)
    check_end(synced)
    assert synced.exit_code == 0
    assert synced.records("count_history")


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("run_id_end", 5),
        ("run_id_end", ["x"]),
        ("segment_timestamp", {}),
        ("segment_timestamp", "soon"),
        ("run_id", ".."),
        ("run_id", ""),
        ("sort", "age"),
    ],
)
def test_previous_run_with_a_broken_field_is_ignored(
    sandbox: Sandbox, fact: str, value: Any
) -> None:
    segment = sandbox.account.add_segment("VIP", range(20))
    state = sync(sandbox, streams=LOG_STREAMS).state
    [entry] = state["bookmarks"]["match_all_runs"]["partitions"]
    entry["match_all"]["predecessor"][fact] = value
    segment.members = range(1, 21)
    synced = sync(sandbox, state=state, streams=LOG_STREAMS)
    check_end(synced)
    [row] = synced.records("match_all_runs")
    assert row["is_baseline"]


WALK = {"started_at": "2026-01-01T00:00:00.000000Z", "since": None, "after": 3}


NO_IDS: list[Any] = [-1, -(10**30), 2.5, "3", None, True, [3]]
NO_MOMENTS: list[Any] = ["soon", 5, {}, ["2026-01-01T00:00:00Z"]]
ODD_WALKS: list[Any] = [
    *(None, True, 3, "x", [], [WALK], {}, {"after": 3}, {"walk": WALK}),
    *({**WALK, "after": value} for value in NO_IDS),
    *({**WALK, "started_at": value} for value in NO_MOMENTS),
    *({**WALK, "since": value} for value in NO_MOMENTS),
    {"since": None, "after": 3},
    {"started_at": "2026-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("walk", ODD_WALKS, ids=json.dumps)
def test_walk_through_contacts_that_cannot_be_used_begins_anew(
    sandbox: Sandbox, segment: Segment, walk: Any
) -> None:
    synced = sync_contacts(sandbox, {"walk": walk})
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("contacts")] == [*segment.members]


ODD_VALUES: dict[str, list[Any]] = {
    "replication_key_value": ["2999-01-01T00:00:00.000000Z", None, True, *NO_MOMENTS],
    "identifiers": ["hashed", "rot13", "", 5, {}, ["plain"]],
    "viewer": ["other", "", 5, {}, [1]],
    "unknown": [{"deep": [1]}],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ODD_VALUES.items() for value in values]
)
def test_contacts_are_read_whole_if_it_is_unclear_what_was(
    sandbox: Sandbox, segment: Segment, name: str, value: Any
) -> None:
    whole = {"replication_key": "read_at", "replication_key_value": "2026-01-01T00:00:00.000000Z"}
    synced = sync_contacts(sandbox, {**whole, "identifiers": "plain", name: value})
    assert synced.exit_code == 0
    # None was updated since the bookmark, so there is none if it is believed.
    assert len(synced.records("contacts")) == (0 if name == "unknown" else len(segment.members))
    bookmark = synced.state["bookmarks"]["contacts"]["replication_key_value"]
    assert whole["replication_key_value"] < bookmark < "2999"


def sync_contacts(sandbox: Sandbox, entry: dict[str, Any]) -> Sync:
    """Sync all contacts with an odd entry in the state, and check what is logged."""
    first = sync(sandbox, streams={"segments"})
    state = first.state
    state["bookmarks"]["contacts"] = entry
    synced = sync(sandbox, state=state, streams={"contacts"}, contacts="all")
    check_end(synced)
    return synced
