"""Meltano features: plugin tests, selection, environments, schedules, state."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.e2e.loaders import JsonLines
from tests.e2e.project import TAP, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.project import Project
    from tests.e2e.truth import Rows

PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
STATE_ID = f"{TAP}-to-target-jsonl"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An account of three small segments, in real time."""
    account = Account()
    account.add_segment("VIP by orders", range(1, 21))
    account.add_segment("VIP by value", range(10, 15))
    account.add_segment("Newsletter", range(1, 41))
    with Sandbox(account, requests_per_second=None) as served:
        yield served


def rows(project: Project, stream: str) -> Rows:
    return JsonLines(project).rows()[stream]


def baselines(project: Project, segment_id: str) -> list[bool]:
    """Whether each run of a segment was a baseline, oldest first."""
    runs = rows(project, "match_all_runs")
    return [row["is_baseline"] for row in runs if row["segment_id"] == segment_id]


def test_project_file_compiles_without_warnings(project: Project) -> None:
    said = project.meltano("compile", "--lint")
    # Problems are only warnings.
    assert "Compiled" in said
    assert "Failed to validate" not in said


def test_plugin_test_detects_a_wrong_token(project: Project, sandbox: Sandbox) -> None:
    variables = variables_of(sandbox)
    token = variables.pop("TAP_ACTIVECAMPAIGN_SEGMENTS_API_TOKEN")
    project.meltano("config", "set", TAP, "api_token", token)
    assert token not in project.file.read_text()
    said = project.meltano("config", "test", "--no-install", TAP, **variables)
    assert "Plugin configuration is valid" in said
    wrong = variables | {"TAP_ACTIVECAMPAIGN_SEGMENTS_API_TOKEN": "wrong"}
    exit_code, said = project.start("config", "test", "--no-install", TAP, **wrong).end()
    assert exit_code == 1
    assert "answered 403: check the rights and the plan of the key" in said


def test_streams_and_columns_can_be_selected(project: Project, sandbox: Sandbox) -> None:
    project.meltano("select", "--no-install", "--rm", "--exclude", TAP, "match_all_results", "*")
    project.meltano("select", "--no-install", "--exclude", TAP, "membership_changes", "*")
    project.meltano(
        "select", "--no-install", "--exclude", TAP, "segment_definitions", "description"
    )
    project.meltano("run", "--no-install", TAP, "target-jsonl", **variables_of(sandbox))
    names = {path.stem for path in project.output.glob("*.jsonl")}
    assert names == {
        "match_all_results",
        "match_all_runs",
        "memberships",
        "segment_conditions",
        "segment_definitions",
        "segments",
    }
    definitions = (project.output / "segment_definitions.jsonl").read_text()
    assert '"name"' in definitions
    assert '"description"' not in definitions


def test_meltano_selects_everything_unless_the_project_tells(
    project: Project, sandbox: Sandbox
) -> None:
    # If this fails, Meltano honours what the tap deselects: the docs say otherwise.
    text = project.file.read_text()
    selection = "    select:\n    - '*.*'\n    - '!match_all_results.*'\n    - '!contacts.*'\n"
    assert selection in text
    project.file.write_text(text.replace(selection, ""))
    files = [project.output / f"{name}.jsonl" for name in ("match_all_results", "contacts")]
    project.meltano("run", "--no-install", TAP, "target-jsonl", **variables_of(sandbox))
    assert all(file.exists() for file in files)
    # As the docs say.
    select = ["*.*", "!match_all_results.*", "!contacts.*"]
    project.meltano("config", "set", TAP, "_select", json.dumps(select))
    for file in files:
        file.unlink()
    project.meltano("run", "--no-install", TAP, "target-jsonl", **variables_of(sandbox))
    assert not any(file.exists() for file in files)


def config_of(project: Project, **settings: str) -> dict[str, Any]:
    """Return what Meltano passes to the tap, with these environment variables."""
    variables = {f"{PREFIX}{name}": value for name, value in settings.items()}
    said = project.meltano("invoke", "--no-install", "--dump=config", TAP, **variables)
    text = said[said.index("{\n") :]
    return json.JSONDecoder().raw_decode(text)[0]  # type: ignore[no-any-return]


def test_unset_settings_are_not_passed_to_the_tap(project: Project) -> None:
    config = config_of(project, API_URL="https://example.com", API_TOKEN="x")
    assert None not in config.values()
    assert not {
        *("batch_config", "faker_config", "mypreferences", "stream_map_config", "stream_maps"),
        *("flattening_enabled", "flattening_max_depth"),
    } & set(config)


