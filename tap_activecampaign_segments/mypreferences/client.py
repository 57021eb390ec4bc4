"""MyPreferences' API: its address, its two authorizations, its paths."""

from __future__ import annotations

import base64
import hashlib
import hmac
from codecs import BOM_UTF8
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase, HTTPBasicAuth
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.helpers._util import utc_now
from typing_extensions import override

from tap_activecampaign_segments.errors import (
    ForbiddenError,
    MalformedAnswerError,
    RequestError,
    UnansweredError,
)
from tap_activecampaign_segments.http.client import Http
from tap_activecampaign_segments.http.rate_limiter import Budget
from tap_activecampaign_segments.http.urls import path_part

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from logging import Logger

    from requests import PreparedRequest

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings

BACKDATED = timedelta(seconds=5)
"""How far in the past requests are signed; those of the future are refused."""
RENEWED_EARLY = 60
"""Seconds before its end at which a token is renewed."""
REQUESTS_PER_SECOND = 5.0
"""No limit is documented; exports go one at a time."""


class Signature(AuthBase):
    """Signs each request anew. (The formula was seen in third-party code.)."""

    def __init__(self, client_id: str, user_id: str, shared_secret: str, clock: Clock) -> None:
        """Keep what is signed, and with what."""
        self._client_id = client_id
        self._user_id = user_id
        self._shared_secret = shared_secret
        self._clock = clock

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign one request."""
        request.headers["Authorization"] = self.header(self._clock.now() - BACKDATED)
        return request

    def header(self, at: datetime) -> str:
        """Return the header that signs a request at an instant (UTC)."""
        timestamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        message = f"{self._client_id}:{self._user_id}:{timestamp}"
        digest = hmac.new(self._shared_secret.encode(), message.encode(), hashlib.sha256).digest()
        return (
            f"PNAUTHINFO3-HMAC-SHA256 Credential={self._user_id}/{timestamp} "
            f"Signature={base64.b64encode(digest).decode()}"
        )


class BearerToken(OAuthAuthenticator):
    """OAuth 2.0 client credentials."""

    def __init__(
        self, settings: MyPreferencesSettings, http: Http, hide: Callable[[str], None]
    ) -> None:
        """Ask for no token yet.

        Args:
            settings: The settings, with OAuth's three.
            http: Asks for tokens.
            hide: Told each token, which is never to be said.
        """
        super().__init__(auth_endpoint=settings.oauth_token_url)
        self._settings = settings
        self._http = http
        self._hide = hide

    @override
    def update_access_token(self) -> None:
        # The SDK's own puts the answer into its error message, and follows redirects.
        asked = utc_now()
        try:
            answer = self._http.ask(
                "POST",
                self.auth_endpoint,
                form={
                    "grant_type": "client_credentials",
                    "scope": f"{self._settings.client_id}/{self._settings.user_id}",
                },
                auth=HTTPBasicAuth(
                    (self._settings.oauth_client_id or "").encode(),
                    (self._settings.oauth_client_secret or "").encode(),
                ),
            )
        except (UnansweredError, ForbiddenError) as error:
            # Its tries are used up: the request that waits for the token must not add its own.
            raise RequestError(str(error), error.status) from error
        token, expires_in = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not (token and token.isascii() and token.isprintable()):
            msg = "the OAuth server answered without a usable access_token"
            raise MalformedAnswerError(msg)
        self._hide(token)
        self.access_token = token
        lifetime = 0
        with suppress(ValueError):
            lifetime = int(expires_in) if isinstance(expires_in, int | str) else 0
        self.expires_in = max(lifetime - RENEWED_EARLY, 1) if lifetime else None
        self.last_refreshed = asked


class Client:
    """Starts, watches, reads and commits exports of one account."""

    def __init__(
        self,
        settings: MyPreferencesSettings,
        clock: Clock,
        timeout: float,
        logger: Logger,
        user_agent: str | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            settings: The settings of this source.
            clock: The time to go by.
            timeout: Seconds that one request may take in all.
            logger: Where retries are told.
            user_agent: What the tap calls itself, None for the usual.
        """
        self._settings = settings
        self._base = settings.api_url.strip().rstrip("/")

        def http() -> Http:
            return Http(
                secrets=settings.secrets,
                budget=Budget(REQUESTS_PER_SECOND, clock),
                clock=clock,
                timeout=timeout,
                concurrency=1,
                usable=bool,
                is_own=_is_own,
                user_agent=user_agent,
                logger=logger,
            )

        self._http = http()
        if settings.shared_secret:
            self._http.authorize(
                Signature(settings.client_id, settings.user_id, settings.shared_secret, clock)
            )
        else:
            # A request that waits for its token holds the only place.
            token = BearerToken(settings, http(), hide=self._http.hide)
            self._http.authorize(token, renew=token.update_access_token)

    @property
    def server_time(self) -> datetime | None:
        """The instant that the last answer carried, UTC."""
        return self._http.server_time

    def initiate(self, segment_group_name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Start an export. A repeated call starts another one."""
        path = self._settings.initiate_path
        url = self._url(path, segment_group_name=segment_group_name)
        return _lowered(self._http.ask("POST", url, body=body))

    def status(self, token: str) -> dict[str, Any]:
        """Return how far an export is."""
        return _lowered(self._http.ask("GET", self._export_url("status_path", token)))

    def data(self, token: str, offset: int) -> dict[str, Any]:
        """Return a page of profiles.

        Args:
            token: The export's token.
            offset: The number of the first profile, from 1.
        """
        # With keepAlive=false the token dies with the last page, and a lost answer with it.
        params = {"limit": self._settings.page_size, "offset": offset, "keepAlive": "true"}
        url = self._export_url("data_path", token)
        return _lowered(self._http.ask("GET", url, params=params))

    def commit(self, token: str) -> None:
        """Tell that everything was taken, so that the files can go."""
        url = self._export_url("commit_path", token)
        self._http.ask("POST", url, params={"keepFiles": "false"}, needs_content=False)

    def _export_url(self, path: str, token: str) -> str:
        self._http.hide(token)
        return self._url(getattr(self._settings, path), access_token=token)

    def _url(self, path: str, **parts: str) -> str:
        named = {"client_id": self._settings.client_id, **parts}
        quoted = {name: path_part(part) for name, part in named.items()}
        return f"{self._base}/{path.format(**quoted).lstrip('/')}"


def _lowered(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with the keys of its envelope in lower case: they come in any."""
    return {name.lower(): value for name, value in answer.items()}


def _is_own(status: int, content: bytes, answer: dict[str, Any] | None) -> bool:
    """Tell whether a refusal is the API's: ``{"Message": …}``, or no JSON at all (documented)."""
    if answer is None:
        return not content.removeprefix(BOM_UTF8).lstrip().startswith(b"<")
    return status != HTTPStatus.NOT_FOUND or "Message" in answer
