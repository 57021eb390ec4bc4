"""The limit of five requests per second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import VirtualClock
    from tests.sandbox.client import SegmentsClient


class TestRateLimit:
    @pytest.fixture
    def limit(self) -> int:
        return 5

    def test_the_sixth_request_in_a_second_is_429(
        self, api: SegmentsClient, clock: VirtualClock
    ) -> None:
        assert [api.status("segmentsV2/x") for _ in range(6)] == [404] * 5 + [429]
        clock.advance(0.99)
        assert api.status("segmentsV2/x") == 429
        clock.advance(0.02)
        assert api.status("segmentsV2/x") == 404

    def test_the_window_slides(self, api: SegmentsClient, clock: VirtualClock) -> None:
        for _ in range(5):
            assert api.status("segmentsV2/x") == 404
            clock.advance(0.19)
        assert api.status("segmentsV2/x") == 429
        clock.advance(0.06)
        assert [api.status("segmentsV2/x") for _ in range(2)] == [404, 429]

    def test_sends_rate_limit_headers(self, api: SegmentsClient) -> None:
        answers = [api.get("segmentsV2/x") for _ in range(6)]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == list("432100")
        assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"5"}
        assert [answer.headers.get("Retry-After") for answer in answers] == [None] * 5 + ["1"]

    def test_refused_and_own_requests_do_not_count(self, api: SegmentsClient) -> None:
        for _ in range(9):
            api.get("audiences", token="wrong")
            requests.get(
                f"{api.sandbox.url}/sandbox/faults",
                headers={"Api-Token": api.sandbox.token},
                timeout=10,
            )
        assert api.status("segmentsV2/x") == 404
