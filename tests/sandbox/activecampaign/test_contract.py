"""Responses of the Segments API conform to its OpenAPI contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.exceptions import OpenAPIError

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACT = Path(__file__).parents[1] / "contract" / "activecampaign.openapi.json"
API = OpenAPI.from_file_path(str(CONTRACT))
NOW = 1_750_000_000.0


class ValidatingClient:
    """A client that validates responses."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account
        self._session = session

    def get(self, path: str, token: str | None = None) -> requests.Response:
        """Send a request, and validate the response."""
        response = self._get(path, token)
        API.validate_response(
            RequestsOpenAPIRequest(response.request), RequestsOpenAPIResponse(response)
        )
        return response

    def get_attributes(self, path: str) -> dict[str, Any]:
        """Send a valid request, and return the attributes of a 200."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        API.validate_request(RequestsOpenAPIRequest(response.request))
        rows = response.json()["data"]
        return rows[0]["attributes"] if rows else {}

    def _get(self, path: str, token: str | None) -> requests.Response:
        return self._session.get(
            f"{self.sandbox.url}/api/3/{path}",
            headers={"Api-Token": token or self.sandbox.token},
            timeout=10,
        )


@pytest.fixture(scope="module")
def api() -> Iterator[ValidatingClient]:
    clock = VirtualClock(NOW)
    with (
        Sandbox(Account.demo(now=NOW), clock, requests_per_second=None) as sandbox,
        requests.Session() as session,
    ):
        yield ValidatingClient(sandbox, session)


@pytest.fixture
def empty() -> Iterator[ValidatingClient]:
    with Sandbox(clock=VirtualClock(NOW)) as sandbox, requests.Session() as session:
        yield ValidatingClient(sandbox, session)


@pytest.mark.parametrize(
    "query", ["", "?page=2&page_size=3", "?sort=-last_total", "?sort=name&search=e"]
)
@pytest.mark.parametrize("meta", [True, False])
def test_listing(api: ValidatingClient, query: str, *, meta: bool) -> None:
    api.account.listing_meta = meta
    assert api.get_attributes(f"audiences{query}")["name"]


def test_every_operation_on_every_segment(api: ValidatingClient) -> None:
    for segment in api.account.segments:
        segment_id = segment.segment_id
        if segment.name is not None:
            api.get_attributes(f"audiences/{segment_id}")
        api.get_attributes(f"segmentsV2/{segment_id}")
        for version in segment.versions:
            api.get_attributes(
                f"segmentsV2/{segment_id}/createdDate/{round(version.created * 1000) + 1}"
            )
        api.get_attributes(f"segmentsV2/{segment_id}/count-history")
        api.get_attributes(f"segmentsV2/{segment_id}/count-history/{round(NOW) - 86_400 * 60}")
        run = api.get_attributes(f"segmentMatchAll/{segment_id}?instant=&sort=-email,score2")
        path = f"{segment_id}/{run['run_id']}"
        api.get_attributes(f"segmentsV2/{segment_id}/count-history")
        api.get_attributes(f"segmentMatchAll/{path}?sort=-email,score2&page=2&page_size=10000")
        api.get_attributes(f"segmentMatchSome/{path}?page=1&page_size=7")
        api.get_attributes(f"segmentMatchAll/{path}?page=1&page_size=7")
        api.get_attributes(f"segmentMatchAll/{segment_id}?page=1&page_size=10000")
    ids = ",".join(segment.segment_id for segment in api.account.segments)
    api.get_attributes(f"segmentsV2/count-history?segmentIds={ids}")


@pytest.mark.parametrize("omits", ["keep", "matches", "both"])
def test_empty_result(empty: ValidatingClient, omits: Any) -> None:
    empty.account.omits_empty = omits
    segment = empty.account.add_segment("empty")
    assert empty.get_attributes(f"segmentMatchAll/{segment.segment_id}")["is_ready"]


def test_failed_run_and_external_condition(empty: ValidatingClient) -> None:
    segment = empty.account.add_segment("VIP", [1])
    empty.sandbox.faults.add(Fault("run_fails"))
    assert empty.get_attributes(f"segmentMatchAll/{segment.segment_id}")["is_ready"] is False
    segment.external = True
    empty.get_attributes(f"segmentsV2/{segment.segment_id}")
    assert empty.get(f"segmentMatchAll/{segment.segment_id}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "audiences?page=99",
        "audiences/nobody",
        "segmentsV2/nobody",
        "segmentsV2/nobody/createdDate/1",
        "segmentsV2/nobody/count-history",
        "segmentsV2/nobody/count-history/1",
        "segmentMatchAll/nobody",
        "segmentMatchAll/nobody/run",
        "segmentMatchSome/nobody/run",
    ],
)
def test_not_found(api: ValidatingClient, path: str) -> None:
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "audiences?x=1",
        "audiences/a?x=1",
        "segmentsV2/count-history",
        "segmentsV2/a?x=1",
        "segmentsV2/a/createdDate/now",
        "segmentsV2/a/count-history?x=1",
        "segmentsV2/a/count-history/now",
        "segmentMatchAll/a?sort=age",
        "segmentMatchAll/a/run?sort=age",
        "segmentMatchSome/a/run?sort=id",
    ],
)
def test_bad_request(api: ValidatingClient, path: str) -> None:
    assert api.get(path).status_code == 400


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_token_on_every_operation(empty: ValidatingClient, status: int) -> None:
    empty.account.refusal_status = status
    for template in json.loads(CONTRACT.read_text())["paths"]:
        path = template.strip("/").replace("{", "").replace("}", "")
        assert empty.get(path, token="wrong").status_code == status


def test_too_many_requests(empty: ValidatingClient) -> None:
    assert [empty.get("segmentsV2/x").status_code for _ in range(6)] == [404] * 5 + [429]


def test_an_altered_response_breaks_the_contract(empty: ValidatingClient) -> None:
    segment = empty.account.add_segment("VIP", [1])
    empty.sandbox.faults.add(Fault("text_id"))
    with pytest.raises(OpenAPIError):
        empty.get(f"segmentMatchAll/{segment.segment_id}")
