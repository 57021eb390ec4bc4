"""URLs: accepted addresses, and ids as single, encoded path segments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.activecampaign import client_of, contact_ids
from tests.support.mypreferences import signed_config
from tests.support.secrets import HOSTILE_IDS, config_of_both
from tests.support.sync import run_tap, sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


def test_url_keeps_empty_instant_and_encodes_ids(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("some", [1], segment_id="a/b?c")
    client_of(sandbox, clock).get("segmentMatchAll", "a/b?c", sort="id", instant="")
    [request] = sandbox.requests
    assert request.raw_query == "sort=id&instant="
    assert request.headers["api-token"] == sandbox.token
    assert request.headers["accept"] == "application/json"


def test_segment_id_is_percent_encoded(account: Account, sandbox: Sandbox) -> None:
    odd = "a/../b?c#d%2e é"
    account.add_segment(None, [7], segment_id=odd)
    assert contact_ids(sync(sandbox, segment_ids=[odd])) == {7}


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost.evil.com",
        "http://127.0.0.1.evil.com",
        "http://127.0.0.1@evil.com",
        "http://127.0.0.1:80@evil.com",
        "http://evil.com\\@127.0.0.1",
        "http://evil.com#@127.0.0.1",
        "http://evil.com/@127.0.0.1",
        "http://local\thost",
        "http://localhost\u3002evil.com",
        "http://[::ffff:8.8.8.8]",
        "http://[::]",
        "http://0.0.0.0",
        "http://0177.0.0.1",
        "http://0x7f000001",
        "http://2130706433",
        "http://127.1",
        "https://@evil.com",
        "https://user:password@evil.com",
        "https://evil.com\\.example.com",
        "https://exam ple.com",
        "https://",
        "//example.com",
        "HTTP://EXAMPLE.COM",
    ],
)
@pytest.mark.parametrize("setting", ["api_url", "mypreferences.api_url", "oauth_token_url"])
def test_unsafe_url_is_a_configuration_error(both_vendors: Sandbox, url: str, setting: str) -> None:
    config = config_of_both(both_vendors, oauth=True)
    if setting == "api_url":
        config["api_url"] = url
    else:
        config["mypreferences"][setting.rpartition(".")[2]] = url
    synced = run_tap(config)
    assert synced.exit_code == 1
    assert setting in synced.errors[0]
    assert both_vendors.requests == []
    assert "evil" not in synced.log


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1"])
def test_plain_http_is_allowed_on_loopback(both_vendors: Sandbox, host: str) -> None:
    url = both_vendors.url.replace("127.0.0.1", host)
    assert sync(both_vendors, api_url=url, streams={"segments"}).exit_code == 0


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=ascii)
def test_segment_id_stays_one_path_segment(both_vendors: Sandbox, hostile: str) -> None:
    segment = both_vendors.account.add_segment("odd", [7], segment_id=hostile)
    synced = sync(both_vendors, segment_ids=[hostile])
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [7]
    allowed = {"audiences", "contacts", "segmentMatchAll", "segmentsV2"}
    for request in both_vendors.requests:
        if request.path == "/api/3/users/me":
            continue
        parts = request.path.split("/")
        assert parts[:3] == ["", "api", "3"]
        assert parts[3] in allowed
        assert len(parts) <= 4 or parts[4] in {quote(hostile, safe=""), "count-history"}
    assert segment.runs


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=ascii)
def test_segment_group_stays_one_path_segment(both_vendors: Sandbox, hostile: str) -> None:
    both_vendors.preferences.add_group(hostile, 3)
    synced = run_tap({"mypreferences": signed_config(both_vendors, segment_groups=[hostile])})
    assert synced.exit_code == 0, synced.log
    assert both_vendors.requests[0].path.endswith(f"/Export/SegmentGroup/{quote(hostile, safe='')}")


@pytest.mark.parametrize("hostile", ["..", ".", "../../audiences", "%2e%2e/x", "a?b#c"])
def test_run_id_of_answer_or_state_leads_nowhere_else(both_vendors: Sandbox, hostile: str) -> None:
    first = sync(both_vendors)
    state = json.loads(
        json.dumps(first.state).replace(both_vendors.account.segments[0].runs[0].run_id, "THE RUN")
    )
    state = json.loads(json.dumps(state).replace('"THE RUN"', json.dumps(hostile)))
    both_vendors.clear_requests()

    def rename(answer: dict[str, Any]) -> dict[str, Any]:
        answer["data"][0]["attributes"].update(run_id=hostile, is_ready=False, run_id_end=None)
        return answer

    assert hostile in json.dumps(state)
    sync(both_vendors, state=state)
    both_vendors.faults.add(Fault("edit", operation="start", answer=rename, times=None))
    synced = sync(both_vendors, run_timeout=10)
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    segment_id = both_vendors.account.segments[0].segment_id
    for request in both_vendors.requests:
        if "/segmentMatchAll/" in request.path:
            _, _, rest = request.path.partition(f"/api/3/segmentMatchAll/{segment_id}")
            assert rest in {"", f"/{both_vendors.account.segments[0].runs[-1].run_id}"} or rest == (
                f"/{quote(hostile, safe='')}"
            )
            assert rest.count("/") <= 1
            assert rest not in {"/.", "/.."}


@pytest.mark.parametrize("token", ["..", "../Commit/1", "a?b", "a/b"])
def test_export_token_stays_one_path_segment(both_vendors: Sandbox, token: str) -> None:
    def rename(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "AccessToken": token}

    both_vendors.faults.add(Fault("edit", operation="initiate", answer=rename, times=None))
    synced = run_tap({"mypreferences": signed_config(both_vendors)})
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    asked = {request.path for request in both_vendors.requests if request.method == "GET"}
    client = both_vendors.preferences.client_id
    assert {path.partition(f"/Async/{client}/Export/")[2] for path in asked} <= {
        f"{quote(token, safe='')}/Status"
    }


def test_unencodable_id_fails_in_one_line(both_vendors: Sandbox) -> None:
    synced = sync(both_vendors, segment_ids=["\ud800"])
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    assert r"'\ud800' cannot be part of an address" in synced.errors[0]
