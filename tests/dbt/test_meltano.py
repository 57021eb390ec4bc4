"""The repository's plugins: `meltano run tap target dbt:build`."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tests.e2e import postgres
from tests.e2e.loaders import DuckDb, Postgres
from tests.e2e.project import TAP, Project, variables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WITH_CONTACTS = {"_SELECT": '["*.*", "!match_all_results.*"]'}
MEMBERS = """
SELECT count(*) AS members, sum(CASE WHEN began_by = 'joined' THEN 1 ELSE 0 END) AS joined
FROM analytics_segments.current_members
"""
CHANGES = """
SELECT sum(joined_count) AS joined, sum(left_count) AS gone, max(total) AS total
FROM analytics_segments.daily_changes
"""
AUDIENCES = "SELECT name, size FROM analytics_segments.audiences"
AUDIENCE = "SELECT count(*) AS contacts FROM analytics.campaign_audience"
PASSWORD = "do-not-log-this"


class Warehouse:
    """A loader's database, where dbt makes its tables.

    Attributes:
        loader: Name of the loader.
        dbt: Name of the utility.
        variables: Settings of both.
    """

    def __init__(
        self,
        loader: str,
        dbt: str,
        variables: dict[str, str],
        query: Callable[[str], list[dict[str, Any]]],
    ) -> None:
        self.loader = loader
        self.dbt = dbt
        self.variables = variables
        self.query = query

    def one(self, query: str) -> dict[str, Any]:
        """Return the only row."""
        [row] = self.query(query)
        return row


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with dbt."""
    project = Project(tmp_path / "project")
    project.add_dbt()
    return project


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of its own."""
    with postgres.serving(postgres.provide()) as running_server:
        yield running_server


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, project: Project) -> Warehouse:
    """Both databases that the repository has plugins for."""
    if request.param == "duckdb":
        file = DuckDb(project).database

        def query(sql: str) -> list[dict[str, Any]]:
            with closing(duckdb.connect(str(file), read_only=True)) as connection:
                found = connection.execute(sql)
                names = [name for name, *_ in found.description or ()]
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        # The settings of the project file will do.
        return Warehouse("target-duckdb", "dbt-duckdb", {}, query)
    server: postgres.Server = request.getfixturevalue("postgres_server")
    loader = Postgres(project, server)
    variables = {
        "DBT_POSTGRES_HOST": "127.0.0.1",
        "DBT_POSTGRES_PORT": str(server.port),
        "DBT_POSTGRES_USER": server.user,
        "DBT_POSTGRES_PASSWORD": PASSWORD,
        "DBT_POSTGRES_DBNAME": server.database,
    }
    return Warehouse("target-postgres", "dbt-postgres", loader.variables | variables, server.query)


def test_one_command_syncs_and_makes_the_tables(project: Project, warehouse: Warehouse) -> None:
    account, preferences = Account(), Preferences(seed=1)
    segment = account.add_segment("VIP", range(1, 201))
    account.add_segment("Newsletter", range(101, 301))
    # The sandbox's profiles have the addresses of its contacts.
    preferences.add_group("Consents", 300)
    project.meltano("invoke", "--no-install", f"{warehouse.dbt}:deps")
    with Sandbox(account, requests_per_second=None, preferences=preferences) as sandbox:
        variables = variables_of(sandbox, more=WITH_CONTACTS) | warehouse.variables
        nightly = ("run", "--no-install", TAP, warehouse.loader, f"{warehouse.dbt}:build")
        project.meltano(*nightly, **variables)
        assert warehouse.one(MEMBERS) == {"members": 400, "joined": 0}
        segment.members = range(3, 206)
        said = project.meltano(*nightly, **variables)
    assert "Completed successfully" in said
    assert warehouse.one(MEMBERS) == {"members": 403, "joined": 5}
    assert warehouse.one(CHANGES) == {"joined": 5, "gone": 2, "total": 203}
    sizes = {row["name"]: row["size"] for row in warehouse.query(AUDIENCES)}
    assert sizes.keys() == {"VIP", "Newsletter"}
    mailable = warehouse.query("SELECT * FROM analytics_segments.mailable_members")
    assert 0 < len(mailable) < 403
    # Nobody was a member when the example's campaign was sent, which is before the first sync.
    assert warehouse.one(AUDIENCE) == {"contacts": 0}
    logs = [path.read_text() for path in (project.output / "dbt" / "logs").iterdir()]
    assert logs
    assert not [log for log in [said, *logs] if PASSWORD in log]


def test_dbt_does_not_run_after_a_sync_that_failed(project: Project) -> None:
    variables = {
        "TAP_ACTIVECAMPAIGN_SEGMENTS_API_URL": "http://127.0.0.1:1",
        "TAP_ACTIVECAMPAIGN_SEGMENTS_API_TOKEN": "x",
    }
    line = ("run", "--no-install", TAP, "target-duckdb", "dbt-duckdb:build")
    exit_code, said = project.start(*line, **variables).end()
    assert exit_code == 1
    assert "Running with dbt" not in said


def test_every_command_is_one_of_dbt(project: Project) -> None:
    account = Account()
    account.add_segment("some", range(1, 21))
    with Sandbox(account, requests_per_second=None) as sandbox:
        project.meltano("run", "--no-install", TAP, "target-duckdb", **variables_of(sandbox))
    few = ("--select", "+segments_current")
    for command in (
        ("deps",),
        ("debug",),
        ("run",),
        ("test", *few),
        ("full-refresh", *few),
        ("freshness",),
        ("docs",),
    ):
        name, *options = command
        project.meltano("invoke", "--no-install", f"dbt-duckdb:{name}", *options)
    assert (project.output / "dbt" / "target" / "catalog.json").exists()
