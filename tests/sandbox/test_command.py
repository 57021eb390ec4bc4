"""The command ``activecampaign-sandbox``, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox, command

if TYPE_CHECKING:
    from collections.abc import Sequence

START = [
    sys.executable,
    "-c",
    "import sys; from tap_activecampaign_segments.sandbox.command import main; sys.exit(main())",
]
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
REQUEST_SCRIPT = """
import os, urllib.request
prefix = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
url = os.environ[prefix + "API_URL"] + "/api/3/audiences"
headers = {"Api-Token": os.environ[prefix + "API_TOKEN"]}
with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
    print(answer.status)
raise SystemExit(7)
"""
WAIT_SCRIPT = """
import signal, sys, time
def end(number, frame):
    print("ended by", number, flush=True)
    sys.exit(40 + number)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
print("waiting", flush=True)
time.sleep(60)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [*START, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def spawn(arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [*START, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )


def test_sets_the_environment_and_returns_the_commands_code() -> None:
    done = run("--", sys.executable, "-c", REQUEST_SCRIPT)
    assert (done.stdout, done.stderr, done.returncode) == ("200\n", "", 7)


def test_sets_mypreferences_whole_and_in_parts() -> None:
    tell = "import json, os; print(json.dumps(dict(os.environ)))"
    done = run("--seed", "3", "--", sys.executable, "-c", tell)
    prefix = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
    found = json.loads(done.stdout)
    whole = json.loads(found[f"{prefix}MYPREFERENCES"])
    known = Preferences(3)
    assert whole == {
        "api_url": f"{found[f'{prefix}API_URL']}/Profiles/v4",
        "client_id": known.client_id,
        "user_id": known.user_id,
        "shared_secret": known.shared_secret,
        "segment_groups": ["Newsletter consents", "Loyalty club"],
    }
    for name, value in whole.items():
        part = found[f"{prefix}MYPREFERENCES_{name.upper()}"]
        assert (json.loads(part) if name == "segment_groups" else part) == value


def test_a_killed_command_returns_128_plus_signal() -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run("--", sys.executable, "-c", kill).returncode == 128 + signal.SIGKILL


def test_an_unknown_command_returns_127() -> None:
    done = run("--", "no-such-command", "--port", "x")
    assert done.returncode == 127
    assert done.stderr == "activecampaign-sandbox: no-such-command: command not found\n"


def test_a_command_not_executable_returns_126() -> None:
    done = run("--", str(ROOT))
    assert done.returncode == 126
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_forwards_signals_to_the_command(number: signal.Signals) -> None:
    with spawn(["--", sys.executable, "-c", WAIT_SCRIPT]) as process:
        assert process.stdout
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        assert process.stdout.readline() == f"ended by {number.value}\n"
        assert process.wait(10) == 40 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_a_signal_without_a_command(number: signal.Signals) -> None:
    with spawn(["--seed", "3"]) as process:
        assert process.stdout
        url = process.stdout.readline().split()
        token = process.stdout.readline().split()
        assert url[0] == "URL:"
        assert token == ["Token:", Account(3).token]
        response = requests.get(
            f"{url[1]}/api/3/audiences", headers={"Api-Token": token[1]}, timeout=10
        )
        assert len(response.json()["data"]) == 8
        process.send_signal(number)
        rest = process.stdout.read()
        assert f"export TAP_ACTIVECAMPAIGN_SEGMENTS_API_URL={url[1]}" in rest
        name = "TAP_ACTIVECAMPAIGN_SEGMENTS_MYPREFERENCES"
        (line,) = (line for line in rest.splitlines() if f"{name}=" in line)
        whole = json.loads(shlex.split(line)[1].partition("=")[2])
        assert whole["api_url"] == f"{url[1]}/Profiles/v4"
        assert process.wait(10) == 0


def test_a_taken_port_is_reported_in_one_line() -> None:
    with Sandbox() as sandbox:
        done = run("--port", sandbox.url.rpartition(":")[2])
    assert done.returncode == 1
    assert re.fullmatch(r"activecampaign-sandbox: cannot listen on port \d+: .+\n", done.stderr)


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--seed", "x"], ["tap"], ["--"]])
def test_rejects_invalid_arguments(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert "usage: activecampaign-sandbox" in capsys.readouterr().err


def test_a_missing_extra_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(sys.modules):
        if name.startswith(("uvicorn", "tap_activecampaign_segments.sandbox.server")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert command.main([]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert 'pip install "tap-activecampaign-segments[sandbox]"' in message
