"""The full result of the latest run, without the rows that earlier ones left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dbt.databases import load_all
from tests.dbt.nights import quick_nights
from tests.dbt.project import DbtProject
from tests.dbt.session import DbtSession
from tests.support.sync import RUN_STREAMS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.databases import Database


def test_ranks_of_the_latest_result(database: Database, tmp_path: Path) -> None:
    with quick_nights() as nights:
        account = nights.account
        first = account.add_segment("first", range(1, 51))
        gone = account.add_segment("gone", range(1, 11))
        nights.streams = {"segments", *RUN_STREAMS}
        nights.night(sort="-id")
        first.members = range(4, 61)
        nights.night(sort="-id")
        account.remove(gone)
        nights.night(sort="-id")
    load_all(database, nights.loads)
    project = DbtProject(tmp_path / "project", database)
    with DbtSession(project) as dbt:
        dbt.succeed("run", "--select", "+ranked_members")
    found = {row["position"]: row["contact_id"] for row in project.rows("ranked_members")}
    assert found == dict(enumerate(range(60, 3, -1), start=1))
    assert len(project.rows("ranked_members")) == 57
