"""Signatures and OAuth tokens."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_activecampaign_segments.sandbox import Preferences
from tests.sandbox.client import NOW, SCHEME

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import VirtualClock
    from tests.sandbox.client import ExportsClient


class TestSignature:
    def test_accepts_a_fresh_signature(self, vendor: ExportsClient) -> None:
        assert vendor.initiate().status_code == 200

    @pytest.mark.parametrize(
        ("age", "status"), [(0, 200), (5, 200), (900, 200), (901, 401), (-1, 401)]
    )
    def test_is_valid_for_15_minutes_and_not_before(
        self, vendor: ExportsClient, age: float, status: int
    ) -> None:
        authorization = vendor.signed(NOW - age)
        assert (
            vendor.request("POST", "SegmentGroup/VIP", authorization, json={}).status_code == status
        )

    @pytest.mark.parametrize("skew", [-3600.0, 3600.0])
    def test_validity_follows_the_vendors_clock(self, vendor: ExportsClient, skew: float) -> None:
        vendor.preferences.clock_skew = skew
        response = vendor.request("POST", "SegmentGroup/VIP", vendor.signed(NOW), json={})
        assert response.status_code == 401
        date = parsedate_to_datetime(response.headers["Date"]).timestamp()
        assert date == NOW + skew
        assert vendor.initiate().status_code == 200

    @pytest.mark.parametrize(
        "changes",
        [
            {"secret": "guessed"},
            {"client": "another"},
            {"user": "another"},
            {"timestamp": "2025-06-15T15:06:40"},
            {"timestamp": "2025-06-15T15:06:40+00:00"},
            {"timestamp": "2025-06-15 15:06:40Z"},
            {"timestamp": "2025-13-15T15:06:40Z"},
            {"timestamp": "1750000000"},
        ],
    )
    def test_every_part_is_checked(self, vendor: ExportsClient, changes: dict[str, Any]) -> None:
        response = vendor.request("POST", "SegmentGroup/VIP", vendor.signed(**changes), json={})
        assert response.status_code == 401
        assert SCHEME in response.headers["WWW-Authenticate"]
        assert set(response.json()) == {"Message"}
        assert not vendor.preferences.exports

    @pytest.mark.parametrize("timestamp", ["2025-06-15T15:06:40Z", "2025-06-15T15:06:39.1234567Z"])
    def test_accepts_any_fraction(self, vendor: ExportsClient, timestamp: str) -> None:
        authorization = vendor.signed(timestamp=timestamp)
        assert vendor.request("POST", "SegmentGroup/VIP", authorization, json={}).status_code == 200

    @pytest.mark.parametrize(
        "authorization",
        ["nonsense", SCHEME, f"{SCHEME} Credential=u/2025-06-15T15:06:40Z", "Basic eDp5", "Bearer"],
    )
    def test_rejects_another_form(self, vendor: ExportsClient, authorization: str) -> None:
        response = vendor.request("POST", "SegmentGroup/VIP", authorization, json={})
        assert response.status_code == 401

    def test_is_required_by_every_operation(self, vendor: ExportsClient) -> None:
        base = f"{vendor.sandbox.mypreferences_url}/Async/{vendor.preferences.client_id}/Export"
        for method, path in (
            ("POST", "SegmentGroup/VIP"),
            ("GET", "1/Status"),
            ("GET", "SegmentGroup/1"),
            ("POST", "SegmentGroup/Commit/1"),
        ):
            response = requests.request(method, f"{base}/{path}", timeout=10)
            assert (response.status_code, set(response.json())) == (401, {"Message"})
            assert response.headers["WWW-Authenticate"]

    def test_secrets_depend_on_the_seed(self) -> None:
        assert Preferences(7).shared_secret == Preferences(7).shared_secret
        assert Preferences(7).shared_secret != Preferences(8).shared_secret


class TestOAuth:
    def test_a_token_is_accepted_until_it_expires(
        self, vendor: ExportsClient, clock: VirtualClock
    ) -> None:
        vendor.preferences.token_lifetime = 60
        answer = vendor.token().json()
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 60)
        bearer = f"Bearer {answer['access_token']}"
        statuses = []
        for _ in range(3):
            response = vendor.request("POST", "SegmentGroup/VIP", bearer, json={})
            statuses.append(response.status_code)
            clock.advance(30)
        assert statuses == [200, 200, 401]
        assert "Bearer" in response.headers["WWW-Authenticate"]

    def test_tokens_can_be_revoked(self, vendor: ExportsClient) -> None:
        bearer = f"Bearer {vendor.token().json()['access_token']}"
        vendor.preferences.revoke_tokens()
        assert vendor.request("GET", "1/Status", bearer).status_code == 401
        assert vendor.token().json()["access_token"] not in bearer

    @pytest.mark.parametrize("auth", [("x", "y"), ("", ""), None])
    def test_rejects_wrong_credentials(self, vendor: ExportsClient, auth: Any) -> None:
        response = vendor.token(auth=auth)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"].startswith("Basic")

    def test_rejects_credentials_that_are_no_base64(self, vendor: ExportsClient) -> None:
        response = vendor.token(auth=None, headers={"Authorization": "Basic ###"})
        assert response.status_code == 401

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"form": {"grant_type": "password"}}, "unsupported_grant_type"),
            ({"form": {"scope": "all"}}, "invalid_scope"),
            ({"form": {"scope": ["a", "b"]}}, "invalid_request"),
            ({"form": {"client_secret": "x"}}, "invalid_request"),
            ({"headers": {"Content-Type": "application/json"}}, "invalid_request"),
            ({"query": "?scope=x"}, "invalid_request"),
        ],
    )
    def test_rejects_an_invalid_token_request(
        self, vendor: ExportsClient, changes: dict[str, Any], error: str
    ) -> None:
        response = vendor.token(**changes)
        assert (response.status_code, set(response.json())) == (
            400,
            {"error", "error_description"},
        )
        if "query" not in changes:
            assert response.json()["error"] == error
