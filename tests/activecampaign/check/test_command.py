"""The command: configuration, exit codes, and what it prints."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import click
import pytest

from tap_activecampaign_segments.activecampaign.check import table
from tap_activecampaign_segments.activecampaign.check.facts import FACTS
from tap_activecampaign_segments.activecampaign.check.findings import Findings
from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient
from tap_activecampaign_segments.sandbox import Fault
from tests.activecampaign.check.invoke import check, run_main
from tests.support.sync import ENV_PREFIX, config_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.activecampaign.check.invoke import Checked


def test_configuration_from_the_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in config_of(sandbox, requests_per_second=4).items():
        monkeypatch.setenv(f"{ENV_PREFIX}{name.upper()}", str(value))
    assert run_main("--config", "ENV", "--requests", "1").exit_code == 0
    assert len(sandbox.requests) == 1


def test_configuration_from_several_files(sandbox: Sandbox, tmp_path: Path) -> None:
    line = []
    for name, value in config_of(sandbox, requests_per_second=4).items():
        (tmp_path / name).write_text(json.dumps({name: value}))
        line += ["--config", str(tmp_path / name)]
    assert run_main(*line, "--requests", "1").exit_code == 0


def test_each_error_of_the_configuration_is_a_line(sandbox: Sandbox) -> None:
    checked = check(sandbox, api_url="ftp://sesame.example", api_token="", page_size=0)
    assert checked.exit_code == 2
    assert checked.err.splitlines() == [
        "activecampaign-check: page_size: must be at least 1",
        "activecampaign-check: api_url: must be a URL that begins with https://",
        "activecampaign-check: api_token: is empty (it is shown under Settings > Developer)",
    ]
    assert sandbox.requests == []


def test_activecampaign_must_be_configured() -> None:
    checked = run_main()
    assert checked.exit_code == 2
    assert [line.split(":")[1].strip() for line in checked.err.splitlines()] == [
        "api_url",
        "api_token",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--requests", "61"],
        ["--requests", "0"],
        ["--config", "absent"],
        ["--segment", ".."],
        ["more"],
    ],
)
def test_wrong_usage(sandbox: Sandbox, arguments: list[str]) -> None:
    assert check(sandbox, *arguments).exit_code == 2
    assert sandbox.requests == []


def test_a_report_that_cannot_be_written_is_refused_first(sandbox: Sandbox, tmp_path: Path) -> None:
    checked = check(sandbox, "--json", str(tmp_path / "no" / "report.json"))
    assert checked.exit_code == 2
    assert sandbox.requests == []


def test_an_unknown_segment_is_wrong_usage(sandbox: Sandbox) -> None:
    checked = check(sandbox, "--segment", "nobody's")
    assert checked.exit_code == 2
    assert checked.err == (
        "activecampaign-check: --segment: the account has no segment with this id\n"
    )


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=401, times=None),
        Fault("status", status=402, times=None),
        Fault("status", "list", status=403, body="{}", times=None),
        Fault("status", "list", status=503, times=None),
        Fault("html", "list", times=None),
        Fault("retry_after", "user", value=3600, times=None),
        Fault("reset", times=None),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_an_account_that_cannot_be_read_is_one_line(sandbox: Sandbox, fault: Fault) -> None:
    sandbox.faults.add(fault)
    checked = check(sandbox)
    assert checked.exit_code == 3
    [line] = checked.err.splitlines()
    assert line.startswith("activecampaign-check: the account cannot be read: ")
    assert sandbox.token not in line
    assert checked.out == ""


def test_an_account_without_segments_shows_little(account: Account, sandbox: Sandbox) -> None:
    for segment in account.segments:
        account.remove(segment)
    checked = check(sandbox)
    assert checked.exit_code == 0
    assert checked.seen["ready_run_has_end"] == "(no run was ready)"
    assert checked.verdicts["user_is_told"] == "confirmed"


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Python's own handler of SIGINT, also where the tests are started with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_ends_it_with_a_line(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(ActiveCampaignClient, "get_user_id", interrupt)
    checked = check(sandbox)
    assert checked.exit_code == 130
    assert checked.err == "activecampaign-check: interrupted\n"


def test_what_follows_is_on_a_line_below(
    account: Account, run_check: Callable[..., Checked]
) -> None:
    account.set_otherwise("ready_run_has_end")
    lines = run_check().out.splitlines()
    [place] = [number for number, line in enumerate(lines) if line.startswith("otherwise")]
    assert lines[place + 1] == f"{' ' * 11}→ its start is used instead, never a local clock"
    assert sum("→" in line for line in lines) == 1


def test_output_that_is_piped_is_plain_and_whole(run_check: Callable[..., Checked]) -> None:
    out = run_check().out
    assert "\x1b" not in out
    assert "…" not in out
    assert out.splitlines()[-1].startswith("Please report it with --json FILE")


@pytest.mark.parametrize(("width", "longest"), [(40, 80), (80, 80), (100, 100), (300, 120)])
def test_lines_fit_the_terminal(width: int, longest: int) -> None:
    findings = Findings()
    for fact in FACTS:
        findings.settle(fact.key, holds=False, seen="x" * 200)
    lines = [line for each in table.render(findings, width) for line in each.splitlines()]
    plain = [click.unstyle(line) for line in lines]
    assert max(map(len, plain)) == longest
    assert sum(line.endswith("…") for line in plain) == len(FACTS)


def test_rows_are_aligned() -> None:
    findings = Findings()
    for fact in FACTS:
        findings.settle(fact.key, holds=True, seen="HERE")
    rows = [click.unstyle(each) for each in table.render(findings, None)]
    assert len({row.index("HERE") for row in rows if "HERE" in row}) == 1
