"""The pipeline: `meltano run` from the tap into DuckDB."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ARGUMENTS = ("run", "tap-activecampaign-segments", "target-duckdb")
SHOWN_LINES = 20


class PipelineError(Exception):
    """A run failed."""


class Pipeline:
    """Runs from one account into one database.

    Attributes:
        command: What is run, as one would type it.
        log: The file that takes all that Meltano says.
    """

    def __init__(self, meltano: Path, database: Path, output: Path) -> None:
        """Prepare the runs.

        Args:
            meltano: The executable.
            database: The file of the tables.
            output: Folder for the state of the syncs and for the log.
        """
        self.command = shlex.join(("meltano", *ARGUMENTS))
        self.log = output / "meltano.log"
        self._line = [str(meltano), *ARGUMENTS]
        self._environment = {
            **os.environ,
            "MELTANO_ENVIRONMENT": "dev",
            "TARGET_DUCKDB_PATH": str(database.absolute()),
            # A state of its own, so that a demo neither finds nor leaves one in the project.
            "MELTANO_DATABASE_URI": f"sqlite:///{output.absolute()}/meltano.db",
        }

    def run(self) -> None:
        """Sync once.

        Raises:
            PipelineError: What the log says of it.
        """
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603 (the user's own Meltano)
                self._line,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            errors = [line for line in lines if "[error" in line] or lines
            shown = "\n".join(errors[-SHOWN_LINES:])
            raise PipelineError(f"{shown}\n\n{self.command} failed, see {self.log}")
