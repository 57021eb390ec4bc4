"""Secrets: they go to the vendor alone, and nothing that comes out of the tap holds one."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from requests.auth import HTTPBasicAuth
from typing_extensions import Self

from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.http.client import Content
from tap_activecampaign_segments.http.redaction import MASK
from tap_activecampaign_segments.mypreferences.client import Client as PreferencesClient
from tap_activecampaign_segments.mypreferences.exports import Export
from tap_activecampaign_segments.mypreferences.settings import Settings as PreferencesSettings
from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tap_activecampaign_segments.settings import Settings
from tests.http.test_retry import client_of
from tests.mypreferences.test_exports import by_oauth, signed
from tests.support.sync import Sync, config_of, sync, tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.support.sync import SharedClock

SPECIAL = "t+k/e=n%41&'\"\\<8>"
PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"


@pytest.fixture(autouse=True)
def _log_levels() -> Iterator[None]:
    """The tap's process has ended by then: loggers are as they were."""
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "urllib3.connectionpool")]
    levels = [each.level for each in loggers]
    yield
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


def config_of_both(sandbox: Sandbox, *, oauth: bool = False, **settings: Any) -> dict[str, Any]:
    second = by_oauth(sandbox) if oauth else signed(sandbox)
    return {**config_of(sandbox), "mypreferences": second, **settings}


def forms(secret: str) -> set[str]:
    """What a secret looks like, wherever it is quoted."""
    percents = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return {
        secret,
        *percents,
        *(each.replace("%2B", "%2b").replace("%2F", "%2f") for each in percents),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
    }


def secrets_of(sandbox: Sandbox) -> set[str]:
    """Everything that opens something, in every form."""
    preferences = sandbox.preferences
    sent = {
        request.headers[name].split()[-1].removeprefix("Signature=")
        for request in sandbox.requests
        for name in ("authorization", "api-token")
        if name in request.headers
    }
    known = {sandbox.token, preferences.shared_secret, preferences.oauth_client_secret}
    tokens = {str(each.token) for each in preferences.exports}
    return {form for secret in known | sent | tokens for form in forms(secret)}


def assert_unsaid(said: object, secrets: Iterable[str]) -> None:
    found = [secret for secret in secrets if secret in str(said)]
    assert not found, said


def without_states(synced: Sync) -> str:
    return json.dumps([each for each in synced.messages if each["type"] != "STATE"])


def authorization_of(head: str) -> list[str]:
    [line] = [line for line in head.splitlines() if line.startswith("Authorization: ")]
    return line.split()[1:]


def refusal(title: str) -> str:
    body = json.dumps({"errors": [{"title": title}]})
    return f"HTTP/1.1 409 Conflict\r\nContent-Length: {len(body)}\r\n\r\n{body}"


class Listener:
    """A server that keeps what it was sent, and may speak TLS."""

    def __init__(
        self,
        answer: Callable[[str], str] = lambda _: refusal("no"),
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._answer = answer
        self._context = context
        self.heads: list[str] = []

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"{'https' if self._context else 'http'}://{self.address}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            head = b""
            while b"\r\n\r\n" not in head and (chunk := connection.recv(4096)):
                head += chunk
            if head:
                self.heads.append(head.decode())
                connection.sendall(self._answer(head.decode()).encode())


# The log.


@pytest.mark.parametrize("oauth", [False, True], ids=["signed", "oauth"])
@pytest.mark.parametrize("way", ["TAP_LOGLEVEL", "LOGLEVEL", "SINGER_SDK_LOG_CONFIG"])
def test_no_secret_is_on_the_log_at_any_level_or_with_a_target(
    both: Sandbox, tmp_path: Path, *, oauth: bool, way: str
) -> None:
    for operation in ("start", "data", "commit"):
        both.faults.add(Fault("status", operation=operation, status=500))
    both.faults.add(Fault("reset", operation="status", times=1))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_of_both(both, oauth=oauth)))
    log_config = tmp_path / "logging.json"
    loggers = ("urllib3", "urllib3.connectionpool", "requests", "tap_activecampaign_segments")
    log_config.write_text(
        json.dumps(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"error": {"class": "logging.StreamHandler"}},
                "root": {"level": "DEBUG", "handlers": ["error"]},
                "loggers": {name: {"level": "DEBUG"} for name in loggers},
            }
        )
    )
    environment = {
        "TAP_LOGLEVEL": {f"{PREFIX}LOGLEVEL": "DEBUG"},
        "LOGLEVEL": {"LOGLEVEL": "DEBUG"},
        "SINGER_SDK_LOG_CONFIG": {"SINGER_SDK_LOG_CONFIG": str(log_config)},
    }[way]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.support.fast_tap", "--config", str(config)],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    assert "trying again" in done.stderr
    secrets = secrets_of(both)
    assert_unsaid(done.stderr, secrets)
    lines = [line for line in done.stdout.splitlines() if '"type":"STATE"' not in line]
    assert any('"segment_group_profiles"' in line for line in lines)
    assert_unsaid("\n".join(lines), secrets)


