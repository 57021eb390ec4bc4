"""The documented queries for members now and at a past date."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.support.nightly import nightly_sync
from tests.support.sync import CHANGE_STREAMS, sync
from tests.support.warehouse import FULL, Warehouse

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.clocks import SharedClock


def test_past_members_stay_as_they_were(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    warehouse = Warehouse()
    past: list[tuple[str, set[int]]] = []
    for members in (range(1, 50), range(20, 60), range(10, 55)):
        segment.members = members
        warehouse.load(
            sync(sandbox, streams=CHANGE_STREAMS, state=warehouse.state, max_left_share=1).messages
        )
        clock.advance(1800)
        past.append((str(clock.now().replace(tzinfo=None)), set(members)))
        clock.advance(1800)
    for at, members_then in past:
        assert warehouse.members("members at a past date", at=at) == {
            segment.segment_id: members_then
        }


def test_full_result_query_uses_the_latest_run(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> None:
    nightly_sync(sandbox, warehouse, streams=None)
    clock.advance(3600)
    segment.members = range(30, 230)
    nightly_sync(sandbox, warehouse, streams=None)
    assert warehouse.members(FULL) == {segment.segment_id: {*range(30, 230)}}
    counts = Counter(row[0] for row in warehouse.query(FULL))
    assert counts[segment.segment_id] == 200
