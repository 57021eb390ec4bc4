"""Random histories with every fault of vendor, tap and target: dbt builds after each night."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tests.dbt.databases import RAW, DuckDb
from tests.dbt.project import DbtProject
from tests.dbt.rows import assert_same
from tests.dbt.session import DbtSession
from tests.dbt.timeline import whole_runs
from tests.support.activecampaign import serve_empty_account
from tests.support.histories import History

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clocks import SharedClock

    Row = dict[str, Any]

SEEDS = range(int(os.environ.get("DBT_HISTORIES", "2")))
FIRST = int(os.environ.get("DBT_HISTORIES_FROM", "0"))
NIGHTS = 8
NEEDED = {"segments", "match_all_runs", "membership_changes"}
CHECKED = ("membership_intervals", "current_members", "daily_changes", "segments_current")
SELECT = ["--select", *(f"+{name}" for name in CHECKED)]


class BuiltHistory(History):
    """A history whose tables dbt builds, incrementally, after each night."""

    def prepare(self, project: DbtProject, dbt: DbtSession, path: Path) -> None:
        """Use a project, and the file that it reads."""
        self._project, self._dbt, self._path = project, dbt, path
        self.builds = 0

    @override
    def check(self) -> None:
        super().check()
        if self.warehouse.streams >= NEEDED:
            self.warehouse.write(self._path, RAW)
            self._dbt.succeed("run", *SELECT)
            self.builds += 1
            self._compare()

    def _compare(self) -> None:
        intervals = self._project.rows("membership_intervals")
        for timeline in self._timelines().values():
            of_segment = [
                row for row in intervals if row["segment_id"] == timeline[0]["segment_id"]
            ]
            for run in timeline:
                at = run["run_id_end"]
                members = {
                    row["contact_id"]
                    for row in of_segment
                    if _text(row["valid_from"]) <= at
                    and (row["valid_to"] is None or _text(row["valid_to"]) > at)
                }
                assert members in self.found[run["run_id"]], (run, members)
        assert {row["segment_id"] for row in intervals} <= {*self._timelines()}

    def _timelines(self) -> dict[str, list[Row]]:
        rows = {
            (row["segment_id"], row["run_id"]): row for row in self.warehouse.rows("match_all_runs")
        }
        found: dict[str, list[Row]] = {}
        for key in whole_runs(rows, self.warehouse.rows("membership_changes")):
            found.setdefault(key[0], []).append(rows[key])
        return found

    def check_refresh(self) -> None:
        """Check that a full refresh changes nothing."""
        before = {name: self._project.rows(name) for name in CHECKED}
        self._dbt.succeed("run", "--full-refresh", *SELECT)
        for name, rows in before.items():
            assert_same(f"refreshed, {name}", self._project.rows(name), rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_history(seed: int, clock: SharedClock, tmp_path: Path) -> None:
    database = DuckDb(tmp_path)
    project = DbtProject(tmp_path / "project", database)
    with DbtSession(project) as dbt, serve_empty_account(clock) as sandbox:
        history = BuiltHistory(FIRST + seed, sandbox, clock)
        history.prepare(project, dbt, database.path)
        try:
            history.run(NIGHTS)
            if history.builds:
                history.check_refresh()
        except AssertionError as error:
            said = "\n".join(history.said)
            raise AssertionError(f"seed {FIRST + seed}: {error}\n{said}") from error


def _text(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"
