"""Redirects, proxies and netrc: credentials go to the vendor alone."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.secrets import assert_absent, config_of_both, secrets_of
from tests.support.servers import Listener
from tests.support.sync import run_tap, sync

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("operation", ["list", "start", "initiate", "data", "token"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(both_vendors: Sandbox, operation: str, status: int) -> None:
    with Listener() as elsewhere:
        headers = {"Location": f"{elsewhere.url}/{both_vendors.token}"}
        both_vendors.faults.add(
            Fault("status", operation=operation, status=status, headers=headers)
        )
        synced = run_tap(config_of_both(both_vendors, oauth=True))
    assert synced.exit_code == 1
    assert elsewhere.heads == []
    assert f"answered {status} (a redirect, which is never followed" in synced.errors[0]
    assert_absent(synced.log, secrets_of(both_vendors))


def test_netrc_changes_no_credentials(
    both_vendors: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something")
    monkeypatch.setenv("NETRC", str(netrc))
    for oauth in (False, True):
        assert run_tap(config_of_both(both_vendors, oauth=oauth)).exit_code == 0
    assert not any(
        "authorization" in request.headers
        for request in both_vendors.requests
        if "api-token" in request.headers
    )
    basic = base64.b64encode(b"somebody:something").decode()
    assert_absent([dict(request.headers) for request in both_vendors.requests], {basic})


def test_loopback_requests_use_no_proxy(
    both_vendors: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Listener() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        synced = run_tap(config_of_both(both_vendors, oauth=True))
    assert synced.exit_code == 0
    assert proxy.heads == []


def test_https_proxy_sees_only_a_tunnel(
    both_vendors: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener() as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url.replace("//", "//user:pass-word@"))
        synced = sync(both_vendors, api_url="https://example.invalid")
    assert synced.exit_code == 1
    assert {head.split()[0] for head in proxy.heads} == {"CONNECT"}
    assert_absent(proxy.heads, {both_vendors.token})
    assert_absent(synced.log, {both_vendors.token, "pass-word"})
