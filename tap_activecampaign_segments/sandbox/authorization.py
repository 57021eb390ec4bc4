"""Who may export: a signed header, or a token of OAuth 2.0."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl

from .answers import RefusedError
from .instants import microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .preferences import Preferences

SCHEME = "PNAUTHINFO3-HMAC-SHA256"
VALIDITY = 15 * 60
_SIGNED = re.compile(rf"{SCHEME} Credential=(.+)/([^/ ]+) Signature=([A-Za-z0-9+/]+=*)")
_FORM = "application/x-www-form-urlencoded"


def signature(secret: str, client_id: str, user_id: str, timestamp: str) -> str:
    """What signs a request, in Base64."""
    message = f"{client_id}:{user_id}:{timestamp}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, hashlib.sha256)).decode()


class Authority:
    """Checks who asks."""

    def __init__(self, preferences: Preferences) -> None:
        """Stand before a client's data."""
        self._preferences = preferences

    def check(self, headers: Mapping[str, str], client_id: str) -> None:
        """Refuse a request that is neither signed for this client nor has a valid token."""
        authorization = headers.get("authorization", "")
        scheme, _, rest = authorization.partition(" ")
        if scheme == "Bearer":
            if not self._preferences.accepts_token(rest):
                _refuse("the access token is unknown or has expired")
        elif scheme == SCHEME:
            self._check_signature(authorization, client_id)
        else:
            _refuse("an Authorization with one of the known schemes is needed")

    def token(self, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
        """Issue a token to whoever asks with the client's credentials."""
        known = self._preferences
        if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"not {_FORM}", "invalid_request")
        if _basic(headers) != (known.oauth_client_id, known.oauth_client_secret):
            challenge = {"WWW-Authenticate": 'Basic realm="MyPreferences"'}
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "wrong client credentials", "invalid_client", challenge
            )
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) < len(pairs) or form.keys() - {"grant_type", "scope"}:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "grant_type and scope", "invalid_request")
        if form.get("grant_type") != "client_credentials":
            raise RefusedError(
                HTTPStatus.BAD_REQUEST, "client_credentials only", "unsupported_grant_type"
            )
        if form.get("scope") != f"{known.client_id}/{known.user_id}":
            raise RefusedError(HTTPStatus.BAD_REQUEST, "not ClientId/UserId", "invalid_scope")
        return {
            "access_token": known.issue_token(),
            "token_type": "Bearer",
            "expires_in": known.token_lifetime,
        }

    def _check_signature(self, authorization: str, client_id: str) -> None:
        found = _SIGNED.fullmatch(authorization)
        if found is None:
            _refuse(f"not {SCHEME} Credential=<UserId>/<timestamp> Signature=<base64>")
        user_id, timestamp, signed = found.groups()
        instant = microseconds(timestamp.removesuffix("Z"))
        if instant is None or not timestamp.endswith("Z"):
            _refuse("the timestamp is not ISO 8601 in UTC with Z")
        expected = signature(self._preferences.shared_secret, client_id, user_id, timestamp)
        if user_id != self._preferences.user_id or not hmac.compare_digest(expected, signed):
            _refuse("the signature is wrong")
        age = self._preferences.time() - instant / 1_000_000
        if age < 0:
            _refuse("the timestamp lies in the future")
        if age > VALIDITY:
            _refuse("the signature has expired")


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """User name and password."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password


def _refuse(detail: str) -> NoReturn:
    challenge = {"WWW-Authenticate": f"{SCHEME}, Bearer"}
    raise RefusedError(HTTPStatus.UNAUTHORIZED, detail, headers=challenge)
