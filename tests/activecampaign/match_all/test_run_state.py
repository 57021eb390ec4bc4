"""Run state: it does not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.nightly import nightly_sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.warehouse import Warehouse


def test_state_does_not_grow(sandbox: Sandbox, segment: Segment, warehouse: Warehouse) -> None:
    sizes = []
    for number in range(6):
        segment.members = range(number, 200)
        sizes.append(len(str(nightly_sync(sandbox, warehouse, streams=None).state)))
    assert max(sizes[1:]) - min(sizes[1:]) < 40
