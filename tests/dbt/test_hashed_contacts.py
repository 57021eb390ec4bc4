"""Without addresses, digests serve as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dbt.databases import load_all
from tests.dbt.nights import quick_nights
from tests.dbt.project import DbtProject
from tests.dbt.rows import assert_same
from tests.dbt.session import DbtSession
from tests.dbt.truth import Truth

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.databases import Database

MODELS = ("audience_members", "audience_people", "audiences", "mailable_members")


def test_audiences_of_digests(database: Database, tmp_path: Path) -> None:
    permits = {"Channel": "Email", "Purpose": "Marketing", "Status": "OptIn"}
    with quick_nights() as nights:
        nights.account.add_segment("some", range(1, 41))
        nights.account.anonymize_contact(3)
        nights.account.update_contact(4, email=" Contact4@Example.com")
        nights.account.subscribe(5, list_id=1, status=2)
        profiles = [
            {
                "ProfileId": contact,
                "IsActive": True,
                "Emails": [{"Value": f" CONTACT{contact}@example.com"}],
                "Consents": [permits],
            }
            for contact in range(2, 100, 2)
        ]
        nights.preferences.add_group("consents", profiles)
        nights.night(contact_identifiers="hashed")
        truth = Truth.of(nights)
    load_all(database, nights.loads)
    project = DbtProject(tmp_path / "project", database)
    with DbtSession(project) as dbt:
        dbt.succeed("run", "--select", *(f"+{model}" for model in MODELS))
    assert all(row["email"] is None for row in project.rows("audience_members"))
    assert len(project.rows("mailable_members")) == 20
    for model in MODELS:
        assert_same(model, project.rows(model), truth.models[model])


def test_mailable_members_of_chosen_lists_and_groups(database: Database, tmp_path: Path) -> None:
    permits = {"Channel": "Email", "Purpose": "Marketing", "Status": "OptIn"}
    with quick_nights() as nights:
        nights.account.add_segment("some", range(1, 11))
        nights.account.subscribe(4, list_id=9, status=1)
        nights.account.subscribe(5, list_id=9, status=2)
        nights.account.subscribe(6, list_id=9, status=1)
        for name, contacts in (("It's ours", range(1, 6)), ("other", range(1, 11))):
            profiles = [
                {
                    "ProfileId": contact,
                    "IsActive": True,
                    "Emails": [{"Value": f"contact{contact}@example.com"}],
                    "Consents": [permits],
                }
                for contact in contacts
            ]
            nights.preferences.add_group(name, profiles)
        nights.night()
    load_all(database, nights.loads)
    project = DbtProject(
        tmp_path / "project",
        database,
        variables={"mailable_list_ids": ["9"], "mailable_segment_groups": ["It's ours"]},
    )
    with DbtSession(project) as dbt:
        dbt.succeed("run", "--select", *(f"+{model}" for model in MODELS))
    assert {row["contact_id"] for row in project.rows("mailable_members")} == {4}
