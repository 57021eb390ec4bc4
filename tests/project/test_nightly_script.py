"""The nightly script of the README: what it keeps, and what it says, on good nights and bad."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
TARGET = f"""#!{sys.executable}
import json, sys
rows, state = [], None
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "STATE":
        state = message["value"]
    elif message["type"] == "RECORD":
        rows.append(message)
with open("rows.jsonl", "a") as file:
    file.writelines(json.dumps(row) + "\\n" for row in rows)
if state is not None:
    print(json.dumps(state))
"""
"""Tells the last state at the end, as target-jsonl does."""


def script() -> str:
    """Return the script as the README has it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [found] = re.findall(r"```bash\n(#!.*?)```", readme, re.DOTALL)
    return str(found)


class Nights:
    """A folder in which the script runs.

    Attributes:
        folder: The folder.
        environment: Of the script.
    """

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            f"{PREFIX}API_URL": sandbox.url,
            f"{PREFIX}API_TOKEN": sandbox.token,
            f"{PREFIX}REQUESTS_PER_SECOND": "10000",
        }
        (folder / "nightly.sh").write_text(script())
        self.run("tap-activecampaign-segments --config=ENV --discover > catalog.json")

    def run(self, command: str = "bash nightly.sh", **variables: str) -> tuple[int, str]:
        """Run a command, and return its exit code and what it said."""
        done = subprocess.run(  # noqa: S602
            command,
            shell=True,
            cwd=self.folder,
            env=self.environment | variables,
            stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    @property
    def state(self) -> Any:
        return json.loads((self.folder / "state.json").read_text())

    def baselines(self) -> list[bool]:
        """Tell whether each run was a baseline."""
        path = self.folder / "rows.jsonl"
        rows = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
        return [row["record"]["is_baseline"] for row in rows if row["stream"] == "match_all_runs"]


@pytest.fixture
def served() -> Iterator[Sandbox]:
    """A small segment, in real time."""
    account = Account()
    account.add_segment("some", range(1, 21))
    with Sandbox(account, requests_per_second=None) as sandbox:
        yield sandbox


@pytest.fixture
def nights(tmp_path: Path, served: Sandbox) -> Nights:
    nights = Nights(tmp_path, served)
    target = tmp_path / "target" / "bin" / "target-jsonl"
    target.parent.mkdir(parents=True)
    target.write_text(TARGET)
    target.chmod(0o755)
    return nights


def test_bad_nights_are_seen_and_cost_no_state(nights: Nights, served: Sandbox) -> None:
    refused = {f"{PREFIX}API_TOKEN": "wrong"}
    # The very first night is a bad one.
    assert nights.run(**refused)[0] == 1
    assert not (nights.folder / "state.json").exists()
    assert nights.run()[0] == 0
    state = nights.state
    exit_code, said = nights.run(**refused)
    assert exit_code == 1
    assert "answered 403" in said
    assert nights.state == state
    assert nights.run()[0] == 0
    assert nights.baselines() == [True, False]
    assert served.requests


def test_a_target_that_breaks_is_seen_and_costs_no_state(nights: Nights) -> None:
    assert nights.run()[0] == 0
    state = nights.state
    target = nights.folder / "target" / "bin" / "target-jsonl"
    for half in ("", 'printf \'{"a": {"b": 1}\\n\'\n', 'printf \'{"a": 1}\\n{"boo\'\n'):
        target.write_text(f"#!/bin/sh\nread line\n{half}exit 3\n")
        assert nights.run()[0] in {1, 3}
        if "boo" not in half:
            assert nights.state == state
        else:
            assert nights.state == {"a": 1}
            (nights.folder / "state.json").write_text(json.dumps(state))
    target.write_text(TARGET)
    assert nights.run()[0] == 0
    assert nights.baselines() == [True, False]
