"""`meltano run` from the tap into DuckDB, and of dbt."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SYNC = ("tap-activecampaign-segments", "target-duckdb")
MODELS = ("dbt-duckdb:deps", "dbt-duckdb:build")
SHOWN_LINES = 20


class PipelineError(Exception):
    """`meltano run` failed; its message quotes the log."""


class Pipeline:
    """Pipeline from one account into one database.

    Attributes:
        log: File with the output of Meltano.
    """

    def __init__(self, meltano: Path, database: Path, output: Path) -> None:
        """Configure the pipeline.

        Args:
            meltano: Path of the executable.
            database: Path of the DuckDB file.
            output: Folder for the state and the log.
        """
        self.log = output / "meltano.log"
        self._meltano = meltano
        self._environment = {
            **os.environ,
            "MELTANO_ENVIRONMENT": "dev",
            # The contacts too, which the project leaves out.
            "TAP_ACTIVECAMPAIGN_SEGMENTS__SELECT": '["*.*", "!match_all_results.*"]',
            "TARGET_DUCKDB_PATH": str(database.absolute()),
            "DBT_DUCKDB_PATH": str(database.absolute()),
            # Keeps the demo's state apart from the project's.
            "MELTANO_DATABASE_URI": f"sqlite:///{output.absolute()}/meltano.db",
        }

    def run(self, blocks: Sequence[str]) -> None:
        """Run a part of the pipeline once.

        Args:
            blocks: `SYNC`, or `MODELS` after it.

        Raises:
            PipelineError: It failed.
        """
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603 (the user's own Meltano)
                [str(self._meltano), "run", *blocks],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            # dbt's own errors are not Meltano's.
            errors = [line for line in lines if "[error" in line or " ERROR " in line] or lines
            shown = "\n".join(errors[-SHOWN_LINES:])
            raise PipelineError(f"{shown}\n\n{command(blocks)} failed, see {self.log}")


def command(blocks: Sequence[str]) -> str:
    """Return the command line of a part, for display."""
    return shlex.join(("meltano", "run", *blocks))
