"""What a failed connection means: the cause, and what to check."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL
from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

from tap_activecampaign_segments.errors import ConnectError, RequestError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

E = TypeVar("E", bound=BaseException)

DEFAULT_PORTS = {"https": 443, "http": 80}
CA_BUNDLE = "REQUESTS_CA_BUNDLE"
PROXY = "HTTPS_PROXY"
PROXY_ANSWER = re.compile(r"Tunnel connection failed: (\d{3})")
"""How the HTTP library tells what a proxy answered."""


@dataclass(frozen=True)
class Server:
    """Where a connection should have led.

    Attributes:
        kind: "host" or "proxy".
        host: Its name or address.
        port: Its port.
        setting: The setting that names it.
    """

    kind: str
    host: str
    port: int
    setting: str

    @classmethod
    def from_url(cls, kind: str, url: str, setting: str) -> Server:
        """Return the server of a URL, without the password that may be in it."""
        parts = urlsplit(url)
        return cls(kind, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme], setting)

    def __str__(self) -> str:
        """Return the form used in messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"the {self.kind} {host}:{self.port}"


def to_connection_error(  # noqa: PLR0913
    error: Exception, name: str, *, url: str, url_setting: str, timeout: float, is_first: bool
) -> RequestError:
    """Return the error that a request without a response means.

    Args:
        error: What the HTTP library raised.
        name: The request, for the message.
        url: Its URL.
        url_setting: The setting that the URL comes from.
        timeout: Its time-out, in seconds.
        is_first: Whether no response came from there before. Then a host that is unknown, and one
            that does not speak TLS, mean that the setting is wrong; later, that the network is.

    Returns:
        A `ConnectError` if nothing was sent and the cause may pass, a `TransientError` if the
        connection broke, a plain `RequestError` if the cause is a setting.
    """
    causes = [*_causes(error)]
    server = Server.from_url("host", url, url_setting)
    if sentence := _describe_wrong_setting(causes, server):
        return RequestError(f"{name}: {sentence}")
    if _find(causes, urllib3.exceptions.ProxyError):
        proxy = select_proxy(url, get_environ_proxies(url)) or ""
        proxy = prepend_scheme_if_needed(proxy, "http")  # type: ignore[no-untyped-call]
        server = Server.from_url("proxy", proxy, PROXY)
    if sentence := _describe_failed_connection(causes, server, timeout, is_first=is_first):
        error_type = RequestError if _is_lasting(causes, is_first=is_first) else ConnectError
        return error_type(f"{name} broke off: {sentence}: check {server.setting}")
    if _find(causes, requests.Timeout, urllib3.exceptions.TimeoutError):
        return TransientError(f"{name} took longer than {timeout:g} s (see request_timeout)")
    reason = "the connection ended before the response was complete"
    return TransientError(f"{name} broke off: {reason}")


def _describe_wrong_setting(causes: list[BaseException], server: Server) -> str | None:
    """Return what is wrong with a setting, None if a connection was tried."""
    if _find(causes, InvalidSchema):
        return f"a SOCKS proxy in {PROXY} needs PySocks: pip install PySocks"
    if _find(causes, InvalidProxyURL, urllib3.exceptions.ProxySchemeUnknown):
        return f"{PROXY} is no URL of a proxy: check it"
    if _find(causes, InvalidURL, urllib3.exceptions.LocationValueError, UnicodeError):
        return f"{server.host} is no name of a host: check {server.setting}"
    if certificate := _find(causes, ssl.SSLCertVerificationError):
        flaw = certificate.verify_message or "verification failed"
        return f"the certificate is not trusted (see {CA_BUNDLE}): {flaw} at {server}"
    # The HTTP library has no types of its own for these.
    is_missing = any("TLS CA certificate" in str(each) for each in causes if type(each) is OSError)
    tls = _find(causes, ssl.SSLError)
    if is_missing or (tls and tls.library in {"X509", "PEM"}):
        return f"{CA_BUNDLE} names no file of certificates: check it"
    return None


def _describe_failed_connection(  # noqa: PLR0911
    causes: list[BaseException], server: Server, timeout: float, *, is_first: bool
) -> str | None:
    """Return why no connection was made, None if one was."""
    if answer := _find_proxy_answer(causes):
        if answer == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return f"{server} requires a user and a password"
        return f"{server} answered {answer}"
    if _find(causes, socket.gaierror):
        return f"the {server.kind} {server.host} is unknown, its name does not resolve"
    if _find(causes, ConnectionRefusedError):
        return f"{server} refuses the connection"
    if _find(causes, requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError):
        return f"{server} accepts no connection within {timeout:g} s"
    if is_first and (tls := _find(causes, ssl.SSLError)):
        reason = (tls.reason or "unknown reason").replace("_", " ").lower()
        return f"{server} does not speak TLS as expected ({reason})"
    if server.kind == "proxy":
        return f"{server} makes no connection"
    if unreachable := _find(causes, urllib3.exceptions.NewConnectionError):
        reason = getattr(unreachable.__cause__, "strerror", None) or "no connection"
        return f"{server} cannot be reached ({reason})"
    return None


def _is_lasting(causes: list[BaseException], *, is_first: bool) -> bool:
    """Return whether another try cannot succeed."""
    if answer := _find_proxy_answer(causes):
        return answer < HTTPStatus.INTERNAL_SERVER_ERROR
    name, tls = _find(causes, socket.gaierror), _find(causes, ssl.SSLError)
    if name:
        return is_first and name.errno != socket.EAI_AGAIN
    return is_first and tls is not None and not isinstance(tls, ssl.SSLEOFError)


def _find_proxy_answer(causes: list[BaseException]) -> int | None:
    """Return the HTTP status of a proxy that makes no connection, None if it sent none."""
    answers = (PROXY_ANSWER.search(str(each)) for each in causes if type(each) is OSError)
    return next((int(each[1]) for each in answers if each), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _find(causes: list[BaseException], *types: type[E]) -> E | None:
    return next((each for each in causes if isinstance(each, types)), None)