@pytest.mark.parametrize("form", sorted(forms(SPECIAL)))
def test_a_key_that_the_server_repeats_is_masked_in_every_form(
    both: Sandbox, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(Account, "token", SPECIAL)
    body = json.dumps({"errors": [{"title": f"bad «{form}»", "detail": f"{form}: no"}]})
    headers = {"X-Key": "".join(each for each in form if each.isascii())}
    both.faults.add(Fault("status", operation="start", status=409, body=body, headers=headers))
    synced = sync(both)
    [line] = synced.errors
    assert f"(bad «{MASK}»: {MASK}: no)" in line
    assert_unsaid(synced.log, forms(SPECIAL))


@pytest.mark.parametrize("oauth", [False, True], ids=["signed", "oauth"])
def test_whatever_a_request_was_signed_with_is_masked_when_the_server_repeats_it(
    both: Sandbox, *, oauth: bool
) -> None:
    def repeat(head: str) -> str:
        sent = authorization_of(head)
        secrets = " ".join(sorted(forms(sent[-1].removeprefix("Signature="))))
        return refusal(f"wrong: {' '.join(sent)} {secrets}")

    with Listener(repeat) as elsewhere:
        config = config_of_both(both, oauth=oauth)
        config["mypreferences"]["api_url"] = elsewhere.url
        synced = tap(config)
    [head] = elsewhere.heads
    [line] = [each for each in synced.errors if "Newsletter" in each]
    assert "(wrong: " in line
    assert_unsaid(synced.log, forms(authorization_of(head)[-1].removeprefix("Signature=")))


def test_a_clients_credentials_are_masked_when_the_server_of_tokens_repeats_them(
    both: Sandbox,
) -> None:
    with Listener(lambda head: refusal(" ".join(authorization_of(head)))) as elsewhere:
        config = config_of_both(both, oauth=True)
        config["mypreferences"]["oauth_token_url"] = elsewhere.url
        synced = tap(config)
    [head] = elsewhere.heads
    assert f"(Basic {MASK})" in synced.errors[0]
    assert_unsaid(synced.log, {authorization_of(head)[-1]})


@pytest.mark.parametrize("token", ["e", "API", "7"])
def test_a_short_key_garbles_no_message(
    both: Sandbox, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setattr(Account, "token", token)
    body = json.dumps({"errors": [{"title": f"the key '{token}' is weak, see APIs, 17"}]})
    both.faults.add(Fault("status", operation="start", status=409, body=body))
    [line] = sync(both).errors
    assert f"answered 409 (the key '{MASK}' is weak, see APIs, 17)" in line
    assert "segmentMatchAll" in line


# Errors, and what else comes out.


@pytest.mark.parametrize("kind", ["status", "reset", "redirect", "cut", "unreachable"])
def test_no_error_carries_a_secret_nor_does_what_caused_it(
    both: Sandbox, clock: SharedClock, kind: str
) -> None:
    to = {"api_url": "http://127.0.0.1:1"} if kind == "unreachable" else {}
    second = PreferencesSettings.of(signed(both, **to))
    callers: list[Callable[[], object]] = [
        lambda: client_of(both, clock, **to).get("audiences"),
        lambda: PreferencesClient(second, clock, 5, logging.getLogger("test")).status("tok/en+1"),
    ]
    for call, secret in zip(callers, (both.token, second.shared_secret), strict=True):
        both.faults.clear()
        if not to:
            both.faults.add(Fault(kind, times=None, body=json.dumps({"message": secret})))
        with pytest.raises(TapError) as caught:
            call()
        error: BaseException | None = caught.value
        while error is not None:
            assert_unsaid(repr(error), secrets_of(both) | forms("tok/en+1"))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_nothing_that_holds_a_secret_shows_it(both: Sandbox, clock: SharedClock) -> None:
    second = PreferencesSettings.of(by_oauth(both, shared_secret="a shared secret"))
    first = Settings.of({**config_of(both), "mypreferences": signed(both)})
    http = PreferencesClient(second, clock, 5, logging.getLogger("test"))
    export = Export("export token", "2026-01-01T00:00:00.000000Z", None, "wish")
    content = Content("GET", "https://x/export%20token", auth=HTTPBasicAuth("x", "a password"))
    for each in (first, second, http, vars(http), client_of(both, clock), export, content):
        shown = repr(each) + str(each)
        assert_unsaid(
            shown,
            {*secrets_of(both), "a shared secret", "export token", "export%20token", "a password"},
        )


@pytest.mark.parametrize(
    "options",
    [
        ["--about"],
        ["--about", "--format=json"],
        ["--about", "--format=markdown"],
        ["--discover", "--config=ENV"],
        ["--test", "--config=ENV"],
        ["--config=ENV"],
    ],
    ids=" ".join,
)
def test_secrets_from_the_environment_come_out_nowhere(both: Sandbox, options: list[str]) -> None:
    config = config_of_both(both)
    environment = {
        f"{PREFIX}{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.support.fast_tap", *options],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "LOGLEVEL": "DEBUG", **environment},
    )
    assert_unsaid(done.stdout + done.stderr, {both.token, both.preferences.shared_secret})


