"""Requests: what is sent, how often it is tried, and how a failure reads."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import re
import socket
import threading
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import Self

from tap_activecampaign_segments.activecampaign.client import Client
from tap_activecampaign_segments.sandbox import Fault, Preferences, Sandbox
from tap_activecampaign_segments.settings import SCHEMA, Settings
from tests.mypreferences.test_exports import by_oauth
from tests.support.sync import config_of, sync, tap

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account
    from tests.support.sync import SharedClock


def client_of(sandbox: Sandbox, clock: SharedClock, **settings: object) -> Client:
    defaults = {
        name: schema["default"]
        for name, schema in SCHEMA["properties"].items()
        if "default" in schema
    }
    config = {**defaults, **config_of(sandbox, **settings)}
    return Client(Settings.of(config), clock, logging.getLogger("test"))


def test_the_url_that_is_sent_keeps_an_empty_instant_and_encoded_ids(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("some", [1], segment_id="a/b?c")
    client_of(sandbox, clock).get("segmentMatchAll", "a/b?c", sort="id", instant="")
    [request] = sandbox.requests
    assert request.raw_query == "sort=id&instant="
    assert request.headers["api-token"] == sandbox.token
    assert request.headers["accept"] == "application/json"


def test_the_servers_own_words_are_quoted_in_one_line_without_secrets(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", [1])
    body = f'{{"errors":[{{"title":"No\\nluck","detail":"key {sandbox.token}"}}]}}'
    sandbox.faults.add(Fault("status", operation="start", status=409, body=body))
    [line] = sync(sandbox).errors
    assert "No luck: key ***" in line
    assert sandbox.token not in line


def test_a_compressed_answer_is_read(sandbox: Sandbox) -> None:
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


@pytest.mark.parametrize(("refusals", "exit_code"), [(2, 0), (3, 1)])
def test_one_request_waits_for_a_minute_in_all(
    account: Account, sandbox: Sandbox, refusals: int, exit_code: int
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("retry_after", operation="start", value=30, times=refusals))
    synced = sync(sandbox, streams={"match_all_runs"})
    assert synced.exit_code == exit_code
    assert sum("/segmentMatchAll/" in request.path for request in sandbox.requests) == 3
    told = [re.findall(r"trying again in (\d+) s$", line) for line in synced.warnings]
    assert len(told) == 2
    assert all(24 <= int(seconds) <= 30 for [seconds] in told)


# A server that asks to be left alone.


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["61", "3600", "Fri, 31 Dec 2100 00:00:00 GMT"])
def test_a_long_retry_after_ends_the_sync_at_once_and_keeps_what_is_out(
    account: Account, sandbox: Sandbox, clock: SharedClock, status: int, value: str
) -> None:
    first, *_ = [account.add_segment(f"number {place}", [place]) for place in range(20)]
    sandbox.faults.add(
        Fault("status", "start", None, 3, status=status, headers={"Retry-After": value})
    )
    before = clock.time()
    synced = sync(sandbox, streams={"match_all_runs"}, max_concurrent_requests=1)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert f"answered {status} and asks to stay away for" in line
    assert "run it again after 20" in line or "run it again after 2100-12-31" in line
    assert [each.status for each in sandbox.requests].count(status) == 1
    assert clock.time() - before < 60
    assert synced.state["bookmarks"]["match_all_runs"]["partitions"][0]["context"] == {
        "segment_id": first.segment_id
    }
    sandbox.faults.clear()
    second = sync(sandbox, state=synced.state, streams={"match_all_runs"})
    assert second.exit_code == 0
    rows = synced.records("match_all_runs") + second.records("match_all_runs")
    assert {row["segment_id"] for row in rows} == {each.segment_id for each in account.segments}


def test_refusals_without_end_end_the_sync_however_short_each_asks_to_wait(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    for place in range(100):
        account.add_segment(f"number {place}", [1])
    sandbox.faults.add(Fault("retry_after", operation="start", value=50, times=None))
    before = clock.time()
    synced = sync(sandbox, streams={"match_all_runs"}, max_concurrent_requests=1)
    assert synced.exit_code == 1
    assert "others use up the account's limit" in synced.errors[0]
    assert clock.time() - before < 600
    assert len(sandbox.requests) < 20


# Answers that a gateway gave.


@pytest.mark.parametrize("status", [408, 421, 425, 460, 499, 520, 521, 524, 530])
def test_what_a_proxy_says_of_a_moment_is_asked_again(
    account: Account, sandbox: Sandbox, status: int
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("status", operation="start", status=status, times=4))
    synced = sync(sandbox, streams={"match_all_runs"})
    assert synced.exit_code == 0
    assert len(synced.warnings) == 4


@pytest.mark.parametrize("status", [400, 403, 405, 406, 410, 422])
@pytest.mark.parametrize(
    "body", ["<html>blocked</html>", "\ufeff <!doctype html>", "error code: 1020", "[]"]
)
def test_a_gateways_page_is_asked_again_and_does_not_blame_the_key(
    account: Account, sandbox: Sandbox, status: int, body: str
) -> None:
    account.add_segment("some", [1])
    fault = sandbox.faults.add(Fault("status", "start", 4, status=status, body=body))
    assert sync(sandbox, streams={"match_all_runs"}).exit_code == 0
    fault.times = None
    [line] = sync(sandbox, streams={"match_all_runs"}).errors
    assert "a gateway's, see user_agent" in line
    assert "rights" not in line


@pytest.mark.parametrize("name", [None, "our-nightly/1.0 (data@example.com)"])
def test_every_request_says_who_asks(
    account: Account, clock: SharedClock, name: str | None
) -> None:
    account.add_segment("some", [1])
    preferences = Preferences(seed=1)
    preferences.add_group("Newsletter", 3)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as both:
        config = {**config_of(both), "mypreferences": by_oauth(both), "user_agent": name}
        assert tap(config).exit_code == 0
        said = {each.headers["user-agent"] for each in both.requests}
    expected = name or f"tap-activecampaign-segments/{version('tap-activecampaign-segments')}"
    assert said == {expected}


# Text that Python's decoder takes.


@pytest.mark.parametrize(
    "said",
    [
        b"cut \\ud83d",
        b"\\udc00 cut",
        b"raw \xed\xa0\xbd bytes",
        b"two \\ud83d\\ud83d",
    ],
)
def test_half_a_surrogate_pair_becomes_one_replacement_character(
    account: Account, sandbox: Sandbox, said: bytes
) -> None:
    account.add_segment("NAME", [1])

    def cut(body: dict[str, Any]) -> bytes:
        return json.dumps(body).encode().replace(b"NAME", said)

    sandbox.faults.add(Fault("edit", operation="list", times=None, answer=cut))
    sandbox.faults.add(Fault("edit", operation="definition", times=None, answer=cut))
    synced = sync(sandbox)
    assert synced.exit_code == 0, synced.errors
    for stream in ("segments", "segment_definitions"):
        [row] = synced.records(stream)
        assert "\ufffd" in row["name"]
        assert not any("\ud800" <= each <= "\udfff" for each in row["name"])


def test_a_byte_order_mark_is_passed_over(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(
        Fault("edit", times=None, answer=lambda body: json.dumps(body).encode("utf-8-sig"))
    )
    assert sync(sandbox).exit_code == 0


@pytest.mark.parametrize("said", ["NaN", "1e400", '"tab\tin"'])
def test_what_json_does_not_have_is_no_usable_content(
    account: Account, sandbox: Sandbox, said: str
) -> None:
    account.add_segment("NAME", [1])
    sandbox.faults.add(
        Fault(
            "edit",
            operation="list",
            times=None,
            answer=lambda body: json.dumps(body).replace('"NAME"', said).encode(),
        )
    )
    assert "without usable content" in sync(sandbox).errors[0]


def test_an_answer_that_trickles_in_is_given_up_in_time(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    with Trickling() as trickling:
        before = time.monotonic()
        synced = sync(sandbox, api_url=trickling.url, request_timeout=1)
        taken = time.monotonic() - before
    assert synced.exit_code == 1
    assert "longer than 1 s" in synced.errors[0]
    assert taken < 5 * 3


class Trickling:
    """A server whose answers come byte by byte."""

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(100):
                connection.sendall(b" ")
                threading.Event().wait(0.2)
