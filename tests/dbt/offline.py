"""Build the dbt package for a warehouse that is not there, and check all statements.

    python -m tests.dbt.offline LOADER [PACKAGE]

It runs where dbt's adapters and sqlglot are installed, opens no connection, and prints JSON: the
statements of each build, and the faults that were found in them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner

from tests.dbt.catalogue import Catalogue
from tests.dbt.raw_tables import LOADERS
from tests.dbt.recording import Recorder, no_network, recorded
from tests.dbt.rules import Fault

PACKAGE = Path(__file__).parents[2] / "dbt"
DATABASE = "warehouse"
RAW = "tap_activecampaign_segments"
OUTPUTS: dict[str, dict[str, Any]] = {
    "snowflake": {"account": "none", "user": "none", "password": "none", "database": DATABASE},
    "bigquery": {"method": "oauth", "project": DATABASE},
    "redshift": {"host": "none", "user": "none", "password": "none", "port": 5439}
    | {"dbname": DATABASE},
}
BUILDS = {
    "full": (["build", "--full-refresh"], ["source", "freshness"]),
    "incremental": (["run"],),
}
"""Commands of dbt: the incremental build finds what the full one made."""
AT_A_DATE = "select * from ({{ activecampaign_segments.members_at('2026-11-01') }}) as members\n"


def write_project(folder: Path, package: Path, dialect: str) -> None:
    """Write a project that uses the package as a user's would."""
    output = {"type": dialect, "schema": "analytics", "threads": 1} | OUTPUTS[dialect]
    files = {
        "profiles.yml": {"offline": {"target": dialect, "outputs": {dialect: output}}},
        "packages.yml": {"packages": [{"local": str(package)}]},
        "dbt_project.yml": {"name": "offline", "version": "1.0.0", "profile": "offline"},
    }
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content), "utf-8")
    (folder / "models").mkdir()
    if any("macro members_at" in each.read_text("utf-8") for each in package.rglob("*.sql")):
        (folder / "models" / "members_at_a_date.sql").write_text(AT_A_DATE, "utf-8")


class Project:
    """A project in a folder, and dbt for it.

    Attributes:
        faults: What dbt failed at, since they were taken last.
    """

    def __init__(self, folder: Path) -> None:
        """Install the package and parse the project."""
        self.faults: list[Fault] = []
        self._options = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--quiet"]
        self._options += ["--no-send-anonymous-usage-stats", "--no-write-json"]
        self._options += ["--log-path", str(folder / "logs")]
        self.run("deps")
        self._manifest = self.run("parse")

    def run(self, *arguments: str) -> Any:
        """Run dbt and return its result."""
        manifest = getattr(self, "_manifest", None)
        with redirect_stdout(sys.stderr), no_network():
            reset_adapters()
            outcome = dbtRunner(manifest=manifest).invoke([*arguments, *self._options])
        if outcome.exception:
            self.faults.append(Fault("", "dbt", str(outcome.exception)))
        for result in getattr(outcome.result, "results", None) or ():
            if str(result.status) not in {"success", "pass", "skipped"}:
                text = f"{result.status}: {result.message}"
                self.faults.append(Fault(result.node.unique_id, "dbt", text))
        return outcome.result


def check(loader_name: str, package: Path) -> dict[str, Any]:
    """Return the statements of each build by node, and all faults."""
    loader = LOADERS[loader_name]
    catalogue = Catalogue(loader.dialect)
    catalogue.load(DATABASE, RAW, loader.tables())
    faults: list[Fault] = []
    statements: dict[str, dict[str, list[str]]] = {name: {} for name in BUILDS}
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), package, loader.dialect)
        project = Project(Path(folder))
        for name, commands in BUILDS.items():
            recorder = Recorder(catalogue)
            with recorded(loader.dialect, recorder):
                for command in commands:
                    project.run(*command)
            for statement in recorder.statements:
                statements[name].setdefault(statement.node, []).append(statement.sql)
            faults += recorder.faults
        faults += project.faults
    return {
        "statements": statements,
        "faults": [asdict(fault) for fault in dict.fromkeys(faults)],
    }


def main() -> None:
    """Check the package for a loader."""
    package = Path(sys.argv[2]) if len(sys.argv) > 2 else PACKAGE
    json.dump(check(sys.argv[1], package.resolve()), sys.stdout)


if __name__ == "__main__":
    main()
