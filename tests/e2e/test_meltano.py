"""Meltano features: plugin tests, selection, environments, schedules, state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.e2e.loaders import JsonLines
from tests.e2e.project import TAP, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.project import Project
    from tests.e2e.truth import Rows

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
        "segment_definitions",
        "segments",
    }
    definitions = (project.output / "segment_definitions.jsonl").read_text()
    assert '"name"' in definitions
    assert '"description"' not in definitions


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
