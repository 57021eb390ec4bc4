"""Every answer of the sandbox's second half against its contract."""

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


class Checked(ExportsClient):
    """A client that checks what it gets, and can tell whether it asked well."""

    def request(
        self, method: str, path: str, authorization: str | None = None, **options: Any
    ) -> requests.Response:
        return checked(super().request(method, path, authorization, **options))

    def token(self, **changes: Any) -> requests.Response:
        return checked(super().token(**changes))


def checked(response: requests.Response) -> requests.Response:
    API.validate_response(
        RequestsOpenAPIRequest(response.request), RequestsOpenAPIResponse(response)
    )
    return response


def good(response: requests.Response) -> Any:
    """What was answered to a question that the contract allows."""
    assert response.status_code == 200, response.text
    API.validate_request(RequestsOpenAPIRequest(response.request))
    return response.json()


@pytest.fixture(scope="module")
def vendor() -> Iterator[Checked]:
    clock = VirtualClock(NOW)
    preferences = Preferences.demo(now=NOW)
    preferences.add_group("deleted", 5, deleted=True)
    preferences.add_group("empty")
    with Sandbox(clock=clock, preferences=preferences) as sandbox, requests.Session() as session:
        yield Checked(sandbox, session)


@pytest.fixture
def fresh() -> Iterator[Checked]:
    with Sandbox(clock=VirtualClock(NOW)) as sandbox, requests.Session() as session:
        sandbox.preferences.add_group("VIP", 3)
        yield Checked(sandbox, session)


@pytest.mark.parametrize("name", ["Newsletter consents", "Loyalty club", "deleted", "empty"])
def test_the_life_of_an_export(vendor: Checked, name: str) -> None:
    response = vendor.initiate(name)
    export = vendor.preferences.find_export(good(response)["AccessToken"])
    assert export
    good(vendor.request("GET", f"{export.token}/Status"))
    export.ended = NOW
    good(vendor.request("GET", f"{export.token}/Status"))
    offset, more, found = 1, True, 0
    while more:
        page = good(vendor.data(export, f"offset={offset}&keepAlive=true"))
        offset, more = page["Offset"] + page["Count"], page["HasMore"]
        found += len(page[PROFILES])
    assert found == page["TotalResults"]
    good(vendor.commit(export))
    assert good(vendor.request("GET", f"{export.token}/Status"))["Status"] == "Retrieved"


@pytest.mark.parametrize("kind", ["export_fails", "export_errors", "export_never_ends"])
def test_exports_that_come_to_nothing(fresh: Checked, kind: str) -> None:
    fresh.sandbox.faults.add(Fault(kind))
    export = fresh.export()
    good(fresh.request("GET", f"{export.token}/Status"))
    assert fresh.data(export).status_code == 400


@pytest.mark.parametrize("kind", ["export_expires", "export_retrieved"])
def test_exports_that_are_lost(fresh: Checked, kind: str) -> None:
    fresh.sandbox.faults.add(Fault(kind))
    export = fresh.export()
    good(fresh.request("GET", f"{export.token}/Status"))
    assert fresh.commit(export).status_code == 400


def test_a_token_and_what_it_opens(fresh: Checked) -> None:
    bearer = f"Bearer {good(fresh.token())['access_token']}"
    good(fresh.request("POST", "SegmentGroup/VIP", bearer, json={}))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"auth": ("x", "y")}, 401),
        ({"form": {"grant_type": "password"}}, 400),
        ({"form": {"scope": "x"}}, 400),
        ({"form": {"more": "x"}}, 400),
    ],
)
def test_a_refused_token(fresh: Checked, changes: dict[str, Any], status: int) -> None:
    assert fresh.token(**changes).status_code == status


def test_what_is_not_there_and_who_may_not_ask(fresh: Checked) -> None:
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
def test_a_spoilt_answer_breaks_the_contract(fresh: Checked, kind: str) -> None:
    export = fresh.export()
    fresh.sandbox.faults.add(Fault(kind, "status"))
    with pytest.raises(OpenAPIError):
        fresh.status(export)


def test_all_kinds_of_answers_are_in_the_contract() -> None:
    operations = {
        operation["operationId"]
        for item in json.loads(CONTRACT.read_text())["paths"].values()
        for method, operation in item.items()
        if method in {"get", "post"}
    }
    assert operations == {"initiate", "status", "data", "commit", "token"}
