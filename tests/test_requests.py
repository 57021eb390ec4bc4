"""Requests: what is sent, how often it is tried, and how a failure reads."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from typing_extensions import Self

from tap_activecampaign_segments.client import Client
from tap_activecampaign_segments.errors import UnansweredError
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


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=429),
        Fault("status", status=500),
        Fault("status", status=502),
        Fault("status", status=503, body="<html>"),
        Fault("status", status=504),
        Fault("status", status=511),
        Fault("status", status=403),
        Fault("empty"),
        Fault("html"),
        Fault("not_object"),
        Fault("no_data"),
        Fault("cut"),
        Fault("reset"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_what_may_pass_is_tried_again(account: Account, sandbox: Sandbox, fault: Fault) -> None:
    account.add_segment("some", [1, 2])
    fault.times = 2
    fault.operation = "start"
    sandbox.faults.add(fault)
    synced = sync(sandbox, streams={"match_all_results"})
    fault.applied = 0
    assert synced.exit_code == 0
    assert len(synced.records("match_all_results")) == 2


@pytest.mark.parametrize(("status", "tries"), [(503, 5), (403, 3), (302, 1), (418, 1)])
def test_what_does_not_pass_fails_the_segment_after_its_tries(
    account: Account, sandbox: Sandbox, status: int, tries: int
) -> None:
    bad = account.add_segment("bad", [1])
    account.add_segment("good", [2])
    sandbox.faults.add(
        Fault(
            "status",
            operation="start",
            status=status,
            times=None,
            segment_id=bad.segment_id,
            headers={"Location": "https://127.0.0.1:1/elsewhere"},
        )
    )
    synced = sync(sandbox)
    assert synced.exit_code == 1
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [2]
    assert sum(request.status == status for request in sandbox.requests) == tries
    [line] = synced.errors
    assert "segment 'bad'" in line
    assert str(status) in line
    assert "Traceback" not in synced.log


@pytest.mark.parametrize("status", [401, 402])
def test_a_bad_key_or_an_unpaid_account_ends_the_sync_at_once(
    account: Account, sandbox: Sandbox, status: int
) -> None:
    for number in range(5):
        account.add_segment(f"segment {number}", [number])
    sandbox.faults.add(Fault("status", operation="start", status=status, after=1, times=None))
    synced = sync(sandbox, streams={"match_all_runs"})
    assert synced.exit_code == 1
    # Those in flight at the time may meet the same answer; none follows.
    assert sum(request.status == status for request in sandbox.requests) <= 5
    # The one that was begun may have been read by then, or not.
    assert len(synced.records("match_all_runs")) <= 1
    assert len(synced.errors) == 1


def test_the_servers_own_words_are_quoted_in_one_line_without_secrets(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", [1])
    body = f'{{"errors":[{{"title":"No\\nluck","detail":"key {sandbox.token}"}}]}}'
    sandbox.faults.add(Fault("status", operation="start", status=409, body=body))
    [line] = sync(sandbox).errors
    assert "No luck: key ***" in line
    assert sandbox.token not in line


def test_retry_after_in_seconds_or_as_a_date_is_waited_for(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("some", [1])
    at = format_datetime(clock.now() + timedelta(seconds=40), usegmt=True)
    for value in (20, at):
        sandbox.faults.add(Fault("retry_after", operation="start", value=value))
    before = clock.time()
    assert sync(sandbox, streams={"match_all_runs"}).exit_code == 0
    assert 39 <= clock.time() - before < 45


def test_an_absurd_retry_after_ends_in_bounded_time(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("retry_after", operation="start", value="9" * 30, times=None))
    before = clock.time()
    synced = sync(sandbox, streams={"match_all_runs"})
    assert synced.exit_code == 1
    assert clock.time() - before < 200


def test_a_request_that_hangs_is_given_up_and_tried_again(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("hang", operation="start", seconds=3))
    synced = sync(sandbox, streams={"match_all_runs"}, request_timeout=1)
    assert synced.exit_code == 0
    assert any("request_timeout" in line for line in synced.warnings)


def test_a_server_that_cannot_be_reached_fails_with_one_line(
    sandbox: Sandbox, clock: SharedClock
) -> None:
    client = client_of(sandbox, clock, api_url="http://127.0.0.1:1")
    with pytest.raises(UnansweredError, match="audiences"):
        client.get("audiences")


def test_no_secret_is_said_at_any_log_level(
    account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_ACTIVECAMPAIGN_SEGMENTS_LOGLEVEL", "DEBUG")
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("status", operation="start", status=500, times=3))
    sandbox.faults.add(Fault("status", operation="definition", status=418))
    synced = sync(sandbox)
    assert synced.exit_code == 1
    assert "DEBUG" in synced.log
    assert sandbox.token not in synced.log
    assert sandbox.token not in str(synced.messages)


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
