"""Deployment of the example's project and of Dagster in a separate folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_activecampaign_segments.sandbox import Sandbox

EXAMPLE = Path(__file__).parent
PLUGINS = EXAMPLE / ".meltano"
VENV = EXAMPLE.parents[1] / ".venv"
MELTANO = VENV / "meltano" / "bin" / "meltano"
DAGSTER = VENV / "dagster" / "bin" / "dagster"
PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS__"
UNSET_PREFIXES = ("DAGSTER_", "MELTANO_", "TAP_", "TARGET_")


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        code: Exit code.
        output: Output of Dagster, Meltano, the tap and the target.
    """

    code: int
    output: str


class Deployment:
    """Project with tables and states of its own.

    Attributes:
        schedules: Output of `dagster schedule list`.
    """

    def __init__(self, folder: Path, accounts: Mapping[str, Sandbox]) -> None:
        """Copy the example, whose plugins must be installed.

        Args:
            folder: Folder of the deployment.
            accounts: Sandboxes by their names in the project file.
        """
        self._output = folder / "output"
        self._output.mkdir(parents=True)
        (folder / ".meltano").mkdir()
        for name in ("definitions.py", "dagster.yaml", "meltano.yml"):
            shutil.copy(EXAMPLE / name, folder)
        for kind in ("extractors", "loaders"):
            # Runs only read the plugins' environments.
            (folder / ".meltano" / kind).symlink_to(PLUGINS / kind)
        self._folder = folder
        self._environment = {
            **{
                name: text
                for name, text in os.environ.items()
                if not name.startswith(UNSET_PREFIXES)
            },
            "DAGSTER_HOME": str(folder),
            "MELTANO_AUTO_INSTALL": "false",
            "MELTANO_BIN": str(MELTANO),
        }
        for name, sandbox in accounts.items():
            self._environment[f"{PREFIX}{name.upper()}_API_URL"] = sandbox.url
            self._environment[f"{PREFIX}{name.upper()}_API_TOKEN"] = sandbox.token
        # Creates Dagster's database; two concurrent runs would both try to, and one would fail.
        [listing] = self._dagster(["schedule", "list"])
        self.schedules = listing.output

    @property
    def states(self) -> list[str]:
        """Ids of the states in the backend."""
        return sorted(path.parent.name for path in self._output.glob("state/*/state.json"))

    def database(self, account: str) -> Path:
        """Return the path of an account's database."""
        return self._output / f"activecampaign_{account}.duckdb"

    def run(self, *accounts: str) -> list[Run]:
        """Run the jobs of some accounts concurrently and wait for them."""
        return self._dagster(*(["job", "execute", "-j", f"{each}_nightly"] for each in accounts))

    def _dagster(self, *commands: list[str]) -> list[Run]:
        logs = [self._output / f"{number}.log" for number in range(len(commands))]
        with ExitStack() as stack:
            processes = [
                stack.enter_context(
                    subprocess.Popen(  # noqa: S603 (the project's own)
                        [DAGSTER, *command, "-f", "definitions.py"],
                        cwd=self._folder,
                        env=self._environment,
                        stdin=subprocess.DEVNULL,
                        stdout=stack.enter_context(log.open("wb")),
                        stderr=subprocess.STDOUT,
                    )
                )
                for command, log in zip(commands, logs, strict=True)
            ]
        return [
            Run(process.returncode, log.read_text(encoding="utf-8", errors="replace"))
            for process, log in zip(processes, logs, strict=True)
        ]
