"""Believe: timestamps of another precision are the same timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.nightly import changes, nightly_sync, run_row
from tests.support.sync import sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock
    from tests.support.warehouse import Warehouse


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("digits", 9), ("digits", 3)),
        (("digits", 0), ("digits", 3)),
        (("digits", 6), ("digits", 0)),
        (("digits", 1), ("digits", 9)),
        (("no_end", 0), ("digits", 4)),
        (("digits", 4), ("no_end", 0)),
    ],
    ids=str,
)
def test_other_precision_is_the_same_instant(
    sandbox: Sandbox,
    segment: Segment,
    warehouse: Warehouse,
    clock: SharedClock,
    before: tuple[str, int],
    after: tuple[str, int],
) -> None:
    for operation in ("start", "read"):
        sandbox.faults.add(Fault(before[0], operation, times=None, value=before[1]))
    nightly_sync(sandbox, warehouse, page_size=70)
    sandbox.faults.clear()
    for operation in ("start", "read"):
        sandbox.faults.add(Fault(after[0], operation, times=None, value=after[1]))
    clock.advance(3600)
    segment.members = range(11, 201)
    second = nightly_sync(sandbox, warehouse, page_size=70)
    assert changes(second) == {"joined": set(), "left": set(range(1, 11))}
    assert run_row(second)["definition_changed"] is False
    assert second.warnings == []


def test_pages_of_other_precision_belong_to_one_result(sandbox: Sandbox, segment: Segment) -> None:
    sandbox.faults.add(Fault("digits", "read", page=2, times=None, value=0))
    sandbox.faults.add(Fault("no_end", "read", page=3, times=None))
    synced = sync(sandbox, page_size=70)
    assert synced.exit_code == 0
    assert synced.warnings == []
    assert len(segment.runs) == 1


def test_sub_millisecond_change_does_not_stop_the_breaker(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    segment = account.add_segment("many", range(1000))
    nightly_sync(sandbox, warehouse)
    segment.members = range(10)

    def moved(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        facts["segment_timestamp"] = facts["segment_timestamp"][:23] + "0004Z"
        return body

    sandbox.faults.add(Fault("edit", "start", times=None, answer=moved))
    second = nightly_sync(sandbox, warehouse)
    assert second.exit_code == 1
    assert "max_left_share" in second.errors[0]
