"""Access to the Segments API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account

if TYPE_CHECKING:
    from tests.sandbox.client import SegmentsClient


class TestToken:
    @pytest.mark.parametrize("token", ["", "wrong"])
    def test_rejects_a_wrong_token_with_an_empty_body(
        self, api: SegmentsClient, token: str
    ) -> None:
        response = api.get("audiences", token=token)
        assert (response.status_code, response.content) == (403, b"")

    def test_rejects_a_missing_token(self, api: SegmentsClient) -> None:
        response = requests.get(f"{api.sandbox.url}/api/3/audiences", timeout=10)
        assert response.status_code == 403

    def test_refusal_status_can_be_401(self, api: SegmentsClient) -> None:
        api.account.refusal_status = 401
        assert api.get("audiences", token="wrong").status_code == 401

    def test_token_depends_on_the_seed(self) -> None:
        assert Account(7).token == Account(7).token != Account(8).token

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_only_get_is_allowed(self, api: SegmentsClient, method: str) -> None:
        response = api.get("audiences", method=method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET")

    def test_head_is_not_allowed(self, api: SegmentsClient) -> None:
        assert api.get("audiences", method="HEAD").status_code == 405

    @pytest.mark.parametrize("path", ["segments", "audiences/", "segmentMatchAll", ""])
    def test_unknown_paths_are_404_in_the_old_form(self, api: SegmentsClient, path: str) -> None:
        response = api.get(path)
        assert response.status_code == 404
        assert set(response.json()) == {"message"}

    def test_errors_are_json_api(self, api: SegmentsClient) -> None:
        (error,) = api.get("segmentsV2/nobody").json()["errors"]
        assert set(error) == {"code", "detail", "source", "status", "title"}
        assert error["status"] == "404 NOT_FOUND"
        assert error["source"] == {"pointer": ""}