def test_no_file_of_a_batch_and_no_state_holds_a_key(both: Sandbox, tmp_path: Path) -> None:
    batch = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri(), "prefix": ""},
    }
    synced = tap(config_of_both(both, batch_config=batch))
    assert synced.exit_code == 0
    files = [*tmp_path.iterdir()]
    assert files
    keys = {both.token, both.preferences.shared_secret}
    assert_unsaid(synced.messages, {form for key in keys for form in forms(key)})
    tokens = {str(each.token) for each in both.preferences.exports}
    for file in files:
        content = gzip.decompress(file.read_bytes()).decode()
        assert_unsaid(content, {form for each in keys | tokens for form in forms(each)})


@pytest.mark.parametrize("as_batch", [False, True], ids=["records", "batches"])
def test_what_a_stream_map_hides_is_in_no_message_file_or_line(
    both: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, as_batch: bool
) -> None:
    monkeypatch.setenv("LOGLEVEL", "DEBUG")
    config = config_of_both(both)
    config["stream_map_config"] = {"salt": "sesame-in-a-setting"}
    config["stream_maps"] = {
        "segment_group_profiles": {
            "ProfileId": "sha256(str(ProfileId) + config['salt'] + 'sesame-in-an-expression')",
            "__filter__": "'sesame-in-a-filter' != str(ProfileId)",
            "Emails": None,
            "PhoneNumbers": None,
            "CustomerName": "__NULL__",
        }
    }
    if as_batch:
        config["batch_config"] = {
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": tmp_path.as_uri(), "params": {"auto_mkdir": True}},
        }
    synced = tap(config)
    assert synced.exit_code == 0
    [group] = both.preferences.groups
    hidden = {"sesame", "@", *(each["CustomerName"]["Last"] for each in group.profiles)}
    said = [synced.log, *map(json.dumps, synced.messages)]
    said += [gzip.decompress(each.read_bytes()).decode() for each in tmp_path.iterdir()]
    assert len("".join(said).split('"ProfileId"')) > 3
    for each in said:
        assert_unsaid(each, hidden)


