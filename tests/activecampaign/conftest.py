"""Fixtures of the tests of ActiveCampaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account


@pytest.fixture
def four_segments(account: Account) -> dict[str, str]:
    """Ids by name of four saved segments; the only contact of each is its position."""
    return {
        name: account.add_segment(name, [number]).segment_id
        for number, name in enumerate(["VIP", "vip Gold", "Newsletter", "Trial"])
    }
