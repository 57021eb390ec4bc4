"""The two ways to authorize requests to MyPreferences: a signature, or an OAuth token."""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from requests.auth import AuthBase, HTTPBasicAuth

from tap_activecampaign_segments.errors import (
    ForbiddenError,
    MalformedResponseError,
    RequestError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from requests import PreparedRequest

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.client import HttpClient
    from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings

BACKDATED_BY = timedelta(seconds=5)
"""Signatures are dated this long ago, because those of the future are rejected (documented)."""
RENEWAL_MARGIN = 60
"""Seconds before its expiry at which a token is renewed."""


class SignatureAuth(AuthBase):
    """Signs each request with the account's shared secret.

    The formula is not documented; it was seen in third-party code.
    """

    def __init__(self, client_id: str, user_id: str, shared_secret: str, clock: Clock) -> None:
        """Create the credentials.

        Args:
            client_id: The account.
            user_id: The API user.
            shared_secret: The key of the signature.
            clock: Time source.
        """
        self._client_id = client_id
        self._user_id = user_id
        self._shared_secret = shared_secret
        self._clock = clock

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = self.build_header(self._clock.now() - BACKDATED_BY)
        return request

    def build_header(self, at: datetime) -> str:
        """Return the ``Authorization`` header of a request.

        Args:
            at: When it is signed, UTC.
        """
        timestamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        message = f"{self._client_id}:{self._user_id}:{timestamp}"
        digest = hmac.new(self._shared_secret.encode(), message.encode(), hashlib.sha256).digest()
        return (
            f"PNAUTHINFO3-HMAC-SHA256 Credential={self._user_id}/{timestamp} "
            f"Signature={base64.b64encode(digest).decode()}"
        )


class OAuthAuth(AuthBase):
    """Adds a bearer token (OAuth 2.0 client credentials). Renewed before it expires."""

    def __init__(
        self,
        settings: MyPreferencesSettings,
        http: HttpClient,
        clock: Clock,
        on_token: Callable[[str], None],
    ) -> None:
        """Create the credentials; no token is requested yet.

        Args:
            settings: The settings of this source, with those of OAuth.
            http: Requests tokens. Not the client that waits for them.
            clock: Time source.
            on_token: Receives each token, to redact it.
        """
        self._settings = settings
        self._http = http
        self._clock = clock
        self._on_token = on_token
        self._token: str | None = None
        self._requested_at = clock.now()
        self._lifetime: int | None = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add a valid token to a request.

        Raises:
            RequestError: No token could be had.
            MalformedResponseError: The OAuth server's response has no token.
        """
        if self._token is None or self._is_expired():
            self.refresh()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def refresh(self) -> None:
        """Request a new token.

        Raises:
            RequestError: The request failed permanently.
            MalformedResponseError: The response has no token that a header can carry.
        """
        requested_at = self._clock.now()
        try:
            answer = self._http.request(
                "POST",
                self._settings.oauth_token_url or "",
                endpoint="oauth_token_url",
                data={
                    "grant_type": "client_credentials",
                    "scope": f"{self._settings.client_id}/{self._settings.user_id}",
                },
                auth=HTTPBasicAuth(
                    (self._settings.oauth_client_id or "").encode(),
                    (self._settings.oauth_client_secret or "").encode(),
                ),
            )
        except (TransientError, ForbiddenError) as error:
            # Already retried. The request that waits for the token must not retry it again.
            raise RequestError(str(error), error.status) from error
        token, expires_in = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not (token and token.isascii() and token.isprintable()):
            msg = "the OAuth server answered without a usable access_token"
            raise MalformedResponseError(msg)
        self._on_token(token)
        lifetime = 0
        with suppress(ValueError):
            lifetime = int(expires_in) if isinstance(expires_in, int | str) else 0
        self._token = token
        self._requested_at = requested_at
        self._lifetime = max(lifetime - RENEWAL_MARGIN, 1) if lifetime else None

    def _is_expired(self) -> bool:
        """Return whether the token must be renewed; without a lifetime it never expires."""
        age = self._clock.now() - self._requested_at
        return self._lifetime is not None and self._lifetime <= age.total_seconds()
