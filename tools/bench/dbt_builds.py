"""dbt: builds of the package, from scratch and after one more night."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tools.bench.figures import Figure, short
from tools.bench.syncs import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv" / "dbt" / "bin"
EXAMPLE = ROOT / "examples" / "dbt"
PACKAGE = "activecampaign_segments"
HISTORY = f"int_{PACKAGE}__membership_history"
INCREMENTAL = (f"int_{PACKAGE}__counted_runs", HISTORY)
NIGHTS = 90


def measure(*, quick: bool) -> list[Figure]:
    """Compare a full refresh with an incremental build of one night."""
    members = 50_000 if quick else 1_000_000
    with TemporaryDirectory() as folder:
        project = _Project(Path(folder))
        changes = members // 200
        project.load(members, changes, 0, NIGHTS - 1)
        project.dbt("run", "--full-refresh")
        project.load(members, changes, NIGHTS - 1, 1)
        # The model's SELECT, once all models that it reads are up to date.
        project.dbt("run", "--select", f"+{HISTORY}", "--exclude", HISTORY)
        read = project.count_rows_read(HISTORY)
        incremental = project.dbt("run")
        full = project.dbt("run", "--full-refresh")
        read_in_full = project.count_rows_read(HISTORY, "--full-refresh")
    return [
        Figure(
            f"time of dbt's incremental models, {short(members)} members and {NIGHTS} nights, full "
            "refresh ÷ one night",
            _seconds(full, INCREMENTAL) / _seconds(incremental, INCREMENTAL),
            f"{_seconds(full, INCREMENTAL):.1f} s ÷ {_seconds(incremental, INCREMENTAL):.1f} s; "
            f"all models {_seconds(full):.1f} s ÷ {_seconds(incremental):.1f} s",
            at_least=2,
            is_ratio=True,
            raw={"full": full, "incremental": incremental},
        ),
        Figure(
            "rows that the history of memberships reads for one night",
            None,
            ", ".join(f"{short(rows)} of {_short_name(name)}" for name, rows in read.items())
            + f"; a full refresh reads {short(sum(read_in_full.values()))}",
            raw={"incremental": read, "full": read_in_full},
        ),
    ]


class _Project:
    """The example project, with a database file of its own."""

    def __init__(self, folder: Path) -> None:
        if not (BIN / "dbt").exists():
            raise SyncError("dbt is not installed: make .venv/dbt/.ready does it")
        self._folder = folder / "project"
        self._database = folder / "activecampaign.duckdb"
        shutil.copytree(EXAMPLE, self._folder, ignore=shutil.ignore_patterns("target", "dbt_*s"))
        packages = self._folder / "packages.yml"
        packages.write_text(f"packages:\n- local: {ROOT / 'dbt'}\n", encoding="utf-8")
        self._run(BIN / "dbt", "deps")

    def load(self, members: int, changes: int, first: int, nights: int) -> None:
        """Add nights to the raw tables."""
        numbers = [str(each) for each in (members, changes, first, nights)]
        self._python(str(self._database), *numbers)

    def dbt(self, *arguments: str) -> dict[str, float]:
        """Run dbt, and return the seconds by model."""
        self._run(BIN / "dbt", *arguments)
        results = json.loads((self._folder / "target" / "run_results.json").read_text("utf-8"))
        return {
            each["unique_id"].rpartition(".")[2]: each["execution_time"]
            for each in results["results"]
        }

    def count_rows_read(self, model: str, *arguments: str) -> dict[str, int]:
        """Return the rows that a model's SELECT reads, by table, most first."""
        self._run(BIN / "dbt", "compile", "--select", model, *arguments)
        [path] = (self._folder / "target" / "compiled").rglob(f"{model}.sql")
        found: dict[str, int] = json.loads(self._python(str(self._database), str(path)))
        return dict(sorted(found.items(), key=lambda each: -each[1]))

    def _python(self, *arguments: str) -> str:
        return self._run(BIN / "python", "-m", "tools.bench.raw_history", *arguments, cwd=ROOT)

    def _run(self, program: Path, *arguments: str, cwd: Path | None = None) -> str:
        done = subprocess.run(  # noqa: S603 (the project's own programs)
            [str(program), *arguments],
            cwd=cwd or self._folder,
            env={**os.environ, "DBT_DUCKDB_PATH": str(self._database)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SyncError(f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout


def _seconds(times: dict[str, float], models: Iterable[str] | None = None) -> float:
    return sum(times[name] for name in models or times)


def _short_name(table: str) -> str:
    return table.rpartition("__")[2]
