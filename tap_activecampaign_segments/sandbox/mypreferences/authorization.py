"""Authorization by a signed header or an OAuth 2.0 token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl

from tap_activecampaign_segments.sandbox.responses import ApiError

from .timestamps import parse_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .preferences import Preferences

_SCHEME = "PNAUTHINFO3-HMAC-SHA256"
_VALIDITY = 15 * 60
"""Seconds for which a signature is valid (documented)."""
_HEADER = re.compile(rf"{_SCHEME} Credential=(.+)/([^/ ]+) Signature=([A-Za-z0-9+/]+=*)")
_FORM_TYPE = "application/x-www-form-urlencoded"


def _sign(secret: str, client_id: str, user_id: str, timestamp: str) -> str:
    """Return the Base64 signature of a request."""
    message = f"{client_id}:{user_id}:{timestamp}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, hashlib.sha256)).decode()


class Authorizer:
    """Checks requests, and issues OAuth tokens."""

    def __init__(self, preferences: Preferences) -> None:
        """Create an authorizer.

        Args:
            preferences: The client, its secrets and its tokens.
        """
        self._preferences = preferences

    def check(self, headers: Mapping[str, str], client_id: str) -> None:
        """Raise a 401 `ApiError` unless the request is signed for the client or has a token."""
        authorization = headers.get("authorization", "")
        scheme, _, rest = authorization.partition(" ")
        if scheme == "Bearer":
            if not self._preferences.accepts_token(rest):
                _reject("the access token is unknown or has expired")
        elif scheme == _SCHEME:
            self._check_signature(authorization, client_id)
        else:
            _reject("an Authorization with one of the known schemes is needed")

    def issue_token(self, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
        """Return the OAuth token response; raises `ApiError` with the OAuth error as pointer."""
        client = self._preferences
        if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
            raise ApiError(HTTPStatus.BAD_REQUEST, f"not {_FORM_TYPE}", "invalid_request")
        if _parse_basic(headers) != (client.oauth_client_id, client.oauth_client_secret):
            challenge = {"WWW-Authenticate": 'Basic realm="MyPreferences"'}
            raise ApiError(
                HTTPStatus.UNAUTHORIZED, "wrong client credentials", "invalid_client", challenge
            )
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) < len(pairs) or form.keys() - {"grant_type", "scope"}:
            raise ApiError(HTTPStatus.BAD_REQUEST, "grant_type and scope", "invalid_request")
        if form.get("grant_type") != "client_credentials":
            raise ApiError(
                HTTPStatus.BAD_REQUEST, "client_credentials only", "unsupported_grant_type"
            )
        if form.get("scope") != f"{client.client_id}/{client.user_id}":
            raise ApiError(HTTPStatus.BAD_REQUEST, "not ClientId/UserId", "invalid_scope")
        return {
            "access_token": client.issue_token(),
            "token_type": "Bearer",
            "expires_in": client.token_lifetime,
        }

    def _check_signature(self, authorization: str, client_id: str) -> None:
        match = _HEADER.fullmatch(authorization)
        if match is None:
            _reject(f"not {_SCHEME} Credential=<UserId>/<timestamp> Signature=<base64>")
        user_id, timestamp, signed = match.groups()
        instant = parse_microseconds(timestamp.removesuffix("Z"))
        if instant is None or not timestamp.endswith("Z"):
            _reject("the timestamp is not ISO 8601 in UTC with Z")
        expected = _sign(self._preferences.shared_secret, client_id, user_id, timestamp)
        if user_id != self._preferences.user_id or not hmac.compare_digest(expected, signed):
            _reject("the signature is wrong")
        age = self._preferences.time() - instant / 1_000_000
        if age < 0:
            _reject("the timestamp lies in the future")
        if age > _VALIDITY:
            _reject("the signature has expired")


def _parse_basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Return user name and password of HTTP Basic, None without."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password


def _reject(detail: str) -> NoReturn:
    challenge = {"WWW-Authenticate": f"{_SCHEME}, Bearer"}
    raise ApiError(HTTPStatus.UNAUTHORIZED, detail, headers=challenge)
