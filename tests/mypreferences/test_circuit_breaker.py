"""MyPreferences: exports that change, shrink, or were asked for something else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.mypreferences.test_exports import (
    EXPORTS,
    PROFILES,
    bodies,
    export,
    ids,
    served,  # noqa: F401 (a fixture)
)
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox
    from tests.support.sync import SharedClock

MEMBERS = "members of a segment group"


def members(house: Warehouse) -> set[int]:
    return {row[1] for row in house.ask(MEMBERS)}


@pytest.mark.parametrize("page", [2, 3])
def test_an_export_whose_total_changes_is_never_read_again(
    served: Sandbox,  # noqa: F811
    page: int,
) -> None:
    group = served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(25)])

    def other(answer: dict[str, Any]) -> dict[str, Any]:
        # Two that are not in the export, and what follows is another one.
        answer["UserProfilePreferences"][0]["ProfileId"] = 900 + page
        answer["TotalResults"] += 1
        return answer

    served.faults.add(Fault("edit", "data", page=page, answer=other))
    house = Warehouse().load(export(served, page_size=10).messages)
    assert len(group.exports) == 2
    assert members(house) == {*range(25)}
    [row] = house.rows(EXPORTS)
    assert row["total_results"] == 25


def test_an_export_that_is_read_again_and_has_others_is_followed_by_a_new_one(
    served: Sandbox,  # noqa: F811
) -> None:
    group = served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(25)])

    def other(answer: dict[str, Any]) -> dict[str, Any]:
        answer["UserProfilePreferences"][0]["ProfileId"] = 999
        return answer

    served.faults.add(Fault("edit", "data", page=1, answer=other))
    served.faults.add(Fault("repeats_profiles", "data", page=2))
    house = Warehouse().load(export(served, page_size=10).messages)
    assert len(group.exports) == 2
    assert members(house) == {*range(25)}


def test_two_exports_never_share_an_instant(served: Sandbox, clock: SharedClock) -> None:  # noqa: F811
    served.preferences.add_group("VIP", 3)
    real = clock.time
    second = float(int(real()))
    clock.time = lambda: second  # type: ignore[method-assign]
    first = export(served)
    again = export(served, first.state)
    third = export(served, again.state)
    instants = [synced.records(EXPORTS)[0]["exported_at"] for synced in (first, again, third)]
    assert instants == sorted({*instants})
    assert len(instants) == 3


# A bookmark belongs to what was asked for.

VALUES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"match_criteria": "ProfileId", "match_values": ["1", "2"]},
        {"match_criteria": "ProfileId", "match_values": ["1", "2", "3"]},
    ),
    ({"match_criteria": "ProfileId", "match_values": ["1"]}, {}),
    ({}, {"match_criteria": "ProfileId", "match_values": ["1"]}),
    (
        {"match_criteria": "EmailAddress", "match_values": ["1"]},
        {"match_criteria": "EmailAddress", "match_values": ["1"], "match_type": "Home"},
    ),
]


@pytest.mark.parametrize(("before", "after"), VALUES, ids=str)
def test_changes_of_another_request_begin_from_the_start(
    served: Sandbox,  # noqa: F811
    clock: SharedClock,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1, 5)])
    first = export(served, export="changes", **before)
    clock.advance(3600)
    second = export(served, first.state, export="changes", **before)
    clock.advance(3600)
    third = export(served, second.state, export="changes", **after)
    clock.advance(3600)
    export(served, third.state, export="changes", **after)
    assert ["LastDateTime" in body for body in bodies(served)] == [False, True, False, True]


def test_who_is_new_to_the_request_comes(served: Sandbox, clock: SharedClock) -> None:  # noqa: F811
    served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1, 5)])
    narrow: dict[str, Any] = {"match_criteria": "ProfileId", "match_values": ["1", "2"]}
    first = export(served, export="changes", **narrow)
    clock.advance(86_400)
    second = export(served, first.state, export="changes")
    assert sorted(ids(second)) == [1, 2, 3, 4]


# The circuit breaker.


@pytest.mark.parametrize("left", [0, 10, 400])
def test_an_export_that_shrinks_too_much_is_made_once_more_and_fails_its_group(
    served: Sandbox,  # noqa: F811
    clock: SharedClock,
    left: int,
) -> None:
    group = served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1000)])
    house = Warehouse().load(export(served).messages)
    clock.advance(3600)
    group.profiles = [{"ProfileId": number} for number in range(left)]
    second = export(served, house.state)
    house.load(second.messages)
    assert second.exit_code == 1
    assert f"{1000 - left} of 1000 profiles left at once" in second.errors[0]
    assert second.records(PROFILES) == second.records(EXPORTS) == []
    assert len(group.exports) == 3
    assert members(house) == {*range(1000)}
    clock.advance(3600)
    third = export(served, house.state, {"max_left_share": 1})
    house.load(third.messages)
    assert third.exit_code == 0
    assert members(house) == {*range(left)}


@pytest.mark.parametrize("size", [5, 99, 1000])
def test_an_export_that_is_empty_once_empties_no_group(
    served: Sandbox,  # noqa: F811
    clock: SharedClock,
    size: int,
) -> None:
    served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(size)])
    house = Warehouse().load(export(served).messages)
    clock.advance(3600)
    served.faults.add(Fault("nothing_found", "data"))
    second = export(served, house.state)
    assert second.exit_code == 0
    house.load(second.messages)
    assert members(house) == {*range(size)}


def test_a_small_group_that_is_empty_twice_is_empty(
    served: Sandbox,  # noqa: F811
    clock: SharedClock,
) -> None:
    group = served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(50)])
    house = Warehouse().load(export(served).messages)
    clock.advance(3600)
    group.profiles = []
    second = export(served, house.state)
    house.load(second.messages)
    assert second.exit_code == 0
    assert "two exports agree" in second.warnings[-1]
    assert members(house) == set()


@pytest.mark.parametrize("criteria", [VALUES[0][0], VALUES[1][0]], ids=str)
def test_exports_of_changes_and_of_other_requests_may_be_small(
    served: Sandbox,  # noqa: F811
    clock: SharedClock,
    criteria: dict[str, Any],
) -> None:
    group = served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1000)])
    first = export(served)
    clock.advance(3600)
    second = export(served, first.state, export="changes")
    assert second.exit_code == 0
    clock.advance(3600)
    assert export(served, second.state, **criteria).exit_code == 0
    assert len(group.exports) == 3


# States of before, and loads that break.


def test_an_export_older_than_the_last_one_known_is_not_taken_up(
    served: Sandbox,  # noqa: F811
    clock: SharedClock,
) -> None:
    group = served.preferences.add_group("VIP", 3, processing_seconds=600)
    late = export(served, top={"run_timeout": 5})
    group.processing_seconds = 0
    clock.advance(900)
    last = export(served, top={"resume_within": 1})
    state = json.loads(json.dumps(last.state))
    [entry] = state["bookmarks"][EXPORTS]["partitions"]
    [old] = late.state["bookmarks"][EXPORTS]["partitions"]
    entry["running"] = old["running"]
    clock.advance(60)
    assert export(served, state).exit_code == 0
    assert len(group.exports) == 3


@pytest.mark.parametrize("arrived", [0, 5, 24])
def test_an_export_that_half_arrived_leaves_the_one_before_in_force(
    served: Sandbox,  # noqa: F811
    clock: SharedClock,
    arrived: int,
) -> None:
    group = served.preferences.add_group("VIP", [{"ProfileId": number} for number in range(25)])
    house = Warehouse().load(export(served).messages)
    clock.advance(3600)
    group.profiles = [{"ProfileId": number} for number in range(5, 30)]
    second = export(served, house.state)
    schemas = [stream for kind, stream in second.types if kind == "SCHEMA"]
    assert schemas.index(PROFILES) < schemas.index(EXPORTS)
    profiles = [message for message in second.messages if message.get("stream") == PROFILES]
    # The table of the commits was stored first.
    house.load(message for message in second.messages if message.get("stream") == EXPORTS)
    house.load(profiles[: arrived + 1])
    found = members(house)
    assert {*range(25)} <= found <= {*range(30)}
    house.load(profiles)
    assert members(house) == {*range(5, 30)}