def test_secrets_from_a_dotenv_file_come_out_nowhere(
    both: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        f"{PREFIX}{name.upper()}='{value if isinstance(value, str) else json.dumps(value)}'"
        for name, value in config_of_both(both).items()
    ]
    (tmp_path / ".env").write_text("\n".join(lines))
    monkeypatch.setattr(
        "singer_sdk.configuration._dict_config.find_dotenv", lambda: str(tmp_path / ".env")
    )
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", {**os.environ, "LOGLEVEL": "DEBUG"})
        synced = tap({}, "--config=ENV")
    assert synced.exit_code == 0
    assert len(synced.records("segment_group_profiles")) == 3
    keys = {both.token, both.preferences.shared_secret}
    assert_unsaid(synced.log, {form for key in keys for form in forms(key)})


# Settings.


@pytest.mark.parametrize(
    "content",
    [
        '{"api_token": "the-key-itself", }',
        '["the-key-itself"]',
        '"the-key-itself"',
        '{"api_token": ["the-key-itself"]}',
        '{"api_token": {"the-key-itself": 1}}',
        '{"api_token": "the-key-itself\\n"',
        '{"api_token": "the-key-itself\\u0000"}',
        '{"api_token": "the-key-itself\\nX-Header: 1"}',
        '{"api_token": "the-key-itself\u20ac"}',
        '{"api_url": "https://the-key-itself@example.com", "api_token": "the-key-itself"}',
        '{"api_url": "https://example.com?key=the-key-itself", "api_token": "the-key-itself"}',
        '{"api_url": "the-key-itself", "api_token": "the-key-itself"}',
        '{"mypreferences": "the-key-itself"}',
        '{"mypreferences": {"shared_secret": ["the-key-itself"]}}',
        '{"mypreferences": {"shared_secret": "the-key-itself\\n"}}',
    ],
)
def test_a_fault_of_the_settings_does_not_quote_them(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content, encoding="utf-8")
    synced = tap({}, f"--config={file}")
    assert synced.exit_code in {1, 2}
    assert synced.messages == []
    assert_unsaid(synced.log, {"the-key-itself", "Traceback"})


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "absent.json"):
        synced = tap({}, f"--config={file}")
        assert synced.exit_code == 2
        assert file.name in synced.log
        assert "Traceback" not in synced.log


@pytest.mark.parametrize("name", ["client_id", "user_id", "shared_secret"])
@pytest.mark.parametrize("value", ["two\nlines", "\x1b[31m", "  ", "bell\a"])
def test_text_that_nobody_could_send_is_a_fault(both: Sandbox, name: str, value: str) -> None:
    synced = tap({"mypreferences": signed(both, **{name: value})})
    assert synced.exit_code == 1
    assert f"mypreferences.{name}: " in synced.errors[0]
    assert both.requests == []


def test_secrets_may_have_any_letters(both: Sandbox) -> None:
    both.preferences.shared_secret = "clé / + % € \"'"
    both.preferences.oauth_client_secret = "clé / + % € \"'"
    for oauth in (False, True):
        assert tap(config_of_both(both, oauth=oauth)).exit_code == 0


# Where requests go.


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
def test_an_address_to_which_no_secret_may_go_is_a_fault(
    both: Sandbox, url: str, setting: str
) -> None:
    config = config_of_both(both, oauth=True)
    if setting == "api_url":
        config["api_url"] = url
    else:
        config["mypreferences"][setting.rpartition(".")[2]] = url
    synced = tap(config)
    assert synced.exit_code == 1
    assert setting in synced.errors[0]
    assert both.requests == []
    assert "evil" not in synced.log


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1"])
def test_this_machine_may_be_asked_in_the_clear(both: Sandbox, host: str) -> None:
    url = both.url.replace("127.0.0.1", host)
    assert sync(both, api_url=url, streams={"segments"}).exit_code == 0


