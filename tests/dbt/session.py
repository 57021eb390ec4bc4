"""dbt as one process for many commands: half of a command's time is its start."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from tests.dbt.project import DBT, environment

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tests.dbt.project import DbtProject

DRIVER = """
import json, os, sys
from dbt.adapters.factory import FACTORY
from dbt.cli.main import dbtRunner

replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
profile = ["--profiles-dir", "."]
manifest = dbtRunner().invoke(["--quiet", "parse", *profile]).result
runner = dbtRunner(manifest=manifest)
for line in sys.stdin:
    done = runner.invoke(["--quiet", "--no-use-colors", *json.loads(line), *profile])
    if "duckdb" in FACTORY.adapters:
        # Others may open the file in between.
        FACTORY.adapters["duckdb"].ConnectionManager.close_all_connections()
    told = [each for each in done.result or () if each.status in ("error", "fail", "warn")]
    failed = [each.node.name for each in told]
    print(json.dumps([bool(done.success), failed]), file=replies, flush=True)
"""
"""Runs by dbt's own Python. It parses the project once."""


class DbtSession:
    """Runs commands of a project that does not change.

    Example:
        >>> with DbtSession(project) as dbt:
        ...     dbt.succeed("build")
    """

    def __init__(self, project: DbtProject) -> None:
        """Use a project."""
        self._folder = project.folder
        self._log = project.folder / "session.log"

    def __enter__(self) -> Self:
        """Start dbt, and parse the project."""
        with self._log.open("w") as log:
            self._process: subprocess.Popen[str] = subprocess.Popen(
                [DBT.parent / "python", "-c", DRIVER],
                cwd=self._folder,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End dbt."""
        self._process.communicate()

    def run(self, *arguments: str) -> tuple[bool, set[str]]:
        """Run a command; return whether it succeeds, and the names of what failed or warned."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        reply = self._process.stdout.readline()
        assert reply, self._log.read_text()
        succeeds, failed = json.loads(reply)
        return succeeds, {*failed}

    def succeed(self, *arguments: str) -> set[str]:
        """Run a command, check that it succeeds, and return the names of what warned."""
        os.truncate(self._log, 0)
        succeeds, failed = self.run(*arguments)
        assert succeeds, f"{failed}\n{self._log.read_text()}"
        return failed
