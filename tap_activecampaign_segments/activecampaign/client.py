"""ActiveCampaign's API: its address, its token, its paths."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase

from tap_activecampaign_segments.errors import MalformedAnswerError, NotFoundError
from tap_activecampaign_segments.http.client import Http
from tap_activecampaign_segments.http.rate_limiter import Budget
from tap_activecampaign_segments.http.urls import path_part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from logging import Logger

    from requests import PreparedRequest

    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.clock import Clock


SECOND_LOOK = 5.0
"""Seconds after which a 404 is asked for again, before it is believed."""
LEGACY_NOT_FOUND = "no result found"
"""What the message of a 404 of the older parts of the API begins with, in small letters."""


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

    def __init__(self, settings: ActiveCampaignSettings, clock: Clock, logger: Logger) -> None:
        """Ask nothing yet."""
        self._base = f"{settings.api_url}/api/3"
        self._clock = clock
        self._http = Http(
            secrets=[settings.api_token],
            budget=Budget(settings.requests_per_second, clock),
            clock=clock,
            timeout=settings.request_timeout,
            concurrency=settings.max_concurrent_requests,
            usable=lambda answer: isinstance(answer.get("data"), (list, dict)),
            is_own=_is_own,
            user_agent=settings.user_agent,
            logger=logger,
        )
        self._http.authorize(ApiToken(settings.api_token))

    @property
    def server_time(self) -> datetime | None:
        """The instant that the last answer carried, UTC."""
        return self._http.server_time

    def get(self, *path: str, doubt_404: bool = False, **params: object) -> dict[str, Any]:
        """Return the answer to ``GET /api/3/{path}``, an object that has ``data``.

        Args:
            path: The path's parts as they are; they are percent-encoded here.
            doubt_404: Believe a 404 only if it comes again some seconds later, because what is
                asked for should be there: services lose sight of what they have for a moment.
            params: Query parameters.

        Raises:
            AccountError: 401 or 402.
            NotFoundError: 404.
            RequestError: The request failed for good.
            TapError: A part of the path could leave the API.
        """
        return self._ask(path, doubt_404=doubt_404, params=params)

    def user_id(self, *, doubt_404: bool) -> str | None:
        """Return the id of the API token's user (``GET users/me``, documented).

        Args:
            doubt_404: See `get`.

        Returns:
            None if the answer does not tell.

        Raises:
            RequestError: The request failed for good.
        """
        answer = self._ask(
            ("users", "me"), doubt_404=doubt_404, usable=lambda answer: "user" in answer
        )
        user = answer["user"]
        found = user.get("id") if isinstance(user, dict) else None
        return str(found).strip() or None if type(found) in {int, str} else None

    def _ask(self, path: Sequence[str], *, doubt_404: bool, **content: Any) -> dict[str, Any]:
        url = "/".join([self._base, *map(path_part, path)])
        try:
            return self._http.ask("GET", url, **content)
        except NotFoundError:
            if not doubt_404:
                raise
        self._clock.sleep(SECOND_LOOK)
        return self._http.ask("GET", url, **content)


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


def _is_own(status: int, content: bytes, answer: dict[str, Any] | None) -> bool:
    """Tell whether a refusal is empty, or in JSON, a 404 in one of its two forms (seen by others).

    Not documented is what a 403 holds; gateways answer with pages or with plain text.
    """
    if answer is None:
        return not content.strip()
    if status != HTTPStatus.NOT_FOUND:
        return True
    errors, message = answer.get("errors"), answer.get("message")
    if isinstance(errors, list):
        return bool(errors) and all(isinstance(each, dict) for each in errors)
    return isinstance(message, str) and message.lower().startswith(LEGACY_NOT_FOUND)
