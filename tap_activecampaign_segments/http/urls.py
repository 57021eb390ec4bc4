"""URLs of APIs, as users paste them."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from tap_activecampaign_segments.errors import TapError


def quote_path_part(text: str) -> str:
    """Return an id percent-encoded as one part of a path.

    Example:
        >>> quote_path_part("a/b?c")
        'a%2Fb%3Fc'

    Raises:
        TapError: It would change the path (empty, ``.`` or ``..``) or cannot be encoded.
    """
    if text not in {"", ".", ".."}:
        with suppress(UnicodeEncodeError):
            return quote(text, safe="")
    msg = f"{text!r} cannot be part of an address"
    raise TapError(msg)


def url_error(value: str) -> str | None:
    """Return what is wrong with an API's URL, None if it is valid.

    Example:
        >>> url_error("http://x.api-us1.com")
        'must begin with https:// (http is for loopback hosts alone)'
    """
    try:
        url = urlsplit(value.strip())
        host = url.hostname
        _ = url.port
    except ValueError:
        return "is no URL"
    if not value.strip().isprintable() or {" ", "\\"} & set(value.strip()):
        return "contains characters that no URL has"
    if url.scheme not in {"https", "http"} or not host:
        return "must be a URL that begins with https://"
    if "@" in url.netloc or url.query or url.fragment:
        return "must be the plain address, without user, query or fragment"
    if url.scheme == "http" and not _is_loopback(host):
        return "must begin with https:// (http is for loopback hosts alone)"
    return None


def is_loopback_url(value: str) -> bool:
    """Return whether a valid URL is one of this machine."""
    return _is_loopback(urlsplit(value.strip()).hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
