"""Responses that are replaced, broken or reshaped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from tap_activecampaign_segments.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import VirtualClock
    from tests.sandbox.client import PreparedSegmentsClient


class TestResponses:
    def test_status_sets_headers_and_body(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(
            Fault("status", "list", status=511, headers={"X-Why": "no"}, body="log in first")
        )
        response = prepared.get("audiences")
        assert (response.status_code, response.text) == (511, "log in first")
        assert response.headers["X-Why"] == "no"

    def test_a_replaced_start_starts_no_run(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("status", "start"))
        assert prepared.status(f"segmentMatchAll/{prepared.vip}") == 500
        assert len(prepared.segment.runs) == 1

    @pytest.mark.parametrize("value", [7, "Sun, 15 Jun 2025 15:06:47 GMT"])
    def test_retry_after_is_seconds_or_a_date(
        self, prepared: PreparedSegmentsClient, value: str | int
    ) -> None:
        prepared.faults.add(Fault("retry_after", value=value))
        response = prepared.get("audiences")
        assert (response.status_code, response.headers["Retry-After"]) == (429, str(value))

    def test_empty_has_no_body(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("empty"))
        response = prepared.get("audiences")
        assert (response.status_code, response.content) == (200, b"")

    def test_html_is_a_gateway_page(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("html"))
        response = prepared.get("audiences")
        assert response.status_code == 200
        assert response.text.startswith("<html>")
        assert response.headers["Content-Type"].startswith("text/html")

    def test_not_object_is_a_list(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("not_object"))
        assert isinstance(prepared.get("audiences").json(), list)

    def test_no_data_removes_the_key(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("no_data"))
        assert set(prepared.get("audiences").json()) == {"meta"}

    def test_data_object_is_the_first_row(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("data_object"))
        assert prepared.get("audiences").json()["data"]["id"] == prepared.vip

    def test_edit_changes_the_document(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("edit", answer=lambda document: document | {"data": []}))
        assert prepared.get("audiences").json()["data"] == []

    def test_cut_truncates_the_body(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("cut"))
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            prepared.get("audiences")
        assert prepared.sandbox.requests[-1].status == 200
        assert prepared.status() == 200

    def test_reset_closes_the_connection_without_an_answer(
        self, prepared: PreparedSegmentsClient
    ) -> None:
        prepared.faults.add(Fault("reset"))
        with pytest.raises(requests.ConnectionError):
            prepared.get("audiences")
        assert prepared.sandbox.requests[-1].status == 0
        assert prepared.status() == 200

    def test_hang_causes_a_timeout(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("hang", seconds=30))
        with pytest.raises(requests.Timeout):
            prepared.get("audiences", timeout=0.1)
        assert prepared.status() == 200

    def test_hang_ends_by_closing_the_connection(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("hang", seconds=0.05))
        with pytest.raises(requests.ConnectionError):
            prepared.get("audiences")

    def test_hang_does_not_outlast_the_sandbox(self) -> None:
        began = time.monotonic()
        with Sandbox() as sandbox:
            sandbox.faults.add(Fault("hang", seconds=60))
            headers = {"Api-Token": sandbox.token}
            with pytest.raises(requests.Timeout):
                requests.get(f"{sandbox.url}/api/3/audiences", headers=headers, timeout=0.1)
        assert time.monotonic() - began < 5

    def test_slow_delays_by_the_sandbox_clock(
        self, prepared: PreparedSegmentsClient, clock: VirtualClock
    ) -> None:
        prepared.faults.add(Fault("slow", seconds=20))
        before = clock.time()
        assert prepared.status() == 200
        assert clock.time() == before + 20

    def test_redirect_sets_the_location(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("redirect", location="https://127.0.0.1:1/login"))
        response = prepared.get("audiences")
        assert response.status_code == 302
        assert response.headers["Location"] == "https://127.0.0.1:1/login"

    def test_error_responses_are_not_altered(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("no_data"))
        assert "errors" in prepared.get("audiences?limit=1").json()
        assert "data" not in prepared.get("audiences").json()
