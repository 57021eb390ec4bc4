"""Fixtures of the tests of match-all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.nightly import cut_in_difference, nightly_sync
from tests.support.sync import RUN_STREAMS, sync
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.clocks import SharedClock


@pytest.fixture
def second_night(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
) -> Warehouse:
    """A warehouse after a sync of 200 contacts, ten of which have left since."""
    nightly_sync(sandbox, warehouse, page_size=70)
    clock.advance(3600)
    segment.members = range(11, 201)
    return warehouse


@pytest.fixture
def half_difference(sandbox: Sandbox, segment: Segment, clock: SharedClock) -> Warehouse:
    """A warehouse after a second sync, of a slow run, that was killed within its difference."""
    warehouse = Warehouse().load(sync(sandbox, streams=RUN_STREAMS).messages)
    clock.advance(3600)
    segment.evaluation_seconds = 30
    segment.members = [*range(6, 201), 300, 301, 302]
    second = sync(sandbox, streams=RUN_STREAMS, state=warehouse.state)
    warehouse.load(cut_in_difference(second.messages, 2))
    segment.evaluation_seconds = 0
    clock.advance(60)
    return warehouse
