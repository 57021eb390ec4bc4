"""A Meltano project like the checked-in one, with its own output and state."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_activecampaign_segments.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
MELTANO = ROOT / ".venv" / "meltano" / "bin" / "meltano"
PLUGINS = ROOT / ".meltano"
TAP = "tap-activecampaign-segments"
ALL_STREAMS = {"_SELECT": '["*.*"]'}
"""A plugin extra: selects all streams."""


class Project:
    """A folder in which Meltano runs.

    Attributes:
        folder: Of the project.
        output: Of the loaders that write files.
    """

    def __init__(self, folder: Path, *, extractors: str = "", loaders: str = "") -> None:
        """Make a project.

        Args:
            folder: A new one, or an empty one.
            extractors: YAML of more of them, as items of the list.
            loaders: Likewise.
        """
        if not (MELTANO.exists() and (PLUGINS / ".ready").exists()):
            pytest.fail("Meltano and the plugins are not installed: make .meltano/.ready does it")
        self.folder = folder
        self.output = folder / "output"
        self.output.mkdir(parents=True)
        self.file = folder / "meltano.yml"
        text = (ROOT / "meltano.yml").read_text(encoding="utf-8")
        before, heading, after = text.partition("  loaders:\n")
        self.file.write_text(f"{before}{extractors}{heading}{loaders}{after}", encoding="utf-8")
        for kind in ("extractors", "loaders", "utilities"):
            # The plugins' environments are shared: nothing may install (--no-install).
            (folder / ".meltano").mkdir(exist_ok=True)
            (folder / ".meltano" / kind).symlink_to(PLUGINS / kind)

    def add_dbt(self) -> None:
        """Add the example of a dbt project, and the package that it names."""
        made = shutil.ignore_patterns("dbt_packages", "logs", "package-lock.yml", "target")
        shutil.copytree(ROOT / "examples" / "dbt", self.folder / "examples" / "dbt", ignore=made)
        (self.folder / "dbt").symlink_to(ROOT / "dbt")

    def configure_tap(self, **settings: Any) -> None:
        """Set settings of the tap in the project file.

        Args:
            settings: JSON values; declared or not.
        """
        lines = "".join(f"      {name}: {json.dumps(value)}\n" for name, value in settings.items())
        text = self.file.read_text(encoding="utf-8")
        before, select, after = text.partition("    select:\n")
        self.file.write_text(f"{before}    config:\n{lines}{select}{after}", encoding="utf-8")

    def start(self, *arguments: str, **variables: str) -> Command:
        """Start Meltano.

        Args:
            arguments: Of the command.
            variables: Of its environment.
        """
        return Command(
            subprocess.Popen(
                [MELTANO, *arguments],
                cwd=self.folder,
                env=_environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )

    def meltano(self, *arguments: str, **variables: str) -> str:
        """Run Meltano, check that it succeeds, and return its output."""
        exit_code, said = self.start(*arguments, **variables).end()
        assert exit_code == 0, said
        return said

    def stdout(self, *arguments: str, **variables: str) -> bytes:
        """Run Meltano, check that it succeeds, and return its standard output alone."""
        done = subprocess.run(
            [MELTANO, *arguments],
            cwd=self.folder,
            env=_environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def state(self, state_id: str, **variables: str) -> dict[str, Any]:
        """Return a state that Meltano keeps."""
        said = self.meltano("state", "get", state_id, **variables)
        [line] = [line for line in said.splitlines() if line.startswith("{")]
        return json.loads(line)["singer_state"]  # type: ignore[no-any-return]


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with other settings for plugins."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "TAP_", "TARGET_", "MELTANO_", "PG"))
    }
    return {**kept, **variables}


class Command:
    """A running Meltano command."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Wrap a process."""
        self._process = process

    def end(self) -> tuple[int, str]:
        """Wait for the end, and return the exit code and the output."""
        with self._process as process:
            said, _ = process.communicate()
        return process.returncode, said


def variables_of(
    sandbox: Sandbox, tap: str = TAP, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return a tap's settings as environment variables.

    Args:
        sandbox: Both accounts.
        tap: The plugin's name.
        more: Further settings by the end of their variable's name.
    """
    preferences = sandbox.preferences
    settings = {
        "API_URL": sandbox.url,
        "API_TOKEN": sandbox.token,
        # A decimal: Meltano cannot pass on every one.
        "REQUESTS_PER_SECOND": "200.5",
        **(more or {}),
    }
    if preferences.groups:
        settings |= {
            "MYPREFERENCES_API_URL": sandbox.mypreferences_url,
            "MYPREFERENCES_CLIENT_ID": preferences.client_id,
            "MYPREFERENCES_USER_ID": preferences.user_id,
            "MYPREFERENCES_SHARED_SECRET": preferences.shared_secret,
            "MYPREFERENCES_SEGMENT_GROUPS": json.dumps([each.name for each in preferences.groups]),
        }
    prefix = tap.upper().replace("-", "_")
    return {f"{prefix}_{name}": value for name, value in settings.items()}
