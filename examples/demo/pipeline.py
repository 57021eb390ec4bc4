"""`meltano run` from the tap into DuckDB."""

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
    """`meltano run` failed; its message quotes the log."""


class Pipeline:
    """Pipeline from one account into one database.

    Attributes:
        command: The command line, for display.
        log: File with the output of Meltano.
    """

    def __init__(self, meltano: Path, database: Path, output: Path) -> None:
        """Configure the pipeline.

        Args:
            meltano: Path of the executable.
            database: Path of the DuckDB file.
            output: Folder for the state and the log.
        """
        self.command = shlex.join(("meltano", *ARGUMENTS))
        self.log = output / "meltano.log"
        self._line = [str(meltano), *ARGUMENTS]
        self._environment = {
            **os.environ,
            "MELTANO_ENVIRONMENT": "dev",
            # The contacts too, which the project leaves out.
            "TAP_ACTIVECAMPAIGN_SEGMENTS__SELECT": '["*.*", "!match_all_results.*"]',
            "TARGET_DUCKDB_PATH": str(database.absolute()),
            # Keeps the demo's state apart from the project's.
            "MELTANO_DATABASE_URI": f"sqlite:///{output.absolute()}/meltano.db",
        }

    def run(self) -> None:
        """Run the pipeline once.

        Raises:
            PipelineError: It failed.
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