@pytest.mark.parametrize("operation", ["list", "start", "initiate", "data", "token"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(both: Sandbox, operation: str, status: int) -> None:
    with Listener() as elsewhere:
        headers = {"Location": f"{elsewhere.url}/{both.token}"}
        both.faults.add(Fault("status", operation=operation, status=status, headers=headers))
        synced = tap(config_of_both(both, oauth=True))
    assert synced.exit_code == 1
    assert elsewhere.heads == []
    assert f"answered {status} (a redirect, which is never followed" in synced.errors[0]
    assert_unsaid(synced.log, secrets_of(both))


def test_a_netrc_file_changes_and_adds_no_credentials(
    both: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something")
    monkeypatch.setenv("NETRC", str(netrc))
    for oauth in (False, True):
        assert tap(config_of_both(both, oauth=oauth)).exit_code == 0
    assert not any(
        "authorization" in request.headers
        for request in both.requests
        if "api-token" in request.headers
    )
    basic = base64.b64encode(b"somebody:something").decode()
    assert_unsaid([dict(request.headers) for request in both.requests], {basic})


def test_what_goes_to_this_machine_in_the_clear_goes_to_no_proxy(
    both: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Listener() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        synced = tap(config_of_both(both, oauth=True))
    assert synced.exit_code == 0
    assert proxy.heads == []


def test_a_proxy_of_https_is_asked_for_a_tunnel_and_told_nothing_else(
    both: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener() as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url.replace("//", "//user:pass-word@"))
        synced = sync(both, api_url="https://example.invalid")
    assert synced.exit_code == 1
    assert {head.split()[0] for head in proxy.heads} == {"CONNECT"}
    assert_unsaid(proxy.heads, {both.token})
    assert_unsaid(synced.log, {both.token, "pass-word"})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody vouches for, with its key."""
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


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_server_with_an_untrusted_certificate_gets_nothing(
    both: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An empty value switches nothing off.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHONHTTPSVERIFY"):
        monkeypatch.setenv(name, "")
    with Listener(context=context_of(certificate)) as stranger:
        first = sync(both, api_url=stranger.url)
        second = tap({"mypreferences": signed(both, api_url=stranger.url)})
        oauth = {**by_oauth(both), "oauth_token_url": stranger.url}
        third = tap({"mypreferences": oauth})
    assert stranger.heads == []
    for synced in (first, second, third):
        assert synced.exit_code == 1
        [line] = synced.errors
        assert "the certificate is not trusted (see REQUESTS_CA_BUNDLE)" in line
        assert synced.warnings == []
        assert "Traceback" not in synced.log


def test_a_certificate_for_another_host_is_not_trusted(
    both: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Listener(context=context_of(certificate)) as stranger:
        synced = sync(both, api_url=stranger.url.replace("127.0.0.1", "localhost"))
    assert stranger.heads == []
    assert "the certificate is not trusted" in synced.errors[0]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_company_may_vouch_for_its_own_certificates(
    both: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(certificate))

    def listing(_: str) -> str:
        body = json.dumps({"data": [{"id": "one", "attributes": {"name": "VIP"}}]})
        return f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    with Listener(listing, context_of(certificate)) as company:
        synced = sync(both, api_url=company.url, streams={"segments"})
    assert synced.exit_code == 0
    assert [row["name"] for row in synced.records("segments")] == ["VIP"]
    assert f"Api-Token: {both.token}" in company.heads[0]


# Ids in paths, and names on the log.

HOSTILE = [
    "../audiences",
    "a/b",
    "a?sort=x",
    "a#b",
    "%2e%2e",
    "%2F..%2F",
    "..\\..",
    "...",
    "a\r\nX-Header: 1",
    "\x00\x1b",
    "ünï/cødé",
    "a;b=c&d",
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_an_id_stays_one_part_of_the_path(both: Sandbox, hostile: str) -> None:
    segment = both.account.add_segment("odd", [7], segment_id=hostile)
    synced = sync(both, segment_ids=[hostile])
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [7]
    allowed = {"audiences", "segmentMatchAll", "segmentsV2"}
    for request in both.requests:
        if request.path == "/api/3/users/me":
            continue
        parts = request.path.split("/")
        assert parts[:3] == ["", "api", "3"]
        assert parts[3] in allowed
        assert len(parts) <= 4 or parts[4] in {quote(hostile, safe=""), "count-history"}
    assert segment.runs


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_a_segment_group_stays_one_part_of_the_path(both: Sandbox, hostile: str) -> None:
    both.preferences.add_group(hostile, 3)
    synced = tap({"mypreferences": signed(both, segment_groups=[hostile])})
    assert synced.exit_code == 0, synced.log
    assert both.requests[0].path.endswith(f"/Export/SegmentGroup/{quote(hostile, safe='')}")


@pytest.mark.parametrize("hostile", ["..", ".", "../../audiences", "%2e%2e/x", "a?b#c"])
def test_a_run_id_of_an_answer_or_a_state_leads_nowhere_else(both: Sandbox, hostile: str) -> None:
    first = sync(both)
    state = json.loads(
        json.dumps(first.state).replace(both.account.segments[0].runs[0].run_id, "THE RUN")
    )
    state = json.loads(json.dumps(state).replace('"THE RUN"', json.dumps(hostile)))
    both.clear_requests()

    def rename(answer: dict[str, Any]) -> dict[str, Any]:
        answer["data"][0]["attributes"].update(run_id=hostile, is_ready=False, run_id_end=None)
        return answer

    assert hostile in json.dumps(state)
    sync(both, state=state)
    both.faults.add(Fault("edit", operation="start", answer=rename, times=None))
    synced = sync(both, run_timeout=10)
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    segment_id = both.account.segments[0].segment_id
    for request in both.requests:
        if "/segmentMatchAll/" in request.path:
            _, _, rest = request.path.partition(f"/api/3/segmentMatchAll/{segment_id}")
            assert rest in {"", f"/{both.account.segments[0].runs[-1].run_id}"} or rest == (
                f"/{quote(hostile, safe='')}"
            )
            assert rest.count("/") <= 1
            assert rest not in {"/.", "/.."}


@pytest.mark.parametrize("token", ["..", "../Commit/1", "a?b", "a/b"])
def test_an_export_token_stays_one_part_of_the_path(both: Sandbox, token: str) -> None:
    def rename(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "AccessToken": token}

    both.faults.add(Fault("edit", operation="initiate", answer=rename, times=None))
    synced = tap({"mypreferences": signed(both)})
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    asked = {request.path for request in both.requests if request.method == "GET"}
    client = both.preferences.client_id
    assert {path.partition(f"/Async/{client}/Export/")[2] for path in asked} <= {
        f"{quote(token, safe='')}/Status"
    }


def test_an_id_that_is_no_text_fails_with_one_line(both: Sandbox) -> None:
    synced = sync(both, segment_ids=["\ud800"])
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    assert r"'\ud800' cannot be part of an address" in synced.errors[0]


ODD = "VIP\n2026-01-01 | ERROR | \x1b[31mred\r\x85\u2028end"


def test_no_word_of_others_breaks_a_line_of_the_log_or_colours_it(both: Sandbox) -> None:
    def fail(answer: dict[str, Any]) -> dict[str, Any]:
        facts = answer["data"][0]["attributes"]
        facts.update(run_id=ODD, is_ready=False, run_id_end=facts["run_id_start"])
        return answer

    title = json.dumps({"errors": [{"title": ODD, "detail": ODD}]})
    both.account.add_segment(ODD, [1, 2], segment_id=ODD)
    slow = both.account.add_segment("slow", [1, 2], evaluation_seconds=100)
    both.preferences.add_group(ODD, 3)
    for status in (503, 409):
        both.faults.add(
            Fault("status", "start", status=status, body=title, segment_id=slow.segment_id)
        )
    both.faults.add(Fault("status", "initiate", status=409, body=title))
    both.faults.add(
        Fault("status", operation="count_history", status=409, body=title, segment_id=ODD)
    )
    both.faults.add(Fault("edit", operation="start", answer=fail, segment_id=ODD))
    synced = tap(config_of_both(both, segment_names=[ODD.lower(), "*"], segment_ids=[ODD + "x"]))
    assert synced.exit_code == 1
    lines = synced.log.split("\n")
    assert all(line[:2] == "20" and line[10:11] == " " for line in lines if line)
    assert all(each.isprintable() for line in lines for each in line)
    assert not any(line.startswith("2026-01-01 | ERROR") for line in lines)
    assert any("failed at ActiveCampaign; evaluating it again" in line for line in lines)
