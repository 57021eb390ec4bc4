"""The requests of a check: their limits, and what every response tells besides its content."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.responses import Response

MAX_REQUESTS = 60
"""Requests that one check sends at most, retries included."""
MAX_EVALUATIONS = 2
"""Evaluations that one check starts at most, retries included."""
START = re.compile(r"/segmentMatchAll/[^/]+")
"""The endpoint whose requests start an evaluation."""


class RequestLimitError(NotSeenError):
    """No further request may be sent."""


@dataclass
class Endpoint:
    """The responses of one endpoint.

    Attributes:
        statuses: How often each HTTP status came.
        seconds: Duration of each request.
        answers: The first JSON object of each status.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)


class Traffic:
    """Observes the client of a check; see `RequestObserver`.

    Attributes:
        requests: Number of requests sent.
        evaluations: Number of requests sent that start an evaluation.
        last: Endpoint of the last request.
        endpoints: The responses by endpoint.
        arrays: Number of answers whose ``data`` is an array.
        objects: Number of those whose ``data`` is an object.
        own_404s: Number of 404s in the API's own form.
        other_404s: Number of those in another form.
        passing_403s: Number of 403s that went away when the request was sent again.
        lasting_403s: Number of requests that only got 403s.
        rate_limits: How often each ``RateLimit-Limit`` came; None where it was missing.
        clock_offsets: Server's clock minus this machine's, from each response that has a ``Date``.
    """

    def __init__(
        self,
        clock: Clock,
        is_api_error: Callable[[Response], bool],
        *,
        max_requests: int,
        max_evaluations: int,
    ) -> None:
        """Observe nothing yet.

        Args:
            clock: Time source.
            is_api_error: Returns whether the API itself sent a 4xx; see `HttpClient`.
            max_requests: Requests that may be sent.
            max_evaluations: Evaluations that may be started.
        """
        self._clock = clock
        self._is_api_error = is_api_error
        self._max_requests = max_requests
        self._max_evaluations = max_evaluations
        self._forbidden = ""
        self.requests = 0
        self.evaluations = 0
        self.last = ""
        self.endpoints: dict[str, Endpoint] = {}
        self.arrays = 0
        self.objects = 0
        self.own_404s = 0
        self.other_404s = 0
        self.passing_403s = 0
        self.lasting_403s = 0
        self.rate_limits = Counter[int | None]()
        self.clock_offsets: list[timedelta] = []

    def before_request(self, endpoint: str) -> None:
        """Count a request.

        Raises:
            RequestLimitError: It would be one too many.
        """
        if self.requests >= self._max_requests:
            msg = "the request limit was reached"
            raise RequestLimitError(msg)
        if START.fullmatch(endpoint):
            if self.evaluations >= self._max_evaluations:
                msg = "no further evaluation may be started"
                raise RequestLimitError(msg)
            self.evaluations += 1
        self.requests += 1
        self.last = endpoint

    def after_response(self, endpoint: str, response: Response, seconds: float) -> None:
        """Note what a response tells.

        Raises:
            NotFoundError: It is a 404 in an unknown form, which the client would send again.
        """
        found = self.endpoints.setdefault(endpoint, Endpoint())
        found.statuses[response.status] += 1
        found.seconds.append(seconds)
        if response.json is not None:
            found.answers.setdefault(response.status, response.json)
        self._note_headers(response)
        self._note_403(endpoint, response.status)
        if response.status == HTTPStatus.OK:
            self._note_data(response.json)
        if response.status == HTTPStatus.NOT_FOUND:
            if self._is_api_error(response):
                self.own_404s += 1
            else:
                self.other_404s += 1
                msg = f"{endpoint} answered 404"
                raise NotFoundError(msg, response.status)

    def _note_headers(self, response: Response) -> None:
        limit = re.match(r"\s*(\d{1,6})\b", response.headers.get("RateLimit-Limit", ""))
        self.rate_limits[int(limit[1]) if limit else None] += 1
        if response.date is not None:
            self.clock_offsets.append(response.date - self._clock.now())

    def _note_403(self, endpoint: str, status: int) -> None:
        # The tries of one request follow each other: nothing else is sent between them.
        is_forbidden = status == HTTPStatus.FORBIDDEN
        if endpoint == self._forbidden and not is_forbidden:
            self.lasting_403s -= 1
            self.passing_403s += 1
        elif is_forbidden and endpoint != self._forbidden:
            self.lasting_403s += 1
        self._forbidden = endpoint if is_forbidden else ""

    def _note_data(self, answer: dict[str, Any] | None) -> None:
        data = (answer or {}).get("data")
        self.arrays += isinstance(data, list)
        self.objects += isinstance(data, dict)
