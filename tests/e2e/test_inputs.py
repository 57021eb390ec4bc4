"""Real Meltano and targets: configuration errors, states, BATCH files, digests as keys."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tests.e2e import postgres
from tests.e2e.project import MELTANO, PLUGINS, TAP, variables_of
from tests.support.mypreferences import signed_config
from tests.support.nightly_script import NightlyScript
from tests.support.sync import config_of, run_tap, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Segment
    from tests.e2e.project import Project
    from tests.support.clocks import SharedClock

PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
SECRET = "TOPSECRETabc"


# Meltano.


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("SORT", "banana", "sort: 'banana' is not in the API's grammar"),
        ("API_URL", "http://example.com", "api_url: must begin with https://"),
    ],
)
def test_plugin_test_shows_the_configuration_error(
    project: Project, real_time_sandbox: Sandbox, name: str, value: str, shown: str
) -> None:
    variables = variables_of(real_time_sandbox) | {f"{PREFIX}{name}": value}
    exit_code, said = project.start("config", "test", "--no-install", TAP, **variables).end()
    assert exit_code == 1
    assert shown in said
    assert "Traceback" not in said


def test_secrets_go_to_dotenv_and_lists_are_understood(
    project: Project, real_time_sandbox: Sandbox
) -> None:
    project.meltano("config", "set", TAP, "segment_names", '["no such*"]')
    variables = variables_of(real_time_sandbox)
    exit_code, said = project.start("run", "--no-install", TAP, "target-jsonl", **variables).end()
    assert exit_code == 1
    assert "no saved segment matches 'no such*'" in said
    secrets = ["api_token", "mypreferences.shared_secret", "mypreferences.oauth_client_secret"]
    for name in secrets:
        project.meltano("config", "set", TAP, name, SECRET)
    assert SECRET not in project.file.read_text()
    assert (project.folder / ".env").read_text().count(SECRET) == len(secrets)
    # Both ways to authorize are set; this is refused before any request.
    exit_code, said = project.start("run", "--no-install", TAP, "target-jsonl", **variables).end()
    assert exit_code == 1
    assert "mypreferences.shared_secret: give either this or the OAuth settings" in said
    assert SECRET not in said


def test_state_printed_by_meltano_is_accepted(
    project: Project, real_time_sandbox: Sandbox, tmp_path: Path
) -> None:
    project.meltano("run", "--no-install", TAP, "target-jsonl", **variables_of(real_time_sandbox))
    said = project.meltano("state", "get", f"dev:{TAP}-to-target-jsonl")
    [line] = [line for line in said.splitlines() if line.startswith("{")]
    assert "singer_state" in json.loads(line)
    path = tmp_path / "state.json"
    path.write_text(line)
    synced = run_tap(config_of(real_time_sandbox), f"--state={path}")
    assert synced.exit_code == 0
    [row] = synced.records("match_all_runs")
    [segment] = real_time_sandbox.account.segments
    assert row["previous_run_id"] == segment.runs[0].run_id


def test_default_selection_works_with_a_map_of_all_streams(
    project: Project, real_time_sandbox: Sandbox
) -> None:
    text = project.file.read_text()
    maps = """    config:
      stream_maps:
        '*':
          loaded_by: "'nightly'"
    select:
"""
    project.file.write_text(text.replace("    select:\n", maps, 1))
    project.meltano("run", "--no-install", TAP, "target-jsonl", **variables_of(real_time_sandbox))
    lines = (project.output / "memberships.jsonl").read_text().splitlines()
    assert {json.loads(line)["loaded_by"] for line in lines} == {"nightly"}
    assert not (project.output / "match_all_results.jsonl").exists()


# target-jsonl, in the nightly script of the docs.


@pytest.fixture
def nightly_script(tmp_path: Path, real_time_sandbox: Sandbox) -> NightlyScript:
    nightly_script = NightlyScript(tmp_path, real_time_sandbox)
    (tmp_path / "target").symlink_to(PLUGINS / "loaders" / "target-jsonl" / "venv")
    assert MELTANO.exists()
    return nightly_script


def runs(folder: Path) -> list[dict[str, Any]]:
    paths = sorted(folder.glob("match_all_runs-*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_nightly_script_keeps_the_state_over_failures(
    nightly_script: NightlyScript, real_time_sandbox: Sandbox
) -> None:
    refused = {f"{PREFIX}API_TOKEN": "wrong"}
    assert nightly_script.run(**refused)[0] == 1
    assert nightly_script.run()[0] == 0
    state = nightly_script.state
    assert nightly_script.run(**refused)[0] == 1
    assert nightly_script.state == state
    bad = real_time_sandbox.account.add_segment("bad", range(5))
    real_time_sandbox.faults.add(
        Fault("status", "start", times=None, status=409, segment_id=bad.segment_id)
    )
    assert nightly_script.run()[0] == 1
    real_time_sandbox.faults.clear()
    assert nightly_script.run()[0] == 0
    [good, *_] = real_time_sandbox.account.segments
    found = [
        row["is_baseline"]
        for row in runs(nightly_script.folder)
        if row["segment_id"] == good.segment_id
    ]
    assert sorted(found) == [False, False, True]
    assert [row["is_baseline"] for row in runs(nightly_script.folder)].count(True) == 2


# target-postgres, from BATCH files and with digests as keys.


@pytest.fixture
def target(server: postgres.Server, tmp_path: Path) -> postgres.Target:
    return postgres.Target(server, tmp_path, tmp_path.name)


def batches(folder: Path) -> dict[str, Any]:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": (folder / "batches").as_uri()},
        "batch_size": 100,
    }


def test_postgres_loads_mapped_batch_files(
    sandbox: Sandbox, account: Account, target: postgres.Target, tmp_path: Path
) -> None:
    segment: Segment = account.add_segment("many", range(1, 501))
    maps = {
        "memberships": {"contact_id": "sha256(str(contact_id) + 'salt')"},
        "membership_changes": None,
        "match_all_results": {"position": None, "__filter__": "contact_id <= 250"},
    }
    synced = sync(sandbox, batch_config=batches(tmp_path), stream_maps=maps)
    assert synced.exit_code == 0
    target.load(synced.messages)
    digests = {hashlib.sha256(f"{each}salt".encode()).hexdigest() for each in segment.members}
    assert {row["contact_id"] for row in target.rows("memberships")} == digests
    results = target.rows("match_all_results")
    assert {row["contact_id"] for row in results} == {*range(1, 251)}
    assert not any("position" in row for row in results)


@pytest.mark.parametrize("as_batch", [False, True], ids=["records", "batches"])
def test_postgres_loads_digests_as_keys_and_no_address(
    clock: SharedClock, target: postgres.Target, tmp_path: Path, *, as_batch: bool
) -> None:
    account, preferences = Account(clock=clock), Preferences(seed=1)
    preferences.add_group("Newsletter", 50)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as both:
        config = {
            "mypreferences": signed_config(both),
            "stream_maps": {
                "segment_group_profiles": {"ProfileId": "md5(str(ProfileId))", "Emails": None}
            },
        }
        if as_batch:
            config["batch_config"] = batches(tmp_path)
        synced = run_tap(config)
    assert synced.exit_code == 0
    target.load(synced.messages)
    rows = target.rows("segment_group_profiles")
    [group] = preferences.groups
    known = {hashlib.md5(str(each["ProfileId"]).encode()).hexdigest() for each in group.profiles}  # noqa: S324
    assert {row["ProfileId"] for row in rows} == known
    assert "@" not in json.dumps([{**row, "_": None} for row in rows], default=str)
