"""What the command is given: state, catalog, settings and environment, understood or refused."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.mypreferences.test_exports import signed
from tests.support.sync import Sync, catalog, config_of, discover, sync, tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox, Segment

PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
SECRET = "TOPSECRETabc"


def assert_refused(sandbox: Sandbox, synced: Sync, *words: str) -> None:
    """Hold a start to one line, the last of the log, and no request."""
    assert synced.exit_code == 1
    [line] = synced.errors
    assert all(word in line for word in words)
    assert synced.log.splitlines()[-1] == line
    assert synced.messages == []
    assert sandbox.requests == []
    assert "Traceback" not in synced.log


def with_entry(name: str, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return the discovered catalog with the entry of a stream changed."""
    found = copy.deepcopy(discover())
    for entry in found["streams"]:
        if entry["tap_stream_id"] == name:
            change(entry)
    return found


# The state.


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
def test_a_state_in_a_wrapper_is_gone_on_from(
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
        {"bookmarks": {"contacts": {"since": "2026-01-01"}}},
        {"bookmarks": {}, "contacts": {"since": "2026-01-01"}},
        {"bookmarks": {"match_all_runs": {"partitions": {"0": {"context": {}}}}}},
        {"bookmarks": {"match_all_runs": [1], "segments": "x"}},
        {"singer_state": {"bookmarks": {"contacts": {}}}},
        {"singer_state": "{}"},
        {"type": "STATE", "value": [1]},
        {"completed": {"singer_state": {"bookmarks": {}}}, "partial": {}},
    ],
    ids=str,
)
def test_a_state_of_which_nothing_can_be_used_is_refused(
    sandbox: Sandbox, state: dict[str, Any]
) -> None:
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
def test_an_empty_state_is_a_first_sync(
    sandbox: Sandbox, segment: Segment, state: dict[str, Any]
) -> None:
    synced = sync(sandbox, state=state)
    assert synced.exit_code == 0
    assert synced.warnings == []
    assert len(synced.records("membership_changes")) == len(segment.members)


def broken(state: dict[str, Any], how: str) -> str:
    """Break a state, and return what the warning names."""
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
            bookmarks["contacts"] = {"since": 1}
            return "contacts"
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
def test_what_of_a_state_is_not_understood_is_warned_of(
    sandbox: Sandbox, segment: Segment, how: str
) -> None:
    segment.add_count(1_700_000_000.0, 3)
    state = sync(sandbox).state
    named = broken(state, how)
    synced = sync(sandbox, state=state)
    assert synced.exit_code == 0
    assert any("--state: " in line and named in line for line in synced.warnings)


def test_a_byte_order_mark_in_a_state_is_passed_over(
    sandbox: Sandbox, segment: Segment, tmp_path: Path
) -> None:
    first = sync(sandbox)
    path = tmp_path / "state.json"
    path.write_text(json.dumps(first.state), encoding="utf-8-sig")
    second = tap(config_of(sandbox), f"--state={path}")
    [row] = second.records("match_all_runs")
    assert row["previous_run_id"] == segment.runs[0].run_id


def test_an_empty_state_file_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("")
    synced = tap(config_of(sandbox), f"--state={path}")
    assert_refused(sandbox, synced, "--state is no JSON object")


# The catalog.


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"streams": []},
        {"streams": [{"tap_stream_id": "contacts_of_another_tap", "metadata": [], "schema": {}}]},
    ],
    ids=str,
)
def test_a_catalog_without_a_stream_of_the_tap_is_refused(
    sandbox: Sandbox, content: dict[str, Any]
) -> None:
    synced = tap(config_of(sandbox), **{"--catalog": content})
    assert_refused(sandbox, synced, "--catalog has no stream of this tap")


@pytest.mark.parametrize("stream", ["Members", "", 5])
def test_a_stream_that_the_catalog_calls_otherwise_keeps_its_name(
    sandbox: Sandbox, segment: Segment, stream: object
) -> None:
    chosen = with_entry("memberships", lambda entry: entry.update(stream=stream))
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert len(synced.records("memberships")) == len(segment.members)
    if stream:
        assert any("memberships" in line and "stream_maps" in line for line in synced.warnings)


def test_a_catalog_that_selects_nothing_is_warned_of(sandbox: Sandbox) -> None:
    synced = tap(config_of(sandbox), **{"--catalog": catalog(())})
    assert synced.exit_code == 0
    assert any("--catalog selects no stream" in line for line in synced.warnings)


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
def test_a_key_cannot_be_deselected(
    sandbox: Sandbox, segment: Segment, stream: str, columns: list[str], inclusion: str | None
) -> None:
    segment.add_count(1_700_000_000.0, 3)
    chosen = with_entry(stream, deselecting(*columns, inclusion=inclusion))
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert synced.records(stream)
    for row in synced.records(stream):
        assert all(row[each] is not None for each in columns)
    [schema] = [
        each for each in synced.messages if each["type"] == "SCHEMA" and each["stream"] == stream
    ]
    assert set(schema["key_properties"]) <= set(schema["schema"]["properties"])


