"""Responses of the export API conform to its OpenAPI contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.exceptions import OpenAPIError

from tap_activecampaign_segments.sandbox import Fault, Preferences, Sandbox, VirtualClock
from tests.sandbox.client import NOW, PROFILES, ExportsClient

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACT = Path(__file__).parents[1] / "contract" / "mypreferences.openapi.json"
API = OpenAPI.from_file_path(str(CONTRACT))


class ValidatingClient(ExportsClient):
    """A client that validates every response."""

    def request(
        self, method: str, path: str, authorization: str | None = None, **options: Any
    ) -> requests.Response:
        return validate(super().request(method, path, authorization, **options))

    def token(self, **changes: Any) -> requests.Response:
        return validate(super().token(**changes))


def validate(response: requests.Response) -> requests.Response:
    API.validate_response(
        RequestsOpenAPIRequest(response.request), RequestsOpenAPIResponse(response)
    )
    return response


def get_content(response: requests.Response) -> Any:
    """Return the content of a 200 whose request conforms to the contract."""
    assert response.status_code == 200, response.text
    API.validate_request(RequestsOpenAPIRequest(response.request))
    return response.json()


@pytest.fixture(scope="module")
def vendor() -> Iterator[ValidatingClient]:
    clock = VirtualClock(NOW)
    preferences = Preferences.demo(now=NOW)
    preferences.add_group("deleted", 5, deleted=True)
    preferences.add_group("empty")
    with Sandbox(clock=clock, preferences=preferences) as sandbox, requests.Session() as session:
        yield ValidatingClient(sandbox, session)


@pytest.fixture
def fresh() -> Iterator[ValidatingClient]:
    with Sandbox(clock=VirtualClock(NOW)) as sandbox, requests.Session() as session:
        sandbox.preferences.add_group("VIP", 3)
        yield ValidatingClient(sandbox, session)


@pytest.mark.parametrize("name", ["Newsletter consents", "Loyalty club", "deleted", "empty"])
def test_export_from_initiate_to_commit(vendor: ValidatingClient, name: str) -> None:
    response = vendor.initiate(name)
    export = vendor.preferences.find_export(get_content(response)["AccessToken"])
    assert export
    get_content(vendor.request("GET", f"{export.token}/Status"))
    export.ended = NOW
    get_content(vendor.request("GET", f"{export.token}/Status"))
    offset, more, found = 1, True, 0
    while more:
        page = get_content(vendor.data(export, f"offset={offset}&keepAlive=true"))
        offset, more = page["Offset"] + page["Count"], page["HasMore"]
        found += len(page[PROFILES])
    assert found == page["TotalResults"]
    get_content(vendor.commit(export))
    assert get_content(vendor.request("GET", f"{export.token}/Status"))["Status"] == "Retrieved"


@pytest.mark.parametrize("kind", ["export_fails", "export_errors", "export_never_ends"])
def test_exports_that_fail(fresh: ValidatingClient, kind: str) -> None:
    fresh.sandbox.faults.add(Fault(kind))
    export = fresh.export()
    get_content(fresh.request("GET", f"{export.token}/Status"))
    assert fresh.data(export).status_code == 400


@pytest.mark.parametrize("kind", ["export_expires", "export_retrieved"])
def test_exports_that_are_lost(fresh: ValidatingClient, kind: str) -> None:
    fresh.sandbox.faults.add(Fault(kind))
    export = fresh.export()
    get_content(fresh.request("GET", f"{export.token}/Status"))
    assert fresh.commit(export).status_code == 400


def test_token_authorizes(fresh: ValidatingClient) -> None:
    bearer = f"Bearer {get_content(fresh.token())['access_token']}"
    get_content(fresh.request("POST", "SegmentGroup/VIP", bearer, json={}))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"auth": ("x", "y")}, 401),
        ({"form": {"grant_type": "password"}}, 400),
        ({"form": {"scope": "x"}}, 400),
        ({"form": {"more": "x"}}, 400),
    ],
)
def test_refused_token(fresh: ValidatingClient, changes: dict[str, Any], status: int) -> None:
    assert fresh.token(**changes).status_code == status


def test_404_401_and_429(fresh: ValidatingClient) -> None:
    for method, path in (
        ("POST", "SegmentGroup/nobody"),
        ("GET", "SegmentGroup/1"),
        ("GET", "1/Status"),
        ("POST", "SegmentGroup/Commit/1"),
    ):
        assert fresh.request(method, path, json={}).status_code == 404
        assert fresh.request(method, path, "Bearer x", json={}).status_code == 401
        fresh.sandbox.faults.add(Fault("retry_after"))
        assert fresh.request(method, path, json={}).status_code == 429


@pytest.mark.parametrize("kind", ["unknown_status", "lower_case_keys", "no_data"])
def test_an_altered_response_breaks_the_contract(fresh: ValidatingClient, kind: str) -> None:
    export = fresh.export()
    fresh.sandbox.faults.add(Fault(kind, "status"))
    with pytest.raises(OpenAPIError):
        fresh.status(export)


def test_the_contract_has_every_operation() -> None:
    operations = {
        operation["operationId"]
        for item in json.loads(CONTRACT.read_text())["paths"].values()
        for method, operation in item.items()
        if method in {"get", "post"}
    }
    assert operations == {"initiate", "status", "data", "commit", "token"}
