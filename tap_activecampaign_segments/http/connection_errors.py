"""What a failed connection means: the cause, and what to check."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies, select_proxy

from tap_activecampaign_segments.errors import ConnectError, RequestError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

DEFAULT_PORTS = {"https": 443, "http": 80}
CA_BUNDLE = "REQUESTS_CA_BUNDLE"
PROXY = "HTTPS_PROXY"


def to_connection_error(  # noqa: PLR0911, PLR0913
    error: Exception, name: str, *, url: str, url_setting: str, timeout: float, is_first: bool
) -> RequestError:
    """Return the error that an unanswered request means. The caller decides on the retries.

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
    kind, address, setting = "host", _host_and_port(urlsplit(url)), url_setting
    if _find(causes, requests.exceptions.InvalidSchema):
        return RequestError(f"{name}: a SOCKS proxy in {PROXY} needs PySocks: pip install PySocks")
    if _find(causes, requests.exceptions.InvalidURL):
        return RequestError(f"{name}: {PROXY} is no URL of a proxy: check it")
    if certificate := _find(causes, ssl.SSLCertVerificationError):
        advice = f"{certificate.verify_message or 'verification failed'} at {address}"
        return RequestError(f"{name}: the certificate is not trusted (see {CA_BUNDLE}): {advice}")
    if _is_missing_ca_bundle(error):
        return RequestError(f"{name}: {CA_BUNDLE} names no file of certificates: check it")
    if _find(causes, urllib3.exceptions.ProxyError):
        kind, address, setting = "proxy", _proxy_of(url), PROXY
        if any("407" in str(each) for each in causes if type(each) is OSError):
            advice = f"the proxy {address} requires a user and a password"
            return RequestError(f"{name}: {advice}: check {PROXY}")
    if sentence := _describe_cause(causes, kind, address, timeout, is_first=is_first):
        error_type = RequestError if is_first and _is_lasting(causes) else ConnectError
        return error_type(f"{name} broke off: {sentence}: check {setting}")
    if _find(causes, requests.Timeout, urllib3.exceptions.TimeoutError):
        return TransientError(f"{name} took longer than {timeout:g} s (see request_timeout)")
    return TransientError(
        f"{name} broke off: the connection ended before the response was complete"
    )


def _describe_cause(  # noqa: PLR0911
    causes: list[BaseException], kind: str, address: str, timeout: float, *, is_first: bool
) -> str | None:
    """Return why no connection was made, None if one was."""
    server = f"the {kind} {address}"
    if _find(causes, socket.gaierror):
        return f"the {kind} {address.rpartition(':')[0]} is unknown, its name does not resolve"
    if _find(causes, ConnectionRefusedError):
        return f"{server} refuses the connection"
    if _find(causes, requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError):
        return f"{server} accepts no connection within {timeout:g} s"
    if is_first and (tls := _find(causes, ssl.SSLError)):
        reason = (tls.reason or "unknown reason").replace("_", " ").lower()
        return f"{server} does not speak TLS as expected ({reason})"
    if kind == "proxy":
        return f"{server} makes no connection"
    if unreachable := _find(causes, urllib3.exceptions.NewConnectionError):
        reason = getattr(unreachable.__cause__, "strerror", None) or "no connection"
        return f"{server} cannot be reached ({reason})"
    return None


def _is_lasting(causes: list[BaseException]) -> bool:
    """Return whether a cause that nothing contradicts will not pass."""
    name, tls = _find(causes, socket.gaierror), _find(causes, ssl.SSLError)
    if name:
        return bool(name.errno != socket.EAI_AGAIN)
    return tls is not None and not isinstance(tls, ssl.SSLEOFError)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _find(causes: list[BaseException], *types: type) -> Any:
    return next((each for each in causes if isinstance(each, types)), None)


def _is_missing_ca_bundle(error: Exception) -> bool:
    # The HTTP library has no type of its own for it.
    return type(error) is OSError and "TLS CA certificate" in str(error)


def _host_and_port(url: SplitResult) -> str:
    return f"{url.hostname}:{url.port or DEFAULT_PORTS.get(url.scheme, '')}"


def _proxy_of(url: str) -> str:
    """Return host and port of the proxy for a URL, without the password that may be in it."""
    proxy: str = select_proxy(url, get_environ_proxies(url)) or ""
    return _host_and_port(urlsplit(proxy))
