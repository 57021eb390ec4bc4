"""A contact that was erased as documented is in no table of the package after the next build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dbt.databases import load_all
from tests.dbt.nights import Nights, quick_nights
from tests.dbt.project import DbtProject
from tests.dbt.rows import assert_same
from tests.dbt.session import DbtSession
from tests.support.warehouse import statements

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.dbt.databases import Database

CONTACT = 11
OTHER = 12
HISTORY = "int_activecampaign_segments__membership_history"
TOTALS = "changes_add_up_to_totals"
"""Warns: the contact is still part of the totals of that time."""


def _leaves(nights: Nights) -> None:
    first, _ = nights.account.segments
    first.members = [each for each in first.members if each != CONTACT]


def _is_deleted(nights: Nights) -> None:
    nights.account.delete_contact(CONTACT)


@pytest.mark.parametrize("goes", [_leaves, _is_deleted])
def test_erased_contact_is_in_no_model(
    database: Database, tmp_path: Path, goes: Callable[[Nights], None]
) -> None:
    with quick_nights() as nights:
        first = nights.account.add_segment("first", range(20, 61))
        nights.account.add_segment("second", range(200, 241))
        nights.night()
        first.members = [CONTACT, OTHER, *range(20, 61)]
        nights.night()
        first.members = [CONTACT, OTHER, *range(21, 62)]
        nights.night()
        goes(nights)
        nights.night()
    load_all(database, nights.loads)
    project = DbtProject(tmp_path / "project", database)
    with DbtSession(project) as dbt:
        assert dbt.succeed("build") == set()
        assert _models_with(project, CONTACT) >= {"membership_intervals", HISTORY}
        before = _others(project)
        _erase(database)
        assert dbt.succeed("build") == {TOTALS}
    assert _models_with(project, CONTACT) == set()
    assert _models_with(project, OTHER) >= {"membership_intervals", "current_members", HISTORY}
    assert_same("intervals of the others", _others(project), before)
    fresh = DbtProject(tmp_path / "fresh", database, "fresh")
    with DbtSession(fresh) as dbt:
        dbt.succeed("run")
    for model in ("membership_intervals", "current_members", "daily_changes"):
        assert_same(model, project.rows(model), fresh.rows(model))


def _erase(database: Database) -> None:
    said = statements()["erase a contact"].replace("4711", str(CONTACT))
    for statement in said.split(";"):
        # Of tables that were not selected the statement is omitted.
        if statement.strip() and "match_all_results" not in statement:
            database.execute(statement)


def _models_with(project: DbtProject, contact_id: int) -> set[str]:
    """Return the models that have a contact, by its id or its address."""
    traces = {contact_id, str(contact_id), f"contact{contact_id}@example.com"}
    return {
        model
        for model in project.relations()
        if any(
            row.get(name) in traces
            for row in project.rows(model)
            for name in ("contact_id", "person_id", "email")
        )
    }


def _others(project: DbtProject) -> list[dict[str, object]]:
    rows = project.rows("membership_intervals")
    return [row for row in rows if row["contact_id"] != CONTACT]
