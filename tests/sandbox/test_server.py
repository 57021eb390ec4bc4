"""The server: its journal, port, clock and threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.sandbox.client import NOW, SegmentsClient

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import VirtualClock


class TestServer:
    def test_journal_lists_requests_in_order(
        self, api: SegmentsClient, clock: VirtualClock
    ) -> None:
        api.get("audiences?search=a%20b")
        clock.advance(1)
        api.get("segmentsV2/a%2Fb")
        api.get("audiences", method="POST")
        first, second, third = api.sandbox.requests
        assert (first.method, first.path, first.raw_query, first.status, first.at) == (
            "GET",
            "/api/3/audiences",
            "search=a%20b",
            404,
            NOW,
        )
        assert (second.path, second.at) == ("/api/3/segmentsV2/a%2Fb", NOW + 1)
        assert (third.method, third.status) == ("POST", 405)
        assert first.headers["api-token"] == api.sandbox.token
        api.sandbox.clear_requests()
        assert api.sandbox.requests == []

    def test_serves_on_loopback_until_the_block_ends(self) -> None:
        with Sandbox() as sandbox:
            assert sandbox.url.startswith("http://127.0.0.1:")
            requests.get(sandbox.url, timeout=10)
        with pytest.raises(requests.ConnectionError):
            requests.get(sandbox.url, timeout=10)
        assert "sandbox" not in {thread.name for thread in threading.enumerate()}

    def test_a_port_can_be_used_once(self) -> None:
        with Sandbox() as sandbox:
            port = int(sandbox.url.rpartition(":")[2])
            with pytest.raises(OSError, match="in use"), Sandbox(port=port):
                pass
        with Sandbox(port=port) as again:
            assert again.url == sandbox.url

    def test_two_sandboxes_can_run(self) -> None:
        with Sandbox(Account(1)) as first, Sandbox(Account(2)) as second:
            headers = {"Api-Token": first.token}
            statuses = [
                requests.get(f"{each.url}/api/3/audiences", headers=headers, timeout=10).status_code
                for each in (first, second)
            ]
        assert statuses == [404, 403]

    def test_real_time_is_the_default(self) -> None:
        account = Account()
        segment = account.add_segment("slow", [1], evaluation_seconds=0.05)
        with Sandbox(account) as sandbox, requests.Session() as session:
            run = SegmentsClient(sandbox, session).run(segment)
        assert run["matches"] == [1]
        assert segment.runs[0].ended - segment.runs[0].started == pytest.approx(0.05)
