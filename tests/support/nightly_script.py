"""The nightly shell script of the docs, run in a folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.sync import ENV_PREFIX

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
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
"""A target that prints the last state at its end, as target-jsonl does."""


def script() -> str:
    """Return the documented script."""
    page = (ROOT / "docs" / "how-to" / "without-meltano.md").read_text(encoding="utf-8")
    [found] = re.findall(r"```bash\n(#!.*?)```", page, re.DOTALL)
    return str(found)


class NightlyScript:
    """A folder in which the script runs.

    Attributes:
        folder: The folder.
        environment: Of the script.
    """

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            f"{ENV_PREFIX}API_URL": sandbox.url,
            f"{ENV_PREFIX}API_TOKEN": sandbox.token,
            f"{ENV_PREFIX}REQUESTS_PER_SECOND": "10000",
        }
        (folder / "nightly.sh").write_text(script())
        self.run("tap-activecampaign-segments --config=ENV --discover > catalog.json")

    def run(self, command: str = "bash nightly.sh", **variables: str) -> tuple[int, str]:
        """Run a command, and return its exit code and output."""
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
        """Return whether each run was a baseline."""
        path = self.folder / "rows.jsonl"
        rows = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
        return [row["record"]["is_baseline"] for row in rows if row["stream"] == "match_all_runs"]
