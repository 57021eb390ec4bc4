"""Failed connections: one line that names the cause and what to check."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.mypreferences import oauth_config, signed_config
from tests.support.servers import Listener
from tests.support.sync import Sync, run_tap, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox, Segment
    from tests.support.clocks import SharedClock

SECRET = "proxy-password-1"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@contextmanager
def resolving(monkeypatch: pytest.MonkeyPatch, error: int) -> Iterator[list[str]]:
    """Let names other than addresses fail to resolve, and record them."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def fail(host: str, *arguments: object, **options: object) -> object:
        if host.replace(".", "").isdecimal():
            return resolve(host, *arguments, **options)  # type: ignore[arg-type]
        asked.append(host)
        raise socket.gaierror(error, "does not resolve")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", fail)
        yield asked


def only_error(synced: Sync) -> str:
    """Return the only error, which is the last line, without traceback or class names."""
    assert synced.exit_code == 1
    [line] = synced.errors
    assert synced.log.splitlines()[-1] == line
    assert not re.search(r"Traceback|\w+Error\b|urllib3|HTTPSConnection", synced.log)
    assert SECRET not in synced.log
    return line


def retries(synced: Sync) -> list[str]:
    return [line for line in synced.warnings if "trying again" in line]


def test_unknown_host_is_named_and_asked_for_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with resolving(monkeypatch, socket.EAI_NONAME) as asked:
        synced = sync(sandbox, api_url="https://acme.api-us1.example")
    assert "the host acme.api-us1.example is unknown" in only_error(synced)
    assert "check api_url" in only_error(synced)
    assert asked == ["acme.api-us1.example"]
    assert retries(synced) == []


def test_resolver_that_is_not_there_yet_is_waited_for(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with resolving(monkeypatch, socket.EAI_AGAIN) as asked:
        synced = sync(sandbox, api_url="https://acme.api-us1.example")
    assert "acme.api-us1.example is unknown" in only_error(synced)
    assert len(asked) == 5
    assert len(retries(synced)) == 1


def test_refused_connection_is_one_warning_and_one_error(
    sandbox: Sandbox, clock: SharedClock, closed_port: int
) -> None:
    before = clock.time()
    synced = sync(sandbox, api_url=f"http://127.0.0.1:{closed_port}")
    line = only_error(synced)
    assert f"the host 127.0.0.1:{closed_port} refuses the connection: check api_url" in line
    assert len(retries(synced)) == 1
    assert clock.time() - before > 10


def test_network_that_fails_later_is_retried(
    sandbox: Sandbox, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([socket.EAI_NONAME] * 2)
    connect = socket.socket.connect
    count = 0

    def flicker(self: socket.socket, address: object) -> None:
        nonlocal count
        count += 1
        if count in {2, 3}:
            raise socket.gaierror(next(failures), "does not resolve")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", flicker)
    sandbox.faults.clear()
    synced = sync(sandbox, streams={"segments", "match_all_runs"})
    assert synced.exit_code == 0
    assert [row["segment_id"] for row in synced.records("match_all_runs")] == [segment.segment_id]


def test_server_without_tls_is_named(sandbox: Sandbox) -> None:
    address = sandbox.url.removeprefix("http://")
    synced = sync(sandbox, api_url=f"https://{address}")
    line = only_error(synced)
    assert f"the host {address} does not speak TLS as expected (" in line
    assert line.endswith("check api_url")
    assert retries(synced) == []


def test_missing_certificates_are_named(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/missing/company.pem")
    line = only_error(sync(sandbox, api_url=f"https://127.0.0.1:{closed_port}"))
    assert "REQUESTS_CA_BUNDLE names no file of certificates" in line


def test_file_without_certificates_is_named(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        for content in ("", "no certificate"):
            bundle = tmp_path / "company.pem"
            bundle.write_text(content)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
            address = listening.getsockname()
            line = only_error(sync(sandbox, api_url=f"https://127.0.0.1:{address[1]}"))
            assert "REQUESTS_CA_BUNDLE names no file of certificates" in line


@pytest.mark.parametrize("host", [".x.com", "*.x.com", "acme..com", f"{'a' * 70}.com"])
def test_name_that_no_host_has_is_a_setting_to_check(sandbox: Sandbox, host: str) -> None:
    synced = sync(sandbox, api_url=f"https://{host}")
    assert "check api_url" in only_error(synced)
    assert "PROXY" not in synced.log
    assert retries(synced) == []


def proxied(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, proxy: str) -> str:
    """Sync through a proxy, and return the only error."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    line = only_error(sync(sandbox, api_url="https://acme.api-us1.example"))
    assert "HTTPS_PROXY" in line
    assert "api_url" not in line
    return line


def test_refusing_proxy_is_named(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    line = proxied(sandbox, monkeypatch, f"http://user:{SECRET}@127.0.0.1:{closed_port}")
    assert f"the proxy 127.0.0.1:{closed_port} refuses the connection: check HTTPS_PROXY" in line


def test_proxy_may_have_no_scheme(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    line = proxied(sandbox, monkeypatch, f"127.0.0.1:{closed_port}")
    assert f"the proxy 127.0.0.1:{closed_port} refuses the connection" in line


def test_unknown_proxy_is_named(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with resolving(monkeypatch, socket.EAI_NONAME):
        line = proxied(sandbox, monkeypatch, f"http://user:{SECRET}@proxy.example:3128")
    assert "the proxy proxy.example is unknown" in line


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("407 Proxy Authentication Required", "requires a user and a password"),
        ("403 Forbidden", "answered 403"),
        ("503 Service Unavailable", "answered 503"),
    ],
)
def test_proxy_that_does_not_let_through_is_named(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, status: str, cause: str
) -> None:
    with Listener(lambda _: f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n") as proxy:
        line = proxied(sandbox, monkeypatch, f"http://user:{SECRET}@{proxy.address}")
    assert f"the proxy {proxy.address} {cause}" in line


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"htp://user:{SECRET}@proxy.example", "is no URL of a proxy"),
        (f"socks5://user:{SECRET}@proxy.example", "needs PySocks"),
    ],
)
def test_proxy_that_cannot_be_used_is_said_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, url: str, cause: str
) -> None:
    assert cause in proxied(sandbox, monkeypatch, url)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("api_url", "https://pm.example/v4"),
        ("oauth_token_url", "https://login.example/token"),
    ],
)
def test_setting_of_mypreferences_is_named(
    mypreferences: Sandbox, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    make = oauth_config if setting == "oauth_token_url" else signed_config
    config = make(mypreferences, segment_groups=["Newsletter"])
    with resolving(monkeypatch, socket.EAI_NONAME):
        line = only_error(run_tap({"mypreferences": {**config, setting: value}}))
    assert f"is unknown, its name does not resolve: check mypreferences.{setting}" in line


@pytest.mark.parametrize(("status", "words"), [(401, "check {}"), (403, "({} is wrong, or")])
def test_refused_credentials_are_named(both_vendors: Sandbox, status: int, words: str) -> None:
    def refuse(_: str) -> str:
        return f"HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    with Listener(refuse) as server:
        first = sync(both_vendors, api_url=server.url)
        signed = signed_config(both_vendors, api_url=server.url)
        second = run_tap({"mypreferences": signed})
    assert words.format("api_token") in only_error(first)
    assert words.format("mypreferences.shared_secret") in only_error(second)