def test_metadata_of_columns_alone_selects_the_others_as_well(
    sandbox: Sandbox, segment: Segment
) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["metadata"] = [
            {"breadcrumb": ["properties", "is_member"], "metadata": {"selected": False}}
        ]

    chosen = with_entry("memberships", change)
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    rows = synced.records("memberships")
    assert len(rows) == len(segment.members)
    assert "is_member" not in rows[0]
    assert rows[0]["run_id"]


def test_what_is_not_selected_may_be_described_as_it_likes(
    sandbox: Sandbox, segment: Segment
) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["schema"] = {"type": "object", "properties": {"x": {"type": "string"}}}
        entry["metadata"] = [{"breadcrumb": [], "metadata": {"selected": False}}]

    synced = tap(config_of(sandbox), **{"--catalog": with_entry("count_history", change)})
    assert synced.exit_code == 0
    assert segment.runs


def test_a_selected_stream_without_a_word_on_columns_has_all(
    sandbox: Sandbox, segment: Segment
) -> None:
    chosen = with_entry("memberships", lambda entry: entry.update(schema={"properties": {}}))
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    assert len(synced.records("memberships")) == len(segment.members)
    assert "is_member" in synced.records("memberships")[0]


def test_a_key_that_is_no_column_is_refused(sandbox: Sandbox) -> None:
    chosen = with_entry("memberships", lambda entry: entry.update(key_properties=["email"]))
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    assert_refused(sandbox, synced, "email", "memberships")


# A source that is selected and not set.


def test_selected_streams_of_a_source_that_is_not_set_are_failures(both: Sandbox) -> None:
    config = {**config_of(both), "mypreferences": signed(both)}
    chosen = json.loads(json.dumps(_discovered(config)))
    without_groups = tap(config_of(both), **{"--catalog": chosen})
    assert without_groups.exit_code == 1
    assert len(without_groups.records("match_all_runs")) == 1
    assert len(without_groups.errors) == 2
    assert all("mypreferences is not set" in line for line in without_groups.errors)
    without_segments = tap({"mypreferences": signed(both)}, **{"--catalog": chosen})
    assert without_segments.exit_code == 1
    assert len(without_segments.records("segment_group_exports")) == 1
    assert len(without_segments.errors) == 7
    assert all("api_url and api_token are not set" in each for each in without_segments.errors)


def test_what_is_not_selected_may_be_unset(both: Sandbox) -> None:
    chosen = _discovered({**config_of(both), "mypreferences": signed(both)})
    for entry in chosen["streams"]:
        if entry["tap_stream_id"].startswith("segment_group"):
            for metadata in entry["metadata"]:
                metadata["metadata"]["selected"] = False
    assert tap(config_of(both), **{"--catalog": chosen}).exit_code == 0


def _discovered(config: dict[str, Any]) -> dict[str, Any]:
    """Return a catalog with the streams of both sources, the second's with their keys alone."""
    assert config["mypreferences"]
    found = discover()
    text, number = {"type": "string"}, {"type": "integer"}
    for name, key in (
        ("segment_group_exports", {"exported_at": text}),
        ("segment_group_profiles", {"ProfileId": number}),
    ):
        columns = {"segment_group_name": text, **key}
        found["streams"].append(
            {
                "tap_stream_id": name,
                "key_properties": [*columns],
                "schema": {"type": "object", "properties": columns},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
        )
    return found


# Settings.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"segment_name": ["VIP"]}, ["segment_name:", "did you mean segment_names?"]),
        ({"apitoken": "x"}, ["apitoken:", "api_token?"]),
        ({"colour": "red"}, ["colour:", "no setting of this tap"]),
        ({"requests_per_second": 5.5}, ["requests_per_second", "more than the 5"]),
        ({"requests_per_second": 50}, ["requests_per_second", "more than the 5"]),
    ],
    ids=str,
)
def test_a_setting_that_is_hardly_meant_is_warned_of(
    sandbox: Sandbox, segment: Segment, settings: dict[str, Any], words: list[str]
) -> None:
    synced = sync(sandbox, **settings)
    assert segment.runs
    assert synced.exit_code == 0
    [line] = synced.warnings
    assert all(word in line for word in words)


def test_an_unknown_part_of_mypreferences_is_warned_of(both: Sandbox) -> None:
    synced = tap({"mypreferences": signed(both, segment_group=["x"])})
    assert synced.exit_code == 0
    [line] = synced.warnings
    assert "mypreferences.segment_group:" in line
    assert "mypreferences.segment_groups?" in line


