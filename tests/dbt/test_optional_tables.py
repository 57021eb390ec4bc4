"""What is not loaded is empty, or has no models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dbt.databases import DuckDb, load_all
from tests.dbt.nights import quick_nights
from tests.dbt.project import DbtProject
from tests.dbt.session import DbtSession

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.databases import Database

STAGING = "stg_activecampaign_segments__"
OF_CONTACTS = {
    "audience_members",
    "audience_people",
    "audiences",
    "mailable_members",
    f"{STAGING}contacts",
    f"{STAGING}contact_subscriptions",
}
OF_PREFERENCES = {
    "mailable_members",
    f"{STAGING}profile_addresses",
    f"{STAGING}profile_consents",
    f"{STAGING}segment_group_exports",
    f"{STAGING}segment_group_profiles",
}
OF_RESULTS = {"ranked_members", f"{STAGING}match_all_results"}


def _load_changes_alone(database: Database) -> None:
    with quick_nights() as nights:
        nights.account.add_segment("some", range(1, 51))
        nights.streams = {"segments", "match_all_runs", "membership_changes"}
        nights.night()
        nights.account.segments[0].members = range(3, 52)
        nights.night()
    load_all(database, nights.loads)


def test_missing_tables_are_empty(database: Database, tmp_path: Path) -> None:
    _load_changes_alone(database)
    project = DbtProject(tmp_path / "project", database)
    said = project.dbt("build")
    for stream in ("contacts", "segment_group_profiles", "segment_definitions", "count_history"):
        assert f'{stream}" does not exist' in said
    assert len(project.rows("current_members")) == 49
    for model in ("audience_members", "mailable_members", "segment_sizes", "segment_lineage"):
        assert project.rows(model) == []
    assert project.failures() == set()


def test_what_is_not_used_has_no_models(tmp_path: Path) -> None:
    database = DuckDb(tmp_path)
    _load_changes_alone(database)
    project = DbtProject(tmp_path / "project", database)
    project.dbt("parse")
    everything = {*project.relations()}
    parts = {
        "contacts": OF_CONTACTS,
        "mypreferences": OF_PREFERENCES,
        "match_all_results": OF_RESULTS,
    }
    for part, models in parts.items():
        project.configure(**{f"using_{part}": False})
        project.dbt("parse")
        assert everything - {*project.relations()} == models
    project.configure(**{f"using_{part}": False for part in parts})
    said = project.dbt("run")
    assert everything - {*project.relations()} == set().union(*parts.values())
    assert 'contacts" does not exist' not in said


def test_tables_are_found_in_another_schema_under_other_names(
    database: Database, tmp_path: Path
) -> None:
    database.raw = "other"
    _load_changes_alone(database)
    database.execute("ALTER TABLE membership_changes RENAME TO log")
    project = DbtProject(
        tmp_path / "project",
        database,
        variables={"schema": "other", "membership_changes_identifier": "log"},
    )
    with DbtSession(project) as dbt:
        dbt.succeed("run", "--select", "+current_members")
    assert len(project.rows("current_members")) == 49


def test_a_required_table_that_is_missing_is_named(database: Database, tmp_path: Path) -> None:
    project = DbtProject(tmp_path / "project", database)
    exit_code, said = project.run("run")
    assert exit_code != 0
    assert "activecampaign_segments_schema" in said
    assert "Traceback" not in said
