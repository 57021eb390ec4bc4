"""The path of the docs, from an empty project to a table: packages.yml, dbt deps, dbt build."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.e2e.project import ROOT, TAP, Project, variables_of

if TYPE_CHECKING:
    from pathlib import Path

DBT = ROOT / ".venv" / "dbt" / "bin" / "dbt"
PAGE = ROOT / "docs" / "how-to" / "dbt.md"
FILE = re.compile(r"^```\w+\n(?:#|--) ([\w/]+\.(?:yml|sql))\n(.+?)^```$", re.DOTALL | re.MULTILINE)
"""A code block that begins with the name of a file."""
TAG = "v1"
MEMBERS = {"VIP": range(1, 21), "Newsletter": range(1, 141), "Empty": ()}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What target-duckdb writes with the default selection: no contacts, no MyPreferences."""
    project = Project(tmp_path_factory.mktemp("loaded") / "project")
    account = Account()
    for name, members in MEMBERS.items():
        account.add_segment(name, members)
    with Sandbox(account, requests_per_second=None) as sandbox:
        project.meltano("run", "--no-install", TAP, "target-duckdb", **variables_of(sandbox))
    return project.output / "activecampaign.duckdb"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as on a Git host, with a tag."""
    clone = tmp_path_factory.mktemp("host") / "repository.git"
    git("clone", "--quiet", "--bare", str(ROOT), str(clone))
    git("--git-dir", str(clone), "tag", TAG)
    return clone


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory, repository: Path, loaded: Path) -> Path:
    """A folder with the files of the docs and nothing else, after `dbt deps` and `dbt build`."""
    folder = tmp_path_factory.mktemp("newcomer")
    values = {
        "REPOSITORY_URL": repository.as_uri(),
        "TAG": TAG,
        "output/activecampaign.duckdb": str(loaded),
    }
    for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        for word, value in values.items():
            text = text.replace(word, value)  # noqa: PLW2901
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    dbt(folder, "deps")
    dbt(folder, "build")
    return folder


def git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def dbt(folder: Path, *arguments: str, exit_code: int = 0) -> str:
    """Run dbt, check its exit code, and return its output."""
    if not DBT.exists():
        pytest.fail("dbt is not installed: make .venv/dbt/.ready does it")
    kept = {name: each for name, each in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run(
        [DBT, "--no-use-colors", *arguments],
        cwd=folder,
        env={**kept, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout
    return done.stdout


def select(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        return connection.execute(query).fetchall()


def test_package_is_installed_at_the_tag(newcomer: Path) -> None:
    installed = newcomer / "dbt_packages" / "activecampaign_segments"
    assert (installed / "dbt_project.yml").exists()
    [locked] = yaml.safe_load((newcomer / "package-lock.yml").read_text())["packages"]
    assert locked["subdirectory"] == "dbt"


def test_tables_have_rows_in_a_schema_of_their_own(newcomer: Path, loaded: Path) -> None:
    assert newcomer.exists()
    found = select(
        loaded,
        "SELECT name, total, count(contact_id) FROM analytics_segments.segments_current"
        " LEFT JOIN analytics_segments.current_members USING (segment_id) GROUP BY ALL",
    )
    assert sorted(found) == sorted(
        (name, len(members), len(members)) for name, members in MEMBERS.items()
    )
    # Only one segment is large enough to be compared.
    assert not select(loaded, "FROM analytics_segments.segment_overlap")
    # Nothing is known of addresses and consents.
    assert not select(loaded, "FROM analytics_segments.mailable_members")


def test_members_at_works_in_the_users_own_model(newcomer: Path, loaded: Path) -> None:
    assert newcomer.exists()
    [(today,)] = select(loaded, "SELECT max(day)::VARCHAR FROM analytics_segments.daily_changes")
    # Nothing is known of the time before the first sync.
    months = [month for month in ("2026-10-01", "2026-11-01", "2026-12-01") if month > str(today)]
    assert sorted(
        select(loaded, "SELECT month, members FROM analytics.members_by_month")
    ) == sorted(
        (month, len(members)) for month in months for members in MEMBERS.values() if members
    )


def test_evaluations_are_fresh(newcomer: Path) -> None:
    assert "PASS freshness of activecampaign_segments.match_all_runs" in dbt(
        newcomer, "source", "freshness"
    )


def test_every_column_is_described(newcomer: Path) -> None:
    dbt(newcomer, "docs", "generate")
    catalog, manifest = (
        json.loads((newcomer / "target" / f"{name}.json").read_text(encoding="utf-8"))["nodes"]
        for name in ("catalog", "manifest")
    )
    models = {name: each for name, each in catalog.items() if ".activecampaign_segments." in name}
    assert len(models) > 30
    for name, model in models.items():
        described = {
            column.lower()
            for column, each in manifest[name]["columns"].items()
            if each["description"]
        }
        assert {column.lower() for column in model["columns"]} == described, name
