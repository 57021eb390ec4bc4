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
from typing import TYPE_CHECKING

import pytest
from typing_extensions import Self

from tap_activecampaign_segments.client import Client
from tap_activecampaign_segments.sandbox import Fault
from tap_activecampaign_segments.settings import SCHEMA, Settings
from tests.support import config_of, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.support import SharedClock


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
