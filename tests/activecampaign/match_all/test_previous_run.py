"""Compare: previous runs that are expired, old, damaged, or unknown for a moment."""

from __future__ import annotations

from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.clocks import DAY, SharedClock
from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.warehouse import LOG, PAST, TABLE, Warehouse


def test_expired_predecessor_is_followed_by_a_baseline(
    account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse)
    account.expire_runs()
    segment.members = range(150, 300)
    second = nightly_sync(sandbox, warehouse, max_left_share=1)
    assert run_row(second)["is_baseline"] is True
    [line] = second.warnings
    assert "'some'" in line
    assert line.endswith("is expired or unknown; a baseline follows")
    assert len(segment.runs) == 2
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*segment.members}}
    )


@pytest.mark.parametrize(("days", "warns"), [(74, False), (76, True), (89, True)])
def test_pause_of_75_days_is_warned_of(
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    days: int,
    warns: bool,  # noqa: FBT001
) -> None:
    nightly_sync(sandbox, warehouse)
    segment.members = range(2, 203)
    clock.advance(days * 86_400)
    second = nightly_sync(sandbox, warehouse)
    assert changes(second) == {"joined": {201, 202}, "left": {1}}
    assert [f"{days} days old" in line for line in second.warnings] == [True] * warns


def test_unreadable_predecessor_starts_no_new_run(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    nightly_sync(sandbox, warehouse)
    segment.members = range(5, 201)
    sandbox.faults.add(Fault("text_id", operation="read", times=None))
    second = nightly_sync(sandbox, warehouse)
    assert second.exit_code == 1
    assert len(segment.runs) == 2
    assert "rebaseline" in second.errors[0]


def sql_now(clock: SharedClock) -> str:
    """The current time, formatted for SQL."""
    return f"{clock.now():%Y-%m-%d %H:%M:%S}"


def test_members_and_past_dates_survive_a_long_pause(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    dates: list[str] = []
    for members, days in ((range(1, 201), 1), (range(11, 211), 50), (range(21, 221), 41)):
        segment.members = members
        if len(dates) < 2:
            nightly_sync(sandbox, warehouse)
        clock.advance(days * DAY)
        dates.append(sql_now(clock))
    third = nightly_sync(sandbox, warehouse)
    assert run_row(third)["is_baseline"] is True
    [warning] = third.warnings
    assert "a baseline follows" in warning
    assert changes(third)["left"] == set()
    assert (
        warehouse.members(LOG)
        == warehouse.members(TABLE)
        == {segment.segment_id: {*range(21, 221)}}
    )
    # The last date is within the pause, where the run before it still holds.
    for at, members in zip(dates, (range(1, 201), range(11, 211), range(11, 211)), strict=True):
        assert warehouse.members(PAST, at=at) == {segment.segment_id: {*members}}


@pytest.mark.parametrize("kind", ["not_found", "gateway_404"])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_transient_404_makes_nobody_leave(
    sandbox: Sandbox, second_night: Warehouse, kind: str, page: int
) -> None:
    sandbox.faults.add(Fault(kind, "read", page=page, times=1))
    second = nightly_sync(sandbox, second_night, page_size=70)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}
    assert run_row(second)["is_baseline"] is False


def test_previous_run_unknown_twice_is_gone(
    account: Account, sandbox: Sandbox, second_night: Warehouse
) -> None:
    account.expire_runs()
    sandbox.clear_requests()
    second = nightly_sync(sandbox, second_night, page_size=10_000)
    assert run_row(second)["is_baseline"] is True
    reads = [request for request in sandbox.requests if request.path.count("/") == 5]
    assert len(reads) == 2
    assert 4 < reads[1].at - reads[0].at < 10


def test_previous_run_over_90_days_is_requested_once(
    sandbox: Sandbox, second_night: Warehouse, clock: SharedClock
) -> None:
    clock.advance(91 * 86_400)
    sandbox.clear_requests()
    assert run_row(nightly_sync(sandbox, second_night))["is_baseline"] is True
    assert sum(request.path.count("/") == 5 for request in sandbox.requests) == 1


def test_previous_run_of_100_days_may_be_unknown_in_any_form(
    sandbox: Sandbox, second_night: Warehouse, clock: SharedClock
) -> None:
    clock.advance(100 * 86_400)
    sandbox.faults.add(Fault("gateway_404", "read", times=None))
    assert run_row(nightly_sync(sandbox, second_night))["is_baseline"] is True


@pytest.mark.parametrize("deleted", [[7], [1, 100, 200], [*range(1, 201)]], ids=len)
def test_deleted_contacts_make_a_baseline_with_a_warning(
    account: Account, sandbox: Sandbox, second_night: Warehouse, deleted: list[int]
) -> None:
    [segment] = account.segments
    for contact in deleted:
        account.delete_contact(contact)
    segment.members = range(300, 500)
    second = nightly_sync(sandbox, second_night)
    assert second.exit_code == 0
    assert run_row(second)["is_baseline"] is True
    assert any("other contacts than it did" in line for line in second.warnings)
    truth = {segment.segment_id: {*range(300, 500)}}
    assert second_night.members(LOG) == second_night.members(TABLE) == truth


def test_previous_result_is_proved_by_its_digest(sandbox: Sandbox, second_night: Warehouse) -> None:
    sandbox.faults.add(Fault("total_is", "read", times=None, value=201))
    second = nightly_sync(sandbox, second_night)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}


@pytest.mark.parametrize("kind", ["duplicate", "missing_row"])
def test_previous_run_damaged_twice_makes_a_baseline(
    sandbox: Sandbox, second_night: Warehouse, kind: str
) -> None:
    sandbox.faults.add(Fault(kind, "read", times=None))
    second = nightly_sync(sandbox, second_night)
    assert second.exit_code == 0
    assert run_row(second)["is_baseline"] is True


@pytest.mark.parametrize("fault", ["failed", "last page unknown", "too many"])
def test_single_odd_answer_makes_nobody_leave(
    sandbox: Sandbox, second_night: Warehouse, fault: str
) -> None:
    def failed(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["is_ready"] = False
        return body

    faults = {
        "failed": Fault("edit", "read", answer=failed),
        "last page unknown": Fault("not_found", "read", page=3, times=2),
        "too many": Fault("total_is", "read", value=900),
    }
    sandbox.faults.add(faults[fault])
    second = nightly_sync(sandbox, second_night, page_size=70)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}
