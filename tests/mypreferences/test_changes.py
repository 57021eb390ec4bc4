"""Exports of changes: from which date on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.mypreferences import CRITERIA, EXPORTS, export, initiate_bodies, profile_ids

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox
    from tests.support.clocks import SharedClock


def test_full_export_sends_no_last_date_time(mypreferences: Sandbox, clock: SharedClock) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    first = export(mypreferences)
    clock.advance(3600)
    second = export(mypreferences, first.state)
    assert initiate_bodies(mypreferences) == [{}, {}]
    assert len(profile_ids(second)) == 5


def test_changes_start_at_the_bookmark_less_the_lookback(
    mypreferences: Sandbox, clock: SharedClock
) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 5, changed=clock.time() - 86_400)
    first = export(mypreferences, export="changes")
    clock.advance(3600)
    group.touch(profile_ids(first)[2])
    second = export(mypreferences, first.state, export="changes", lookback_seconds=120)
    whole, changes = initiate_bodies(mypreferences)
    assert whole == {}
    bookmark = datetime.fromisoformat(first.records(EXPORTS)[0]["exported_at"].rstrip("Z"))
    since = datetime.strptime(changes["LastDateTime"], "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007
    assert 120 <= (bookmark - since).total_seconds() < 120.01
    assert profile_ids(second) == [profile_ids(first)[2]]
    [row] = second.records(EXPORTS)
    assert row["is_full"] is False
    assert row["last_date_time"]


@pytest.mark.parametrize(("before", "after"), CRITERIA, ids=str)
def test_changed_criteria_start_from_the_beginning(
    mypreferences: Sandbox,
    clock: SharedClock,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    mypreferences.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1, 5)])
    first = export(mypreferences, export="changes", **before)
    clock.advance(3600)
    second = export(mypreferences, first.state, export="changes", **before)
    clock.advance(3600)
    third = export(mypreferences, second.state, export="changes", **after)
    clock.advance(3600)
    export(mypreferences, third.state, export="changes", **after)
    assert ["LastDateTime" in body for body in initiate_bodies(mypreferences)] == [
        False,
        True,
        False,
        True,
    ]


def test_profiles_new_to_the_criteria_are_exported(
    mypreferences: Sandbox, clock: SharedClock
) -> None:
    mypreferences.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1, 5)])
    narrow: dict[str, Any] = {"match_criteria": "ProfileId", "match_values": ["1", "2"]}
    first = export(mypreferences, export="changes", **narrow)
    clock.advance(86_400)
    second = export(mypreferences, first.state, export="changes")
    assert sorted(profile_ids(second)) == [1, 2, 3, 4]