def test_settings_of_the_sdk_have_their_types(project: Project) -> None:
    config = config_of(
        project,
        FLATTENING_ENABLED="true",
        FLATTENING_MAX_DEPTH="2",
        BATCH_CONFIG_ENCODING_FORMAT="jsonl",
        BATCH_CONFIG_STORAGE_ROOT="file:///srv/batches",
        BATCH_CONFIG_STORAGE_PARAMS='{"auto_mkdir": true}',
        BATCH_CONFIG_BATCH_SIZE="7",
        FAKER_CONFIG_LOCALE='["de_DE"]',
        STREAM_MAPS='{"memberships": {"x": "run_id"}}',
        STREAM_MAP_CONFIG='{"salt": "pepper"}',
    )
    expected = {
        "flattening_enabled": True,
        "flattening_max_depth": 2,
        "batch_config": {
            "encoding": {"format": "jsonl"},
            "storage": {"root": "file:///srv/batches", "params": {"auto_mkdir": True}},
            "batch_size": 7,
        },
        "faker_config": {"locale": ["de_DE"]},
        "stream_maps": {"memberships": {"x": "run_id"}},
        "stream_map_config": {"salt": "pepper"},
    }
    assert {name: config[name] for name in expected} == expected


def test_flattening_and_batches_can_be_set_one_by_one(project: Project, sandbox: Sandbox) -> None:
    batches = project.folder / "batches"
    settings = {
        "FLATTENING_ENABLED": "true",
        "FLATTENING_MAX_DEPTH": "2",
        "BATCH_CONFIG_ENCODING_FORMAT": "jsonl",
        "BATCH_CONFIG_STORAGE_ROOT": batches.as_uri(),
        "BATCH_CONFIG_STORAGE_PREFIX": "nightly-",
    }
    variables = variables_of(sandbox, more=settings)
    said = project.meltano("invoke", "--no-install", TAP, **variables)
    schemas = [json.loads(line) for line in said.splitlines() if '"type":"SCHEMA"' in line]
    columns = [each for schema in schemas for each in schema["schema"]["properties"].values()]
    assert not [each for each in columns if "object" in each["type"]]
    assert all(file.name.startswith("nightly-") for file in batches.iterdir())
    rows_read = sum(
        len(gzip.decompress(file.read_bytes()).splitlines())
        for file in batches.iterdir()
        if "-memberships-" in file.name
    )
    assert rows_read == sum(len(each.members) for each in sandbox.account.segments)


def test_credentials_and_salts_are_stored_in_the_env_file(project: Project) -> None:
    for name in ("stream_map_config", "batch_config.storage.params"):
        project.meltano("config", "set", TAP, name, '{"secret": "SESAME"}')
    assert "SESAME" not in project.file.read_text()
    assert (project.folder / ".env").read_text().count("SESAME") == 2


def test_scheduled_job_uses_its_environments_state(project: Project, sandbox: Sandbox) -> None:
    variables = variables_of(sandbox)
    project.meltano("environment", "add", "prod")
    production = ("--environment", "prod")
    project.meltano(*production, "config", "set", TAP, "segment_names", '["VIP*"]')
    project.meltano("job", "add", "nightly", "--tasks", f"{TAP} target-jsonl")
    project.meltano("schedule", "add", "at-three", "--job", "nightly", "--interval", "0 3 * * *")
    project.meltano("schedule", "run", "at-three", **variables)
    project.meltano(*production, "run", "--no-install", "nightly", **variables)
    assert len(project.state(f"dev:{STATE_ID}")["bookmarks"]["match_all_runs"]["partitions"]) == 3
    assert len(project.state(f"prod:{STATE_ID}")["bookmarks"]["match_all_runs"]["partitions"]) == 2
    *vip, newsletter = sandbox.account.segments
    # Each environment has its own chain.
    assert [baselines(project, each.segment_id) for each in vip] == [[True, True], [True, True]]
    assert baselines(project, newsletter.segment_id) == [True]


def test_file_state_continues_and_full_refresh_starts_anew(
    project: Project, sandbox: Sandbox
) -> None:
    states = project.folder / "states"
    variables = variables_of(sandbox) | {"MELTANO_STATE_BACKEND_URI": states.as_uri()}
    segment, *_ = sandbox.account.segments
    for members, options in (
        (range(1, 21), ()),
        (range(3, 23), ()),
        (range(4, 24), ("--full-refresh",)),
        (range(5, 25), ()),
    ):
        segment.members = members
        project.meltano("run", "--no-install", *options, TAP, "target-jsonl", **variables)
    assert list(states.rglob("state.json"))
    assert baselines(project, segment.segment_id) == [True, False, True, False]
    changes = [
        row
        for row in rows(project, "membership_changes")
        if row["segment_id"] == segment.segment_id
    ]
    words = [
        [row["contact_id"] for row in changes if row["run_id"] == run.run_id]
        for run in segment.runs
    ]
    assert [sorted(each) for each in words] == [
        list(range(1, 21)),
        [1, 2, 21, 22],
        list(range(4, 24)),
        [4, 24],
    ]
