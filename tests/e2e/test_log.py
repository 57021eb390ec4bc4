"""The log of a night under Meltano: short, by level, and with fields as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.e2e.project import TAP, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.project import Project

SEGMENTS = 100


@pytest.fixture
def account() -> Account:
    """An account of many small segments."""
    account = Account()
    for number in range(SEGMENTS):
        account.add_segment(f"number {number}", range(number, number + 5))
    return account


@pytest.fixture
def sandbox(account: Account) -> Iterator[Sandbox]:
    """The account, in real time."""
    with Sandbox(account, requests_per_second=None) as served:
        yield served


def night(project: Project, sandbox: Sandbox, *, log_format: str, level: str = "info") -> list[str]:
    """Run a sync, and return the lines of Meltano that are the tap's."""
    variables = variables_of(sandbox) | {"MELTANO_CLI_LOG_FORMAT": log_format}
    command = project.start(
        f"--log-level={level}", "run", "--no-install", TAP, "target-jsonl", **variables
    )
    _, said = command.end()
    return [line for line in said.splitlines() if TAP in line and "meltano.core" not in line]


def entries(lines: list[str]) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [each for each in found if each.get("name") == TAP]


def test_quiet_night_is_short_and_ends_with_the_summary(project: Project, sandbox: Sandbox) -> None:
    first = night(project, sandbox, log_format="uncolored")
    assert (
        sum("a baseline of 5 contacts: this is its first run" in line for line in first) == SEGMENTS
    )
    second = [
        line for line in night(project, sandbox, log_format="uncolored") if f"] {TAP} " in line
    ]
    assert len(second) < 10
    assert "[info     ]" in second[-1]
    assert "sync finished in " in second[-1]
    assert (
        f"segments read {SEGMENTS}, segments skipped 0, segments failed 0, baselines 0"
        in second[-1]
    )


def test_failed_night_as_json_names_stream_and_segment(
    project: Project, account: Account, sandbox: Sandbox
) -> None:
    bad = account.segments[0]
    night(project, sandbox, log_format="json")
    sandbox.faults.add(Fault("run_fails", segment_id=bad.segment_id, times=None))
    found = entries(night(project, sandbox, log_format="json"))
    last, end = found[-1], found[-2]
    assert last["level"] == "error"
    assert last["stream_name"] == "match_all_runs"
    assert (last["segment_id"], last["segment"]) == (bad.segment_id, bad.name)
    assert end["summary"]["segments_failed"] == 1
    assert end["summary"]["requests"]["/segmentMatchAll/{id}"] >= SEGMENTS
    assert all(each["level"] in {"info", "warning", "error"} for each in found)


def test_debug_level_has_the_metrics(project: Project, sandbox: Sandbox) -> None:
    found = entries(night(project, sandbox, log_format="json", level="debug"))
    metrics = [each["metric_info"] for each in found if "metric_info" in each]
    assert sum(each["value"] for each in metrics if each["metric"] == "http_request_count") == len(
        sandbox.requests
    )
    assert any(each["metric"] == "http_request_duration" for each in metrics)
