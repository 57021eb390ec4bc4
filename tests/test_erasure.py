"""Erasure: whether contacts and profiles erased from the target come back."""

from __future__ import annotations

import json
import re
from typing import Any

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.clocks import DAY, SharedClock
from tests.support.mypreferences import PROFILES, export
from tests.support.nightly import cut_in_difference, nightly_sync
from tests.support.sync import Sync, sync
from tests.support.warehouse import LOG, TABLE, Warehouse

ERASED = 4711
"""The id in the documented statements."""


def erased_contact_changes(synced: Sync) -> list[str]:
    """The contact's changes in a sync."""
    rows = synced.records("membership_changes")
    return [row["change"] for row in rows if row["contact_id"] == ERASED]


CONTACTS = ("match_all_results", "membership_changes", "memberships", "contacts")
"""The streams with contact ids."""


def tables_with_erased_id(warehouse: Warehouse) -> set[str]:
    """The tables that contain the erased id."""
    return {
        stream
        for stream in CONTACTS
        if any(row["contact_id"] == ERASED for row in warehouse.rows(stream))
    }


def test_deleted_and_erased_contact_never_comes_back(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    other = account.add_segment("other", [ERASED, 7])
    segment.members = [*range(1, 201), ERASED]
    nightly_sync(sandbox, warehouse, streams=None)
    clock.advance(DAY)
    segment.members, other.members = range(1, 201), [7]
    assert erased_contact_changes(nightly_sync(sandbox, warehouse, streams=None)) == [
        "left",
        "left",
    ]
    assert tables_with_erased_id(warehouse) == {*CONTACTS}
    warehouse.erase("erase a contact")
    assert tables_with_erased_id(warehouse) == set()
    truth = {segment.segment_id: {*range(1, 201)}, other.segment_id: {7}}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == truth

    def assert_still_erased(**settings: Any) -> None:
        clock.advance(DAY)
        assert nightly_sync(sandbox, warehouse, streams=None, **settings).exit_code == 0
        assert tables_with_erased_id(warehouse) == set()

    segment.members = range(5, 205)
    assert_still_erased()
    segment.members = range(10, 210)
    killed = sync(sandbox, state=warehouse.state)
    warehouse.load(cut_in_difference(killed.messages, 3))
    assert warehouse.state
    assert '"pair"' in json.dumps(warehouse.state)
    assert_still_erased()
    assert_still_erased(rebaseline=["*"])
    account.expire_runs()
    assert_still_erased()
    warehouse.state = None
    assert_still_erased()
    assert warehouse.members(LOG)[segment.segment_id] == {*range(10, 210)}


def test_contact_erased_before_its_last_commit_leaves_again(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    segment.members = [*range(1, 201), ERASED]
    nightly_sync(sandbox, warehouse, streams=None)
    segment.members = range(4, 201)
    killed = sync(sandbox, state=warehouse.state)
    warehouse.load(cut_in_difference(killed.messages, 3))
    warehouse.erase("erase a contact")
    assert erased_contact_changes(nightly_sync(sandbox, warehouse, streams=None)) == ["left"]
    warehouse.erase("erase a contact")
    nightly_sync(sandbox, warehouse, streams=None)
    assert tables_with_erased_id(warehouse) == set()


def test_erased_contact_that_is_still_a_member_comes_back(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment.members = [*range(1, 201), ERASED]
    nightly_sync(sandbox, warehouse, streams=None)

    def holding_after(**settings: Any) -> set[str]:
        warehouse.erase("erase a contact")
        assert tables_with_erased_id(warehouse) == set()
        clock.advance(DAY)
        segment.members = segment.members[1:]
        nightly_sync(sandbox, warehouse, **settings)
        return tables_with_erased_id(warehouse)

    assert holding_after() == set()
    # Contacts were left out for a night: all members are looked up.
    assert holding_after(streams=None) == {"match_all_results", "contacts"}
    assert holding_after(streams=None) == {"match_all_results"}
    assert holding_after(rebaseline=["some"]) == {"membership_changes", "memberships"}
    segment.members = range(50, 201)
    assert holding_after() == {"membership_changes", "memberships"}
    assert holding_after(streams=None) == set()


def test_contacts_of_no_segment_can_be_deleted(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    other = account.add_segment("other", [ERASED, 7])
    nightly_sync(sandbox, warehouse, streams=None)
    segment.members, other.members = range(4, 201), [7, 300]
    nightly_sync(sandbox, warehouse, streams=None)
    warehouse.erase("delete contacts that are in no segment")
    left = {row["contact_id"] for row in warehouse.rows("contacts")}
    assert left == {*range(4, 201), 300}
    nightly_sync(sandbox, warehouse, streams=None)
    assert {row["contact_id"] for row in warehouse.rows("contacts")} == left


def test_state_and_log_hold_no_contact_id(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    first = 7_000_000_000_000
    segment = account.add_segment("some", range(first, first + 300))
    settings: dict[str, Any] = {"streams": None, "page_size": 100}
    nights = [nightly_sync(sandbox, warehouse, **settings)]
    segment.members = range(first + 10, first + 310)
    for kind in ("duplicate", "missing_row", "text_id", "total_changes"):
        sandbox.faults.add(Fault(kind, operation="read", page=2))
    nights.append(nightly_sync(sandbox, warehouse, **settings))
    segment.members = range(first + 300, first + 400)
    nights.append(nightly_sync(sandbox, warehouse, **settings))
    sandbox.faults.add(Fault("duplicate", operation="read", page=2, times=None))
    segment.members = range(first + 20, first + 320)
    nights.append(nightly_sync(sandbox, warehouse, **settings))
    assert [each.exit_code for each in nights] == [0, 0, 1, 1]
    said = "".join(f"{each.log}{json.dumps(each.states)}" for each in nights)
    assert re.findall(r"7000000000\d{3}", said) == []


def test_deleted_and_erased_profile_never_comes_back(
    mypreferences: Sandbox, warehouse: Warehouse
) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 20)
    others = group.profiles
    group.profiles = [*others, {"ProfileId": ERASED, "CustomerName": {"First": "Ada"}}]

    def held() -> list[Any]:
        """The profile's rows after another export."""
        warehouse.load(export(mypreferences, warehouse.state).messages)
        rows = warehouse.rows(PROFILES)
        return [row["CustomerName"] for row in rows if row["ProfileId"] == ERASED]

    assert held() == [{"First": "Ada"}]
    warehouse.erase("erase a profile")
    assert held() == [{"First": "Ada"}]
    group.profiles = others
    assert held() == [{"First": "Ada"}]
    warehouse.erase("erase a profile")
    assert held() == held() == []
    assert len(warehouse.rows(PROFILES)) == 20
