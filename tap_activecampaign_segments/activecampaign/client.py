"""Client of ActiveCampaign's API v3."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase

from tap_activecampaign_segments.errors import NotFoundError
from tap_activecampaign_segments.http.client import HttpClient, SettingNames
from tap_activecampaign_segments.http.rate_limiter import RateLimiter
from tap_activecampaign_segments.http.urls import quote_path_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from logging import Logger

    from requests import PreparedRequest

    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.client import RequestObserver
    from tap_activecampaign_segments.http.metrics import RequestMetrics
    from tap_activecampaign_segments.http.responses import Response


PATH_WORDS = {
    *("audiences", "segmentsV2", "count-history", "createdDate", "contacts", "users", "me"),
    *("segmentMatch", "segmentMatchAll", "segmentMatchSome"),
}
"""The parts of paths that are no ids."""
NOT_FOUND_RETRY_DELAY = 5.0
"""Seconds after which a doubtful 404 is requested again."""
LEGACY_NOT_FOUND_PREFIX = "no result found"
"""How the message of a 404 begins in older parts of the API, lower-cased (seen by others)."""


class ApiTokenAuth(AuthBase):
    """Sets the ``Api-Token`` header (documented)."""

    def __init__(self, token: str) -> None:
        """Create the credentials.

        Args:
            token: The API token.
        """
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the credentials to a request."""
        request.headers["Api-Token"] = self._token
        return request


class ActiveCampaignClient:
    """Sends requests to one ActiveCampaign account. Thread-safe.

    Example:
        >>> client = ActiveCampaignClient(settings, Clock(), logger)
        >>> client.get("segmentsV2", "17")
        {'data': [{'id': '17', 'attributes': {...}}]}
    """

    def __init__(
        self,
        settings: ActiveCampaignSettings,
        clock: Clock,
        logger: Logger,
        metrics: RequestMetrics | None = None,
        observer: RequestObserver | None = None,
    ) -> None:
        """Create a client; nothing is sent yet.

        Args:
            settings: The settings of this source.
            clock: Time source.
            logger: Receives a warning for each retry.
            metrics: Counts the requests.
            observer: Is told of each request and response.
        """
        self._base_url = f"{settings.api_url}/api/3"
        self._clock = clock
        self._http = HttpClient(
            secrets=[settings.api_token],
            rate_limiter=RateLimiter(settings.requests_per_second, clock),
            clock=clock,
            timeout=settings.request_timeout,
            concurrency=settings.max_concurrent_requests,
            is_usable=lambda answer: isinstance(answer.get("data"), (list, dict)),
            is_api_error=is_api_error,
            user_agent=settings.user_agent,
            settings=SettingNames(url="api_url", credentials="api_token"),
            metrics=metrics,
            logger=logger,
            observer=observer,
        )
        self._http.set_auth(ApiTokenAuth(settings.api_token))

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of the last response, UTC."""
        return self._http.server_time

    def get(self, *path: str, confirm_404: bool = False, **params: object) -> dict[str, Any]:
        """Send ``GET /api/3/{path}`` and return its object, which has ``data``.

        Args:
            path: The parts of the path, not yet percent-encoded.
            confirm_404: Whether to send the request again after a 404, because the resource should
                exist: services temporarily lose sight of some (inferred).
            params: Query parameters.

        Raises:
            AccountError: Nothing else can be read.
            NotFoundError: The resource does not exist (404).
            RequestError: The request failed permanently.
            TapError: A part of the path would change the path.
        """
        return self._get(path, confirm_404=confirm_404, params=params)

    def get_contacts(self, params: Mapping[str, object]) -> dict[str, Any]:
        """Send ``GET contacts`` and return its object, which has an array ``contacts``.

        Args:
            params: Query parameters; a list is sent as a repeated one.

        Raises:
            RequestError: The request failed permanently.
        """
        return self._get(
            ("contacts",),
            confirm_404=False,
            params=params,
            is_usable=lambda answer: isinstance(answer.get("contacts"), list),
            quotes_server=False,
        )

    def get_user_id(self, *, confirm_404: bool) -> str | None:
        """Return the id of the API token's user (``GET users/me``, documented).

        Args:
            confirm_404: See `get`.

        Returns:
            None if the response has no id.

        Raises:
            RequestError: The request failed permanently.
        """
        answer = self._get(
            ("users", "me"), confirm_404=confirm_404, is_usable=lambda answer: "user" in answer
        )
        user = answer["user"]
        user_id = user.get("id") if isinstance(user, dict) else None
        return str(user_id).strip() or None if type(user_id) in {int, str} else None

    def _get(self, path: Sequence[str], *, confirm_404: bool, **options: Any) -> dict[str, Any]:
        url = "/".join([self._base_url, *map(quote_path_part, path)])
        endpoint = "".join(f"/{part if part in PATH_WORDS else '{id}'}" for part in path)
        try:
            return self._http.request("GET", url, endpoint=endpoint, **options)
        except NotFoundError:
            if not confirm_404:
                raise
        self._clock.sleep(NOT_FOUND_RETRY_DELAY)
        return self._http.request("GET", url, endpoint=endpoint, **options)


def is_api_error(response: Response) -> bool:
    """Return whether the API sent an error: no body, or JSON. Gateways send HTML or plain text.

    A 404 has one of two forms (seen by others). The body of a 403 is not documented.
    """
    answer = response.json
    if answer is None:
        return not response.content.strip()
    if response.status != HTTPStatus.NOT_FOUND:
        return True
    errors, message = answer.get("errors"), answer.get("message")
    if isinstance(errors, list):
        return bool(errors) and all(isinstance(each, dict) for each in errors)
    return isinstance(message, str) and message.lower().startswith(LEGACY_NOT_FOUND_PREFIX)