def test_a_rate_within_the_accounts_is_not_warned_of(sandbox: Sandbox, segment: Segment) -> None:
    assert sync(sandbox, requests_per_second=5).warnings == []
    assert segment.runs


@pytest.mark.parametrize("name", ["stream_maps", "batch_config", "flattening_enabled", "sort"])
def test_null_is_as_good_as_absent(sandbox: Sandbox, segment: Segment, name: str) -> None:
    assert sync(sandbox, **{name: None}).exit_code == 0
    assert segment.runs


@pytest.mark.parametrize("arguments", [[], ["--test"], ["--test=schema"]], ids=str)
@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"page_size": 0}, "page_size"),
        ({"api_token": None}, "api_token"),
        ({"stream_maps": {"memberships": {"contact_id": None}}}, "contact_id"),
        ({"flattening_enabled": True}, "flattening_max_depth"),
        ({"batch_config": {"encoding": {"format": "jsonl"}}}, "batch_config.storage"),
    ],
    ids=str,
)
def test_the_last_line_of_a_start_that_is_refused_is_the_fault(
    sandbox: Sandbox, arguments: list[str], settings: dict[str, Any], name: str
) -> None:
    assert_refused(sandbox, tap(config_of(sandbox, **settings), *arguments), name)


# The environment.


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An .env file that the SDK finds."""
    before = dict(os.environ)
    path = tmp_path / ".env"
    path.write_text("")
    monkeypatch.setattr("singer_sdk.configuration._dict_config.find_dotenv", lambda: str(path))
    yield path
    os.environ.clear()
    os.environ.update(before)


WRONG = [
    ("PAGE_SIZE", SECRET),
    ("MAX_CONCURRENT_REQUESTS", f"5{SECRET}"),
    ("MYPREFERENCES", SECRET),
    ("MYPREFERENCES", f'{{"shared_secret": "{SECRET}"'),
    ("MYPREFERENCES", f'["{SECRET}"]'),
    ("SEGMENT_NAMES", f'["{SECRET}"'),
    ("SEGMENT_IDS", f'{{"a": "{SECRET}"}}'),
    ("EMIT_ACTIVATE_VERSION_MESSAGES", SECRET),
    ("FLATTENING_MAX_DEPTH", SECRET),
    ("FLATTENING_ENABLED", "ja"),
    ("STREAM_MAPS", SECRET),
    ("STREAM_MAP_CONFIG", f'{{"salt": "{SECRET}"'),
    ("BATCH_CONFIG", SECRET),
    ("FAKER_CONFIG", SECRET),
    ("REQUESTS_PER_SECOND", SECRET),
    ("MAX_LEFT_SHARE", SECRET),
    ("API_URL", f"https://user:{SECRET}@example.com"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda each: each[:20])
def test_a_value_from_a_dotenv_file_that_is_wrong_is_named_and_not_quoted(
    sandbox: Sandbox, dotenv: Path, name: str, value: str
) -> None:
    dotenv.write_text(f"{PREFIX}{name}='{value}'\n")
    synced = tap(config_of(sandbox), "--config=ENV")
    assert_refused(sandbox, synced, name.lower())
    assert SECRET not in synced.log


@pytest.mark.parametrize("arguments", [["--test"], ["--test=schema"], ["--discover"]], ids=str)
@pytest.mark.parametrize(("name", "value"), WRONG[:4], ids=lambda each: each[:20])
def test_however_it_is_started_a_wrong_value_is_not_quoted(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    arguments: list[str],
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)
    synced = tap(config_of(sandbox), "--config=ENV", *arguments)
    assert_refused(sandbox, synced, name.lower())
    assert SECRET not in synced.log


def test_settings_come_from_a_dotenv_file(sandbox: Sandbox, segment: Segment, dotenv: Path) -> None:
    dotenv.write_text(f"{PREFIX}API_URL={sandbox.url}\n{PREFIX}API_TOKEN={sandbox.token}\n")
    synced = tap({}, "--config=ENV")
    assert synced.exit_code == 0
    assert len(synced.records("memberships")) == len(segment.members)
    assert sandbox.token not in synced.log


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("SEGMENT_NAME", True),
        ("APITOKEN", True),
        ("MYPREFERENCES_SHARED_SECRET", True),
        ("LOGLEVEL", False),
        ("_LOAD_SCHEMA", False),
    ],
)
def test_a_variable_that_is_no_setting_is_warned_of(
    sandbox: Sandbox, dotenv: Path, name: str, *, is_told: bool
) -> None:
    sandbox.account.add_segment("some", [1])
    value = "INFO" if name == "LOGLEVEL" else SECRET
    dotenv.write_text(f"{PREFIX}{name}={value}\n")
    synced = tap(config_of(sandbox), "--config=ENV")
    assert synced.exit_code == 0
    assert SECRET not in synced.log
    assert [f"{PREFIX}{name}" in line for line in synced.warnings] == [True] * is_told
