"""Responses: what an answer of the API, or of a gateway, means."""

from __future__ import annotations

import gzip
import json

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.sync import sync


def test_compressed_response_is_decoded(sandbox: Sandbox) -> None:
    attributes = {"segment_id": "packed", "name": "some"}
    body = json.dumps({"data": [{"id": "packed", "attributes": attributes}]}).encode()
    sandbox.faults.add(
        Fault(
            "status",
            operation="list",
            status=200,
            headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
            body=gzip.compress(body),  # type: ignore[arg-type]
        )
    )
    [row] = sync(sandbox, streams={"segments"}).records("segments")
    assert (row["segment_id"], row["name"]) == ("packed", "some")


def test_error_quotes_the_servers_message_without_secrets(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", [1])
    body = f'{{"errors":[{{"title":"No\\nluck","detail":"key {sandbox.token}"}}]}}'
    sandbox.faults.add(Fault("status", operation="start", status=409, body=body))
    [line] = sync(sandbox).errors
    assert "No luck: key ***" in line
    assert sandbox.token not in line


@pytest.mark.parametrize("status", [400, 403, 405, 406, 410, 422])
@pytest.mark.parametrize(
    "body", ["<html>blocked</html>", "\ufeff <!doctype html>", "error code: 1020", "[]"]
)
def test_gateway_page_is_retried_and_does_not_blame_the_token(
    account: Account, sandbox: Sandbox, status: int, body: str
) -> None:
    account.add_segment("some", [1])
    fault = sandbox.faults.add(Fault("status", "start", 4, status=status, body=body))
    assert sync(sandbox, streams={"match_all_runs"}).exit_code == 0
    fault.times = None
    [line] = sync(sandbox, streams={"match_all_runs"}).errors
    assert "a gateway's, see user_agent" in line
    assert "rights" not in line
