"""Fixtures of the Segments API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment
    from tests.sandbox.client import SegmentsClient


@pytest.fixture
def vip(api: SegmentsClient) -> Segment:
    return api.account.add_segment("VIP", [3, 5, 8, 13, 21])
