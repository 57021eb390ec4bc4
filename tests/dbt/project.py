"""A user's dbt project that installs the package."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.dbt.databases import Database

DBT = ROOT / ".venv" / "dbt" / "bin" / "dbt"
PACKAGE = "activecampaign_segments"
PATIENCE = 600
UNEVENTFUL = re.compile(r"\[(RUN|SKIP|PASS in .*|OK in .*|CREATE .*)\]|OK created")
"""Lines of dbt's log that explain no failure."""


class DbtProject:
    """A folder in which dbt runs.

    Attributes:
        folder: Of the project.
        schema: Of the models.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        schema: str = "analytics",
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a project, and install the package.

        Args:
            folder: A new one.
            database: What dbt reads and writes.
            schema: Of the models.
            variables: Of the package, without its prefix.
        """
        if not DBT.exists():
            pytest.fail("dbt is not installed: make dbt does it")
        self.folder = folder
        self.schema = schema
        self._database = database
        (folder / "models").mkdir(parents=True)
        # What `dbt deps` would do, without starting dbt; test_newcomer.py does that.
        (folder / "dbt_packages").mkdir()
        (folder / "dbt_packages" / PACKAGE).symlink_to(ROOT / "dbt")
        self._write(
            "profiles",
            {"user": {"target": "dev", "outputs": {"dev": database.profile(schema)}}},
        )
        self.configure(**(variables or {}))

    def configure(self, **variables: Any) -> None:
        """Set variables of the package, without its prefix, instead of earlier ones."""
        self._write(
            "dbt_project",
            {
                "name": "users",
                "version": "1.0.0",
                "profile": "user",
                "vars": {PACKAGE: {f"{PACKAGE}_{name}": each for name, each in variables.items()}},
            },
        )

    def add_model(self, name: str, sql: str) -> None:
        """Add a model of the user's own."""
        (self.folder / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")

    def build(self, *arguments: str) -> None:
        """Run all models and tests, and check that they succeed."""
        self.dbt("build", *arguments)

    def dbt(self, *arguments: str) -> str:
        """Run dbt, check that it succeeds, and return its output."""
        exit_code, said = self.run(*arguments)
        told = [line for line in said.splitlines() if not UNEVENTFUL.search(line)]
        assert exit_code == 0, "\n".join(told)
        return said

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run dbt, and return its exit code and output."""
        done = subprocess.run(
            [DBT, "--no-use-colors", *arguments, "--profiles-dir", self.folder],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout

    def failures(self) -> set[str]:
        """Return the names of what failed in the last command."""
        text = (self.folder / "target" / "run_results.json").read_text(encoding="utf-8")
        return {
            each["unique_id"].split(".")[2]
            for each in json.loads(text)["results"]
            if each["status"] in {"fail", "error", "warn"}
        }

    def relations(self) -> dict[str, str]:
        """Return the package's models as they are named in SQL, by name."""
        text = (self.folder / "target" / "manifest.json").read_text(encoding="utf-8")
        return {
            node["name"]: node["relation_name"]
            for node in json.loads(text)["nodes"].values()
            if node["resource_type"] == "model" and node["config"]["enabled"]
        }

    def rows(self, model: str) -> list[dict[str, Any]]:
        """Return the rows of a model."""
        return self._database.query(f"SELECT * FROM {self.relations()[model]}")

    def _write(self, name: str, content: Any) -> None:
        path = self.folder / f"{name}.yml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def environment() -> dict[str, str]:
    """Return environment variables without those that configure dbt or the database."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "PG"))}
    return {**kept, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
