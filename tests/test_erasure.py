"""Contacts and profiles that are erased from the target, and whether they come back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tests.activecampaign.match_all.test_compare import LOG, TABLE, night
from tests.activecampaign.match_all.test_unfinished_pairs import cut_in_the_difference
from tests.mypreferences.test_exports import PROFILES, export
from tests.support.sync import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.sandbox import Segment
    from tests.support.sync import SharedClock, Sync
    from tests.support.warehouse import Warehouse

DAY = 86_400.0
ERASED = 4711
"""The id in the README's statements."""
CONTACTS = ("match_all_results", "membership_changes", "memberships")
"""The streams with ids of contacts."""


@pytest.fixture
def preferences(clock: SharedClock) -> Iterator[Sandbox]:
    """MyPreferences without groups."""
    with Sandbox(
        Account(clock=clock), preferences=Preferences(seed=1), clock=clock, requests_per_second=None
    ) as served:
        yield served


def holding(house: Warehouse) -> set[str]:
    """The tables that hold the id that was to be erased."""
    return {
        stream
        for stream in CONTACTS
        if any(row["contact_id"] == ERASED for row in house.rows(stream))
    }


def words(synced: Sync) -> list[str]:
    """What the log says of the contact, in a sync."""
    rows = synced.records("membership_changes")
    return [row["change"] for row in rows if row["contact_id"] == ERASED]


def test_a_contact_that_was_deleted_and_erased_never_comes_back(
    account: Account, sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    other = account.add_segment("other", [ERASED, 7])
    segment.members = [*range(1, 201), ERASED]
    night(sandbox, house, streams=None)
    clock.advance(DAY)
    segment.members, other.members = range(1, 201), [7]
    assert words(night(sandbox, house, streams=None)) == ["left", "left"]
    assert holding(house) == {*CONTACTS}
    house.erase("erase a contact")
    assert holding(house) == set()
    truth = {segment.segment_id: {*range(1, 201)}, other.segment_id: {7}}
    assert house.members(LOG) == house.members(TABLE) == truth

    def assert_still_erased(**settings: Any) -> None:
        clock.advance(DAY)
        assert night(sandbox, house, streams=None, **settings).exit_code == 0
        assert holding(house) == set()

    segment.members = range(5, 205)
    assert_still_erased()
    segment.members = range(10, 210)
    killed = sync(sandbox, state=house.state)
    house.load(cut_in_the_difference(killed.messages, 3))
    assert house.state
    assert '"pair"' in json.dumps(house.state)
    assert_still_erased()
    assert_still_erased(rebaseline=["*"])
    account.expire_runs()
    assert_still_erased()
    house.state = None
    assert_still_erased()
    assert house.members(LOG)[segment.segment_id] == {*range(10, 210)}


def test_a_contact_erased_before_its_last_word_was_kept_is_said_to_have_left_again(
    sandbox: Sandbox, segment: Segment, house: Warehouse
) -> None:
    segment.members = [*range(1, 201), ERASED]
    night(sandbox, house, streams=None)
    segment.members = range(4, 201)
    killed = sync(sandbox, state=house.state)
    house.load(cut_in_the_difference(killed.messages, 3))
    house.erase("erase a contact")
    assert words(night(sandbox, house, streams=None)) == ["left"]
    house.erase("erase a contact")
    night(sandbox, house, streams=None)
    assert holding(house) == set()


def test_a_contact_erased_while_it_is_a_member_comes_back(
    sandbox: Sandbox, segment: Segment, house: Warehouse, clock: SharedClock
) -> None:
    segment.members = [*range(1, 201), ERASED]
    night(sandbox, house, streams=None)

    def holding_after(**settings: Any) -> set[str]:
        house.erase("erase a contact")
        assert holding(house) == set()
        clock.advance(DAY)
        segment.members = segment.members[1:]
        night(sandbox, house, **settings)
        return holding(house)

    assert holding_after() == set()
    assert holding_after(streams=None) == {"match_all_results"}
    assert holding_after(rebaseline=["some"]) == {"membership_changes", "memberships"}
    segment.members = range(50, 201)
    assert holding_after() == {"membership_changes", "memberships"}
    assert holding_after(streams=None) == set()


def test_neither_the_state_nor_the_log_holds_an_id_of_a_contact(
    account: Account, sandbox: Sandbox, house: Warehouse
) -> None:
    first = 7_000_000_000_000
    segment = account.add_segment("some", range(first, first + 300))
    settings: dict[str, Any] = {"streams": None, "page_size": 100}
    nights = [night(sandbox, house, **settings)]
    segment.members = range(first + 10, first + 310)
    for kind in ("duplicate", "missing_row", "text_id", "total_changes"):
        sandbox.faults.add(Fault(kind, operation="read", page=2))
    nights.append(night(sandbox, house, **settings))
    segment.members = range(first + 300, first + 400)
    nights.append(night(sandbox, house, **settings))
    sandbox.faults.add(Fault("duplicate", operation="read", page=2, times=None))
    segment.members = range(first + 20, first + 320)
    nights.append(night(sandbox, house, **settings))
    assert [each.exit_code for each in nights] == [0, 0, 1, 1]
    said = "".join(f"{each.log}{json.dumps(each.states)}" for each in nights)
    assert re.findall(r"7000000000\d{3}", said) == []


def test_a_profile_that_was_deleted_and_erased_never_comes_back(
    preferences: Sandbox, house: Warehouse
) -> None:
    group = preferences.preferences.add_group("Newsletter", 20)
    others = group.profiles
    group.profiles = [*others, {"ProfileId": ERASED, "CustomerName": {"First": "Ada"}}]

    def held() -> list[Any]:
        """What the table holds of the profile after another export."""
        house.load(export(preferences, house.state).messages)
        rows = house.rows(PROFILES)
        return [row["CustomerName"] for row in rows if row["ProfileId"] == ERASED]

    assert held() == [{"First": "Ada"}]
    house.erase("erase a profile")
    assert held() == [{"First": "Ada"}]
    group.profiles = others
    assert held() == [{"First": "Ada"}]
    house.erase("erase a profile")
    assert held() == held() == []
    assert len(house.rows(PROFILES)) == 20
