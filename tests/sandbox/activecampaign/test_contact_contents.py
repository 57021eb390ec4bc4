"""What contacts and their subscriptions show, and what changes it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox.activecampaign.contacts import (
    build_contact,
    build_subscription,
)
from tests.sandbox.client import NOW

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment
    from tests.sandbox.client import SegmentsClient

LATER = "2025-06-15T10:08:20-05:00"
"""A hundred seconds after `NOW`."""


def read(api: SegmentsClient, contact: int) -> dict[str, Any]:
    [found] = api.get(f"contacts?ids={contact}").json()["contacts"]
    assert isinstance(found, dict)
    return found


def lists(api: SegmentsClient, contact: int) -> list[dict[str, Any]]:
    rows = api.get(f"contacts?ids={contact}&include=contactLists").json()["contactLists"]
    assert isinstance(rows, list)
    return rows


@pytest.fixture(autouse=True)
def segment(api: SegmentsClient) -> Segment:
    return api.account.add_segment("VIP", range(1, 20_000))


def test_a_plain_contact(api: SegmentsClient) -> None:
    found = read(api, 5)
    assert found == build_contact(5)
    assert (
        found.items()
        >= {
            "id": "5",
            "email": "contact5@example.com",
            "phone": "",
            "firstName": "First5",
            "lastName": "Last5",
            "deleted": "0",
            "deleted_at": "0000-00-00 00:00:00",
            "anonymized": "0",
            "bounced_hard": "0",
            "bounced_soft": "0",
        }.items()
    )
    assert lists(api, 5) == [build_subscription(5)]
    assert build_subscription(5).items() >= {"contact": "5", "list": "1", "status": "1"}.items()


def test_every_third_has_a_phone(api: SegmentsClient) -> None:
    assert [read(api, each)["phone"] for each in (5, 6)] == ["", "+15550000006"]


def test_dates_have_the_accounts_offset(api: SegmentsClient) -> None:
    rows = api.get("contacts?limit=100").json()["contacts"]
    for row in rows:
        if row["udate"] != "0000-00-00":
            assert datetime.fromisoformat(row["cdate"]) < datetime.fromisoformat(row["udate"])
        assert row["created_utc_timestamp"] == row["cdate"][:19].replace("T", " ")
    assert {row["cdate"][-6:] for row in rows} == {"-05:00", "-06:00"}


@pytest.mark.parametrize(
    ("contact", "field", "value"),
    [
        (97 + 11, "udate", "0000-00-00"),
        (97 + 23, "email", "  Contact120@Example.com "),
        (97 + 37, "deleted_at", None),
        (97 + 59, "bounced_hard", "1"),
        (71, "bounced_soft", "2"),
        (83, "firstName", ""),
    ],
)
def test_odd_values_of_some(api: SegmentsClient, contact: int, field: str, value: object) -> None:
    assert read(api, contact)[field] == value


def test_contacts_up_to_49_are_plain(api: SegmentsClient) -> None:
    answer = api.get("contacts?limit=49&include=contactLists").json()
    assert [row["email"] for row in answer["contacts"]] == [
        f"contact{each}@example.com" for each in range(1, 50)
    ]
    assert all(row["udate"] > "2020" and row["deleted_at"] for row in answer["contacts"])
    assert all(row["udate"] == row["sdate"] for row in answer["contactLists"])
    shown = [(row["contact"], row["list"], row["status"]) for row in answer["contactLists"]]
    assert shown == [(str(each), "1", "1") for each in range(1, 50)]


def test_lists_of_some(api: SegmentsClient) -> None:
    assert lists(api, 53) == []
    assert [row["list"] for row in lists(api, 7 * 13)] == ["1", "2", "3"]
    assert [lists(api, each)[0]["status"] for each in (68, 69, 70, 71)] == ["2", "0", "3", "1"]
    assert lists(api, 156)[0]["status"] == "3"
    assert lists(api, 58)[0]["udate"] == "0000-00-00 00:00:00"


@pytest.mark.parametrize(("query", "has_lists"), [("", False), ("x", False), ("x,contactLists", 1)])
def test_unknown_includes_are_ignored(api: SegmentsClient, query: str, *, has_lists: bool) -> None:
    assert ("contactLists" in api.get(f"contacts?include={query}").json()) == has_lists


class TestChanges:
    def test_update_changes_fields_and_udate(self, api: SegmentsClient) -> None:
        before = read(api, 5)
        api.account.update_contact(5, at=NOW + 100, email="five@example.com", bounced_hard="1")
        changed = {"email": "five@example.com", "bounced_hard": "1", "udate": LATER}
        assert read(api, 5) == before | changed | {"updated_utc_timestamp": "2025-06-15 10:08:20"}

    def test_unknown_fields_are_refused(self, api: SegmentsClient) -> None:
        with pytest.raises(ValueError, match="no first_name"):
            api.account.update_contact(5, first_name="Five")

    def test_anonymized_contacts_do_not_show_the_person(self, api: SegmentsClient) -> None:
        api.account.update_contact(6, email="six@example.com", firstName="Six", lastName="Sixth")
        api.account.anonymize_contact(6, at=NOW + 100)
        found = read(api, 6)
        assert (found["anonymized"], found["udate"], found["phone"]) == ("1", LATER, "")
        assert "six" not in str(found).lower()
        assert found["email"].endswith("@example.com")

    def test_contacts_marked_as_deleted_still_come(
        self, api: SegmentsClient, segment: Segment
    ) -> None:
        api.account.mark_contact_deleted(5, at=NOW + 100)
        found = read(api, 5)
        assert (found["deleted"], found["deleted_at"]) == ("1", "2025-06-15 10:08:20")
        assert 5 in api.run(segment)["matches"]

    def test_subscribe_sets_the_status_on_a_list(self, api: SegmentsClient) -> None:
        [before] = lists(api, 5)
        api.account.subscribe(5, 1, 2, at=NOW + 100)
        api.account.subscribe(5, 4, 0, at=NOW + 100)
        new = {"contact": "5", "list": "4", "status": "0", "sdate": LATER, "udate": LATER}
        assert lists(api, 5) == [before | {"status": "2", "udate": LATER}, new]
        assert read(api, 5)["udate"] == LATER
        with pytest.raises(ValueError, match="status"):
            api.account.subscribe(5, 1, 4)

    def test_changes_happen_now_by_default(self, api: SegmentsClient) -> None:
        api.account.update_contact(5)
        assert read(api, 5)["udate"] == "2025-06-15T10:06:40-05:00"
