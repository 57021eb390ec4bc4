"""Client of MyPreferences' export API."""

from __future__ import annotations

from codecs import BOM_UTF8
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.http.client import HttpClient, SettingNames
from tap_activecampaign_segments.http.rate_limiter import RateLimiter
from tap_activecampaign_segments.http.urls import quote_path_part
from tap_activecampaign_segments.mypreferences.auth import OAuthAuth, SignatureAuth

if TYPE_CHECKING:
    from datetime import datetime
    from logging import Logger

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.metrics import RequestMetrics
    from tap_activecampaign_segments.http.responses import Response
    from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings

REQUESTS_PER_SECOND = 5.0
"""No limit is documented."""


class MyPreferencesClient:
    """Sends requests to one MyPreferences account, one at a time.

    The keys of returned objects are lower-cased, because the API's case varies (inferred).

    Example:
        >>> client = MyPreferencesClient(settings, Clock(), logger)
        >>> client.start_export("Newsletter", {})
        {'accesstoken': '…'}
    """

    def __init__(
        self,
        settings: MyPreferencesSettings,
        clock: Clock,
        logger: Logger,
        metrics: RequestMetrics | None = None,
    ) -> None:
        """Create a client; nothing is sent yet.

        Args:
            settings: The settings of this source.
            clock: Time source.
            logger: Receives a warning for each retry.
            metrics: Counts the requests.
        """
        self._settings = settings
        self._base_url = settings.api_url.strip().rstrip("/")

        def create_http(url: str, credentials: str) -> HttpClient:
            return HttpClient(
                secrets=settings.secrets,
                rate_limiter=RateLimiter(REQUESTS_PER_SECOND, clock),
                clock=clock,
                timeout=settings.request_timeout,
                concurrency=1,
                is_usable=bool,
                is_api_error=_is_api_error,
                user_agent=settings.user_agent,
                settings=SettingNames(f"mypreferences.{url}", f"mypreferences.{credentials}"),
                metrics=metrics,
                logger=logger,
            )

        is_signed = bool(settings.shared_secret)
        self._http = create_http("api_url", "shared_secret" if is_signed else "oauth_client_id")
        if settings.shared_secret:
            self._http.set_auth(
                SignatureAuth(settings.client_id, settings.user_id, settings.shared_secret, clock)
            )
        else:
            # Of its own: the request that waits for a token is the only one allowed in flight.
            oauth = OAuthAuth(
                settings,
                create_http("oauth_token_url", "oauth_client_secret"),
                clock,
                on_token=self._http.add_secret,
            )
            self._http.set_auth(oauth, refresh=oauth.refresh)

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of the last response, UTC."""
        return self._http.server_time

    def start_export(self, segment_group_name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Start an export. Not idempotent: each call starts another one.

        Args:
            segment_group_name: The segment group to export.
            body: The criteria (documented).

        Returns:
            An object with ``accesstoken``.

        Raises:
            RequestError: The request failed permanently.
        """
        path = self._settings.initiate_path
        url = self._build_url(path, segment_group_name=segment_group_name)
        return _lower_keys(self._http.request("POST", url, endpoint=path, json=body))

    def get_export_status(self, token: str) -> dict[str, Any]:
        """Return an object with the ``status`` of an export.

        Raises:
            RequestError: The request failed permanently.
        """
        url = self._export_url("status_path", token)
        return _lower_keys(self._http.request("GET", url, endpoint=self._settings.status_path))

    def get_profiles(self, token: str, offset: int) -> dict[str, Any]:
        """Return a page of an export, an object with ``userprofilepreferences``.

        Args:
            token: The export's token.
            offset: The number of the first profile, from 1.

        Raises:
            RequestError: The request failed permanently.
        """
        # With keepAlive=false the token expires with the last page, even if its response is lost.
        params = {"limit": self._settings.page_size, "offset": offset, "keepAlive": "true"}
        url = self._export_url("data_path", token)
        return _lower_keys(
            self._http.request("GET", url, endpoint=self._settings.data_path, params=params)
        )

    def commit_export(self, token: str) -> None:
        """Confirm that an export was read completely; the server deletes its files.

        Raises:
            RequestError: The request failed permanently.
        """
        url = self._export_url("commit_path", token)
        endpoint = self._settings.commit_path
        self._http.request(
            "POST", url, endpoint=endpoint, params={"keepFiles": "false"}, requires_json=False
        )

    def _export_url(self, setting: str, token: str) -> str:
        self._http.add_secret(token)
        return self._build_url(getattr(self._settings, setting), access_token=token)

    def _build_url(self, path: str, **parts: str) -> str:
        named = {"client_id": self._settings.client_id, **parts}
        quoted = {name: quote_path_part(part) for name, part in named.items()}
        return f"{self._base_url}/{path.format(**quoted).lstrip('/')}"


def _lower_keys(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its keys lower-cased."""
    return {name.lower(): value for name, value in answer.items()}


def _is_api_error(response: Response) -> bool:
    """Return whether the API sent an error: ``{"Message": …}``, or no JSON at all (documented)."""
    if response.json is None:
        return not response.content.removeprefix(BOM_UTF8).lstrip().startswith(b"<")
    return response.status != HTTPStatus.NOT_FOUND or "Message" in response.json
