"""TLS: certificates are verified before anything is sent."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.mypreferences import oauth_config, signed_config
from tests.support.servers import Listener
from tests.support.sync import run_tap, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key."""
    program = shutil.which("openssl")
    assert program, "these tests need the program openssl"
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    subprocess.run(  # noqa: S603
        [
            *(program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", file),
        ],
        check=True,
        capture_output=True,
    )
    return file


def test_untrusted_server_receives_nothing(
    both_vendors: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An empty value disables nothing.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHONHTTPSVERIFY"):
        monkeypatch.setenv(name, "")
    with Listener(context=context_of(certificate)) as stranger:
        first = sync(both_vendors, api_url=stranger.url)
        second = run_tap({"mypreferences": signed_config(both_vendors, api_url=stranger.url)})
        oauth = {**oauth_config(both_vendors), "oauth_token_url": stranger.url}
        third = run_tap({"mypreferences": oauth})
    assert stranger.heads == []
    for synced in (first, second, third):
        assert synced.exit_code == 1
        [line] = synced.errors
        assert "the certificate is not trusted (see REQUESTS_CA_BUNDLE)" in line
        assert synced.warnings == []
        assert "Traceback" not in synced.log


def test_certificate_for_another_host_is_rejected(
    both_vendors: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Listener(context=context_of(certificate)) as stranger:
        synced = sync(both_vendors, api_url=stranger.url.replace("127.0.0.1", "localhost"))
    assert stranger.heads == []
    assert "the certificate is not trusted" in synced.errors[0]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_custom_ca_bundle_is_trusted(
    both_vendors: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(certificate))

    def listing(_: str) -> str:
        body = json.dumps({"data": [{"id": "one", "attributes": {"name": "VIP"}}]})
        return f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    with Listener(listing, context_of(certificate)) as company:
        synced = sync(both_vendors, api_url=company.url, streams={"segments"})
    assert synced.exit_code == 0
    assert [row["name"] for row in synced.records("segments")] == ["VIP"]
    assert f"Api-Token: {both_vendors.token}" in company.heads[0]
