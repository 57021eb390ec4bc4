"""Pages of an export: damaged, late, or in another form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.mypreferences import (
    EXPORTS,
    export,
    exported_groups,
    group_members,
    profile_ids,
    signed_config,
)
from tests.support.sync import run_tap
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


@pytest.mark.parametrize(
    "kind", ["has_more_wrong", "count_zero", "total_wrong", "repeats_profiles"]
)
def test_damaged_page_never_loops(mypreferences: Sandbox, kind: str) -> None:
    mypreferences.preferences.add_group("Newsletter", 250)
    mypreferences.faults.add(Fault(kind, times=2))
    synced = export(mypreferences, page_size=100)
    assert synced.exit_code == 0
    assert set(profile_ids(synced)) == {
        each["ProfileId"] for each in mypreferences.preferences.groups[0].profiles
    }
    mypreferences.faults.clear()
    mypreferences.faults.add(Fault(kind, times=None))
    mypreferences.clear_requests()
    lasting = export(mypreferences, page_size=100)
    assert len(mypreferences.requests) < 60
    if kind != "has_more_wrong":
        assert lasting.exit_code == 1
        assert lasting.records(EXPORTS) == []


def test_pages_without_position_are_accepted(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 25)

    def silent(page: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in page.items() if name not in {"Offset", "Count"}}

    mypreferences.faults.add(Fault("edit", operation="data", times=None, answer=silent))
    synced = export(mypreferences, page_size=10)
    assert synced.exit_code == 0
    assert len(set(profile_ids(synced))) == len(profile_ids(synced)) == 25


@pytest.mark.parametrize("profiles", [["one"], {}, "one"])
def test_malformed_profiles_fail_the_group_in_one_line(
    mypreferences: Sandbox, profiles: Any
) -> None:
    mypreferences.preferences.add_group("Newsletter", 1)
    answer = {"TotalResults": 1, "HasMore": False, "UserProfilePreferences": profiles}
    mypreferences.faults.add(Fault("edit", operation="data", times=None, answer=lambda _: answer))
    synced = export(mypreferences)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "something else than profiles" in line
    assert "Traceback" not in synced.log


def test_envelope_keys_may_have_any_case(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 25)
    mypreferences.faults.add(Fault("lower_case_keys", times=None))
    assert len(profile_ids(export(mypreferences, page_size=10))) == 25


@pytest.mark.parametrize("page", [2, 3])
def test_changed_total_is_never_read_again(
    mypreferences: Sandbox,
    page: int,
) -> None:
    group = mypreferences.preferences.add_group(
        "VIP", [{"ProfileId": number} for number in range(25)]
    )

    def other(answer: dict[str, Any]) -> dict[str, Any]:
        # Two profiles that are not in the export: the rest belongs to another one.
        answer["UserProfilePreferences"][0]["ProfileId"] = 900 + page
        answer["TotalResults"] += 1
        return answer

    mypreferences.faults.add(Fault("edit", "data", page=page, answer=other))
    warehouse = Warehouse().load(export(mypreferences, page_size=10).messages)
    assert len(group.exports) == 2
    assert group_members(warehouse) == {*range(25)}
    [row] = warehouse.rows(EXPORTS)
    assert row["total_results"] == 25


def test_reread_export_with_other_profiles_is_made_anew(
    mypreferences: Sandbox,
) -> None:
    group = mypreferences.preferences.add_group(
        "VIP", [{"ProfileId": number} for number in range(25)]
    )

    def other(answer: dict[str, Any]) -> dict[str, Any]:
        answer["UserProfilePreferences"][0]["ProfileId"] = 999
        return answer

    mypreferences.faults.add(Fault("edit", "data", page=1, answer=other))
    mypreferences.faults.add(Fault("repeats_profiles", "data", page=2))
    warehouse = Warehouse().load(export(mypreferences, page_size=10).messages)
    assert len(group.exports) == 2
    assert group_members(warehouse) == {*range(25)}


# Data that are not available yet.


@pytest.mark.parametrize("status", [404, 403])
@pytest.mark.parametrize("seconds", [3, 25])
def test_late_data_are_awaited_without_a_new_export(
    two_of_each: Sandbox, clock: SharedClock, status: int, seconds: int
) -> None:
    times = {3: 2, 25: 7}[seconds]
    body = json.dumps({"Message": "not there"})
    fault = two_of_each.faults.add(
        Fault("status", "data", times, segment_id="A", status=status, body=body)
    )
    before = clock.time()
    synced = run_tap({"mypreferences": signed_config(two_of_each)})
    assert synced.exit_code == 0
    assert fault.applied == times
    assert exported_groups(synced) == ["A", "B"]
    assert len(two_of_each.preferences.exports) == 2
    assert clock.time() - before < 60


def test_missing_data_cost_three_exports(two_of_each: Sandbox, clock: SharedClock) -> None:
    two_of_each.faults.add(
        Fault("status", "data", None, segment_id="A", status=404, body='{"Message": "no"}')
    )
    before = clock.time()
    synced = run_tap({"mypreferences": signed_config(two_of_each)})
    assert synced.exit_code == 1
    assert exported_groups(synced) == ["B"]
    assert len(two_of_each.preferences.exports) == 4
    assert 90 <= clock.time() - before < 150
