"""Fixtures of the tests of MyPreferences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clocks import SharedClock


@pytest.fixture
def group(clock: SharedClock) -> Iterator[Sandbox]:
    """MyPreferences with one group."""
    with Sandbox(
        Account(clock=clock), clock=clock, preferences=Preferences(seed=1), requests_per_second=None
    ) as served:
        served.preferences.add_group("VIP", 3)
        yield served
