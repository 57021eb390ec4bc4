"""Faults and the journal over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.sandbox.client import PreparedExportsClient, PreparedSegmentsClient


class TestControl:
    def test_adds_lists_and_clears_faults(self, prepared: PreparedSegmentsClient) -> None:
        fields = {"kind": "status", "operation": "list", "status": 503, "times": None}
        added = prepared.control("faults", "POST", json=fields)
        assert added.status_code == 201
        assert prepared.status() == 503
        (shown,) = prepared.control("faults", "GET").json()
        assert fields.items() <= shown.items()
        assert shown["applied"] == 1
        assert prepared.control("faults", "DELETE").json() == []
        assert prepared.status() == 200

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "[]",
            "{}",
            '{"kind": "gremlin"}',
            '{"kind": "edit"}',
            '{"kind": "status", "colour": 1}',
            '{"kind": "status", "times": "often"}',
            '{"kind": "status", "times": true}',
            '{"kind": "status", "applied": 3}',
        ],
    )
    def test_rejects_an_invalid_fault(self, prepared: PreparedSegmentsClient, body: str) -> None:
        response = prepared.control("faults", "POST", data=body)
        assert response.status_code == 400
        assert response.json()["errors"][0]["detail"]
        assert not len(prepared.faults)

    def test_lists_and_clears_requests(self, prepared: PreparedSegmentsClient) -> None:
        prepared.status()
        shown = prepared.control("requests", "GET").json()
        assert [each["path"] for each in shown] == [
            f"/api/3/segmentMatchAll/{prepared.vip}",
            "/api/3/audiences",
        ]
        assert json.dumps(shown[-1]["headers"])
        assert prepared.control("requests", "DELETE").json() == []

    @pytest.mark.parametrize("path", ["faults", "requests"])
    def test_requires_the_token(self, prepared: PreparedSegmentsClient, path: str) -> None:
        assert requests.get(f"{prepared.sandbox.url}/sandbox/{path}", timeout=10).status_code == 403


def test_shows_bodies_and_accepts_export_faults(vendor: PreparedExportsClient) -> None:
    headers = {"Api-Token": vendor.sandbox.token}
    url = f"{vendor.sandbox.url}/sandbox"
    (request,) = requests.get(f"{url}/requests", headers=headers, timeout=10).json()
    assert request["body"] == "{}"
    fault = {"kind": "has_more_wrong", "operation": "data", "value": 0}
    assert requests.post(f"{url}/faults", headers=headers, json=fault, timeout=10).ok
    assert vendor.pages(vendor.first)[0]["HasMore"] is False
