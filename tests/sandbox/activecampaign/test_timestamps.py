"""Timestamps of the Segments API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.client import NOW

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment
    from tests.sandbox.client import SegmentsClient


class TestTimestamps:
    def fractions(self, api: SegmentsClient, vip: Segment) -> set[int]:
        for number in range(40):
            vip.add_count(NOW - number - 0.1234, 1)
        rows = api.data(f"segmentsV2/{vip.segment_id}/count-history")
        return {len(row["attributes"]["timestamp"].split(".")[1]) - 1 for row in rows}

    def test_have_three_or_four_digits(self, api: SegmentsClient, vip: Segment) -> None:
        assert self.fractions(api, vip) == {3, 4}

    @pytest.mark.parametrize("digits", [3, 4])
    def test_number_of_digits_can_be_set(
        self, api: SegmentsClient, vip: Segment, digits: int
    ) -> None:
        api.account.fraction_digits = digits
        assert self.fractions(api, vip) == {digits}

    def test_date_header_follows_the_clock(self, api: SegmentsClient) -> None:
        assert api.get("segmentsV2/x").headers["Date"] == "Sun, 15 Jun 2025 15:06:40 GMT"
