"""The circuit breaker for exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.mypreferences import CRITERIA, EXPORTS, PROFILES, export, group_members
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


@pytest.mark.parametrize("left", [0, 10, 400])
def test_shrunken_export_is_repeated_and_fails(
    mypreferences: Sandbox,
    clock: SharedClock,
    left: int,
) -> None:
    group = mypreferences.preferences.add_group(
        "VIP", [{"ProfileId": number} for number in range(1000)]
    )
    warehouse = Warehouse().load(export(mypreferences).messages)
    clock.advance(3600)
    group.profiles = [{"ProfileId": number} for number in range(left)]
    second = export(mypreferences, warehouse.state)
    warehouse.load(second.messages)
    assert second.exit_code == 1
    assert f"{1000 - left} of 1000 profiles left at once" in second.errors[0]
    assert second.records(PROFILES) == second.records(EXPORTS) == []
    assert len(group.exports) == 3
    assert group_members(warehouse) == {*range(1000)}
    clock.advance(3600)
    third = export(mypreferences, warehouse.state, {"max_left_share": 1})
    warehouse.load(third.messages)
    assert third.exit_code == 0
    assert group_members(warehouse) == {*range(left)}


@pytest.mark.parametrize("size", [5, 99, 1000])
def test_single_empty_export_empties_no_group(
    mypreferences: Sandbox,
    clock: SharedClock,
    size: int,
) -> None:
    mypreferences.preferences.add_group("VIP", [{"ProfileId": number} for number in range(size)])
    warehouse = Warehouse().load(export(mypreferences).messages)
    clock.advance(3600)
    mypreferences.faults.add(Fault("nothing_found", "data"))
    second = export(mypreferences, warehouse.state)
    assert second.exit_code == 0
    warehouse.load(second.messages)
    assert group_members(warehouse) == {*range(size)}


def test_small_group_empty_twice_is_empty(
    mypreferences: Sandbox,
    clock: SharedClock,
) -> None:
    group = mypreferences.preferences.add_group(
        "VIP", [{"ProfileId": number} for number in range(50)]
    )
    warehouse = Warehouse().load(export(mypreferences).messages)
    clock.advance(3600)
    group.profiles = []
    second = export(mypreferences, warehouse.state)
    warehouse.load(second.messages)
    assert second.exit_code == 0
    assert "two exports agree" in second.warnings[-1]
    assert group_members(warehouse) == set()


@pytest.mark.parametrize("criteria", [CRITERIA[0][0], CRITERIA[1][0]], ids=str)
def test_changes_and_other_criteria_may_be_small(
    mypreferences: Sandbox,
    clock: SharedClock,
    criteria: dict[str, Any],
) -> None:
    group = mypreferences.preferences.add_group(
        "VIP", [{"ProfileId": number} for number in range(1000)]
    )
    first = export(mypreferences)
    clock.advance(3600)
    second = export(mypreferences, first.state, export="changes")
    assert second.exit_code == 0
    clock.advance(3600)
    assert export(mypreferences, second.state, **criteria).exit_code == 0
    assert len(group.exports) == 3
