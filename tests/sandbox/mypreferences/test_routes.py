"""Paths, methods and parameters of the export API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.sandbox.client import ExportsClient


class TestRoutes:
    def test_an_unknown_client_is_404_even_if_signed(self, vendor: ExportsClient) -> None:
        response = requests.post(
            f"{vendor.sandbox.mypreferences_url}/Async/another/Export/SegmentGroup/VIP",
            json={},
            headers={"Authorization": vendor.signed(client="another")},
            timeout=10,
        )
        assert (response.status_code, set(response.json())) == (404, {"Message"})

    def test_an_unknown_group_is_404(self, vendor: ExportsClient) -> None:
        response = vendor.initiate("nobody")
        assert (response.status_code, set(response.json())) == (404, {"Message"})

    @pytest.mark.parametrize("token", ["1", "x", "-1", "%D9%A1", "9" * 30])
    def test_an_unknown_export_is_404(self, vendor: ExportsClient, token: str) -> None:
        assert vendor.request("GET", f"{token}/Status").status_code == 404
        assert vendor.request("GET", f"SegmentGroup/{token}").status_code == 404
        assert vendor.request("POST", f"SegmentGroup/Commit/{token}").status_code == 404

    def test_decodes_client_and_group(self, vendor: ExportsClient) -> None:
        vendor.preferences.client_id = "Acme & Söhne/EU"
        group = vendor.preferences.add_group("a/b c?%")
        assert vendor.export("a/b c?%") is group.exports[0]
        assert "Acme%20%26%20S%C3%B6hne%2FEU" in vendor.sandbox.requests[0].path

    def test_a_removed_group_is_404(self, vendor: ExportsClient) -> None:
        (group,) = vendor.preferences.groups
        vendor.preferences.remove(group)
        assert vendor.initiate().status_code == 404

    @pytest.mark.parametrize("path", ["", "SegmentGroup", "Segment/VIP", "SegmentGroup/Commit/1/2"])
    def test_an_unknown_path_is_404(self, vendor: ExportsClient, path: str) -> None:
        response = vendor.request("POST", path)
        assert (response.status_code, set(response.json())) == (404, {"Message"})

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "SegmentGroup/VIP"),
            ("HEAD", "SegmentGroup/1"),
            ("POST", "1/Status"),
            ("GET", "SegmentGroup/Commit/1"),
        ],
    )
    def test_a_wrong_method_is_405(self, vendor: ExportsClient, method: str, path: str) -> None:
        assert vendor.request(method, path).status_code == 405

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "SegmentGroup/VIP"),
            ("GET", "{token}/Status"),
            ("GET", "SegmentGroup/{token}"),
            ("POST", "SegmentGroup/Commit/{token}"),
        ],
    )
    def test_rejects_unknown_and_repeated_parameters(
        self, vendor: ExportsClient, method: str, path: str
    ) -> None:
        place = path.format(token=vendor.export().token)
        response = vendor.request(method, f"{place}?page=1", json={})
        assert (response.status_code, set(response.json())) == (400, {"Message"})
        known = {"GET": "limit", "POST": "keepFiles"}[method]
        assert vendor.request(method, f"{place}?{known}=1&{known}=1").status_code == 400
