"""ActiveCampaign's API: its address, its token, its paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase

from tap_activecampaign_segments.addresses import path_part
from tap_activecampaign_segments.budget import Budget
from tap_activecampaign_segments.errors import MalformedAnswerError
from tap_activecampaign_segments.http import Http

if TYPE_CHECKING:
    from logging import Logger

    from requests import PreparedRequest

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.settings import Settings


class ApiToken(AuthBase):
    """Sets the ``Api-Token`` header and leaves the URL alone, so that ``instant=`` survives."""

    def __init__(self, token: str) -> None:
        """Keep the key."""
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign one request."""
        request.headers["Api-Token"] = self._token
        return request


class Client:
    """Reads from one ActiveCampaign account."""

    def __init__(self, settings: Settings, clock: Clock, logger: Logger) -> None:
        """Ask nothing yet."""
        self._base = f"{settings.api_url}/api/3"
        self._http = Http(
            secrets=[settings.api_token],
            budget=Budget(settings.requests_per_second, clock),
            clock=clock,
            timeout=settings.request_timeout,
            concurrency=settings.max_concurrent_requests,
            usable=lambda answer: isinstance(answer.get("data"), (list, dict)),
            logger=logger,
        )
        self._http.authorize(ApiToken(settings.api_token))

    def get(self, *path: str, **params: object) -> dict[str, Any]:
        """Return the answer to ``GET /api/3/{path}``, an object that has ``data``.

        Args:
            path: The path's parts as they are; they are percent-encoded here.
            params: Query parameters.

        Raises:
            AccountError: 401 or 402.
            RequestError: The request failed for good.
            TapError: A part of the path could leave the API.
        """
        url = "/".join([self._base, *map(path_part, path)])
        return self._http.ask("GET", url, params=params)


def resources(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects under ``data``, which was seen as one object as well as an array.

    Raises:
        MalformedAnswerError: There is something else in it.
    """
    data = answer["data"]
    found = data if isinstance(data, list) else [data]
    if not all(isinstance(item, dict) for item in found):
        msg = "the API answered with something else than objects under 'data'"
        raise MalformedAnswerError(msg)
    return found


def attributes(resource: dict[str, Any]) -> dict[str, Any]:
    """Return the ``attributes`` of one resource.

    Raises:
        MalformedAnswerError: It has none.
    """
    found = resource.get("attributes")
    if not isinstance(found, dict):
        msg = "the API answered with an object that has no 'attributes'"
        raise MalformedAnswerError(msg)
    return found
