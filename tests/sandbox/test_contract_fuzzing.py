"""The sandbox answers whatever is asked as the contracts of both vendors say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import requests
import schemathesis
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox, VirtualClock
from tap_activecampaign_segments.sandbox.mypreferences.export_requests import ExportRequest
from tests.sandbox.client import NOW, ExportsClient
from tests.support.fuzzing import fuzz

if TYPE_CHECKING:
    from collections.abc import Iterator

Case: TypeAlias = "schemathesis.Case[Any]"
CONTRACTS = Path(__file__).parent / "contract"
SEGMENTS = ["vip", "a/b", "77"]
GROUPS = ["VIP", "empty"]
CHECKS = [
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
    openapi.negative_data_rejection,
    openapi.positive_data_acceptance,
]


def account() -> Account:
    """Return an account with a finished run of each segment."""
    found = Account(clock=VirtualClock(NOW))
    for segment_id in SEGMENTS:
        found.start(found.add_segment(segment_id, range(30), segment_id=segment_id), "id")
    return found


def preferences() -> Preferences:
    """Return a client with two groups."""
    found = Preferences(clock=VirtualClock(NOW))
    for size, name in enumerate(GROUPS):
        found.add_group(name, size)
    return found


def knowing(contract: str, **values: list[Any]) -> Any:
    """Return a contract in which what names something is the name of what there is."""
    document = json.loads((CONTRACTS / f"{contract}.openapi.json").read_text())

    def fill(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("in") == "path" and node["name"] in values:
                node["schema"] = {**node["schema"], "enum": values[node["name"]]}
            for name in node.get("properties", {}).keys() & values.keys():
                node["properties"][name]["enum"] = values[name]
            for each in node.values():
                fill(each)
        elif isinstance(node, list):
            for each in node:
                fill(each)

    fill(document)
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.with_security_parameters = False
    return schema


activecampaign = knowing(
    "activecampaign",
    segmentId=SEGMENTS,
    runId=[run.run_id for segment in account().segments for run in segment.runs],
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(account(), preferences=preferences(), requests_per_second=None) as served:
        yield served


@activecampaign.parametrize()  # type: ignore[untyped-decorator]
@fuzz(15)
def test_activecampaign(case: Case, sandbox: Sandbox) -> None:
    case.call_and_validate(
        base_url=f"{sandbox.url}/api/3", headers={"Api-Token": sandbox.token}, checks=CHECKS
    )


ANY_EXPORT = 1
"""Stands for the token of an export that is complete."""
known = preferences()
mypreferences = knowing(
    "mypreferences",
    clientId=[known.client_id],
    accessToken=[ANY_EXPORT],
    segmentGroup=[*GROUPS, ANY_EXPORT],
    scope=[f"{known.client_id}/{known.user_id}"],
)
exports = mypreferences.exclude(operation_id="token")
oauth = mypreferences.include(operation_id="token")


@exports.parametrize()  # type: ignore[untyped-decorator]
@fuzz(15)
def test_mypreferences(case: Case, sandbox: Sandbox) -> None:
    group = sandbox.preferences.groups[0]
    for name, value in case.path_parameters.items():
        if value == ANY_EXPORT:
            export = sandbox.preferences.initiate(group, ExportRequest())
            case.path_parameters[name] = export.token
    with requests.Session() as session:
        authorization = ExportsClient(sandbox, session).signed()
    case.call_and_validate(
        base_url=sandbox.mypreferences_url, headers={"Authorization": authorization}, checks=CHECKS
    )


@oauth.parametrize()  # type: ignore[untyped-decorator]
@fuzz(15)
def test_tokens_of_mypreferences(case: Case, sandbox: Sandbox) -> None:
    case.call_and_validate(
        base_url=f"{sandbox.url}/oauth2",
        auth=(known.oauth_client_id, known.oauth_client_secret),
        checks=CHECKS,
    )
