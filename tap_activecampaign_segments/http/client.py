"""Sends JSON requests: time-outs, concurrency, retries, and credentials.

Shared by both vendors, each of which brings its URL, its credentials and its form of errors.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from tap_activecampaign_segments.errors import AccountError, TransientError
from tap_activecampaign_segments.http.connection_errors import to_connection_error
from tap_activecampaign_segments.http.metrics import RequestMetrics
from tap_activecampaign_segments.http.redaction import Redactor
from tap_activecampaign_segments.http.responses import Response, to_error
from tap_activecampaign_segments.http.retry import call_with_retries
from tap_activecampaign_segments.logs.wait_timer import WaitTimer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from logging import Logger

    from requests.auth import AuthBase

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.rate_limiter import RateLimiter

MAX_RESPONSE_SIZE = 64 * 1024 * 1024
"""Bytes; a page of 10 000 ids has about 100 kB."""
CHUNK_SIZE = 256 * 1024
"""Bytes read at a time."""
USER_AGENT = f"tap-activecampaign-segments/{version('tap-activecampaign-segments')}"
"""The default; some gateways reject the default of HTTP libraries."""


@dataclass(frozen=True)
class RequestSpec:
    """One request.

    Attributes:
        method: The HTTP method.
        url: The URL, its path percent-encoded.
        params: Query parameters; one with an empty value is sent as ``name=``.
        json: The body, sent as JSON.
        data: The body, sent as a form.
        auth: Credentials other than the client's.
        requires_json: Whether a 2xx without a JSON object is an error.
        is_usable: Returns whether the JSON object of a 200 has what was requested; the client's
            check if None.
        endpoint: The path with placeholders for ids, for the metrics.
        quotes_server: Whether messages may quote what the server says. It may be about a person.
    """

    method: str
    url: str = field(repr=False)
    params: dict[str, Any] | None = None
    json: Any = None
    data: dict[str, str] | None = None
    auth: AuthBase | None = None
    requires_json: bool = True
    is_usable: Callable[[dict[str, Any]], bool] | None = None
    endpoint: str = ""
    quotes_server: bool = True

    @property
    def path(self) -> str:
        """The URL without scheme and host."""
        return self.url.partition("://")[2].partition("/")[2]


@dataclass(frozen=True)
class SettingNames:
    """The settings that a message tells to check.

    Attributes:
        url: Of the URL.
        credentials: Of the credentials.
    """

    url: str
    credentials: str


class RequestObserver(Protocol):
    """Is told of each request and response, retries included. What it raises ends the request."""

    def before_request(self, endpoint: str) -> None:
        """Called before a request is sent; `endpoint` is that of `RequestSpec`."""

    def after_response(self, endpoint: str, response: Response, seconds: float) -> None:
        """Called with each response, before it is read, and how long it took."""


class HttpClient:
    """Sends requests to one vendor and returns JSON objects. Thread-safe."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        secrets: Sequence[str],
        rate_limiter: RateLimiter,
        clock: Clock,
        timeout: float,
        concurrency: int,
        is_usable: Callable[[dict[str, Any]], bool],
        is_api_error: Callable[[Response], bool],
        user_agent: str | None,
        settings: SettingNames,
        metrics: RequestMetrics | None,
        logger: Logger,
        observer: RequestObserver | None = None,
    ) -> None:
        """Create a client; nothing is sent yet.

        Args:
            secrets: Redacted from messages.
            rate_limiter: Shared by all requests to the account.
            clock: Time source.
            timeout: Seconds that one request may take, from connecting to the last byte.
            concurrency: Maximum number of requests in flight.
            is_usable: Returns whether the JSON object of a 200 has what was requested.
            is_api_error: Returns whether the API itself sent a 4xx, by its body. One of a gateway
                is retried.
            user_agent: The ``User-Agent`` header, None for `USER_AGENT`.
            settings: The settings to check, for messages.
            metrics: Counts the requests, None for metrics of its own.
            logger: Receives a warning for each retry.
            observer: Is told of each request and response.
        """
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/json"
        self._session.headers["User-Agent"] = user_agent or USER_AGENT
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=concurrency))
        # urllib3 logs paths, and paths may contain an export's token.
        for name in ("urllib3", "urllib3.connection", "urllib3.connectionpool"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._redactor = Redactor(secrets)
        self._refresh_auth: Callable[[], None] | None = None
        self.server_time: datetime | None = None
        """The ``Date`` of the last response, UTC."""
        self._rate_limiter = rate_limiter
        self._clock = clock
        self._timeout = timeout
        self._in_flight = threading.BoundedSemaphore(concurrency)
        self._is_usable = is_usable
        self._is_api_error = is_api_error
        self._fatal: AccountError | None = None
        self._has_connected = False
        self._settings = settings
        self._metrics = metrics or RequestMetrics(WaitTimer(clock))
        self._logger = logger
        self._observer = observer

    def set_auth(self, auth: AuthBase, refresh: Callable[[], None] | None = None) -> None:
        """Set the credentials of all requests.

        Args:
            auth: Adds them to each request.
            refresh: Called after a 401, upon which the request is sent once more.
        """
        self._session.auth = auth
        self._refresh_auth = refresh

    def add_secret(self, secret: str) -> None:
        """Redact another secret from messages."""
        self._redactor.add_secret(secret)

    def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """Send a request and return the JSON object of its response.

        Example:
            >>> http.request("GET", f"{base}/audiences", params={"page": 1})
            {'data': [...], 'meta': {...}}

        Args:
            method: The HTTP method.
            url: The URL, its path percent-encoded.
            options: See `RequestSpec`.

        Raises:
            AccountError: Nothing else can succeed; later requests raise it without being sent.
            RequestError: The request failed permanently, retries included.
        """
        if self._fatal:
            raise self._fatal
        spec = RequestSpec(method, url, **options)
        try:
            return self._request_with_retries(spec)
        except AccountError as error:
            refresh = self._find_refresh(spec, error)
            if refresh is None:
                raise
        refresh()
        self._metrics.count_retry()
        return self._request_with_retries(spec)

    def _find_refresh(self, spec: RequestSpec, error: AccountError) -> Callable[[], None] | None:
        """Return what renews the credentials that an error rejects, None if nothing helps."""
        is_rejected = error.status == HTTPStatus.UNAUTHORIZED and spec.auth is None
        return self._refresh_auth if is_rejected else None

    def _request_with_retries(self, spec: RequestSpec) -> dict[str, Any]:
        with self._metrics.wait_timer.waiting():
            return call_with_retries(
                lambda: self._request_once(spec), self._logger, self._metrics.count_retry
            )

    def _request_once(self, spec: RequestSpec) -> dict[str, Any]:
        name = self._redactor.redact(f"{spec.method} {spec.path}")
        with self._in_flight:
            if self._observer:
                self._observer.before_request(spec.endpoint)
            acquired_at = self._rate_limiter.acquire()
            if self._fatal:
                raise self._fatal
            self._metrics.count_request(spec.endpoint)
            start = time.monotonic()
            try:
                response = self._send(spec)
            except (OSError, urllib3.exceptions.HTTPError) as error:
                raise to_connection_error(
                    error,
                    name,
                    url=spec.url,
                    url_setting=self._settings.url,
                    timeout=self._timeout,
                    is_first=not self._has_connected,
                ) from None
            self._has_connected = True
            seconds = time.monotonic() - start
            self._metrics.count_response(spec.endpoint, response.status, seconds)
            # While this request still counts as in flight: no other may be sent between the
            # response and the pause that it asks for.
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                self._rate_limiter.decrease_rate(acquired_at)
            else:
                self._rate_limiter.increase_rate()
            if self._observer:
                self._observer.after_response(spec.endpoint, response, seconds)
            try:
                return self._read(spec, name, response)
            except AccountError as error:
                # Before another request takes the place of this one.
                if self._find_refresh(spec, error) is None:
                    self._fatal = error
                raise

    def _send(self, spec: RequestSpec) -> Response:
        # The time-out of requests limits the pause between two bytes. This deadline limits the
        # whole response, in real time, whatever the clock is.
        deadline = time.monotonic() + self._timeout
        with self._session.request(
            spec.method,
            spec.url,
            params=spec.params,
            json=spec.json,
            data=spec.data,
            auth=spec.auth,
            timeout=self._timeout,
            allow_redirects=False,
            # Plain HTTP is for loopback hosts only, and must not go to a proxy.
            proxies={"http": ""},
            stream=True,
        ) as response:
            content = bytearray()
            while chunk := response.raw.read1(CHUNK_SIZE, decode_content=True):
                content += chunk
                if time.monotonic() > deadline:
                    raise requests.Timeout
                if len(content) > MAX_RESPONSE_SIZE:
                    raise requests.ConnectionError
            authorization = response.request.headers.get("Authorization", "")
            return Response(response.status_code, response.headers, bytes(content), authorization)

    def _read(self, spec: RequestSpec, name: str, response: Response) -> dict[str, Any]:
        """Return the JSON object of a response, or raise the error that it means."""
        status, answer = response.status, response.json
        self.server_time = response.date or self.server_time
        if status < HTTPStatus.MULTIPLE_CHOICES and not spec.requires_json:
            return answer or {}
        quoted = response.quote_error(self._redactor) if spec.quotes_server else ""
        if status == HTTPStatus.OK:
            is_usable = spec.is_usable or self._is_usable
            if answer is not None and not answer.get("errors") and is_usable(answer):
                return answer
            msg = f"{name} answered 200 without usable content{quoted}"
            raise TransientError(msg, status)
        error = to_error(
            response,
            f"{name} answered {status}{quoted}",
            is_api_error=self._is_api_error(response),
            now=self._clock.now(),
            rejected_for=self._rate_limiter.rejected_for,
            credentials_setting=self._settings.credentials,
        )
        if isinstance(error, TransientError) and error.retry_after:
            self._rate_limiter.pause(error.retry_after)
        raise error
