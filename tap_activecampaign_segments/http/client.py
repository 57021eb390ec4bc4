"""One HTTP request: budget, time-out, retries, and an error as a sentence.

What is the same for both vendors; whose address and credentials are used is the caller's.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import backoff
import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from tap_activecampaign_segments.errors import (
    AccountError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    RequestError,
    UnansweredError,
)
from tap_activecampaign_segments.http.redaction import Secrets, credentials, one_line
from tap_activecampaign_segments.http.retry import OWN_WAITING, TRIES, Patience
from tap_activecampaign_segments.json_decoding import decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from logging import Logger

    from requests.auth import AuthBase

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.http.rate_limiter import Budget

Credentials: TypeAlias = "Callable[[requests.PreparedRequest], requests.PreparedRequest]"
"""Puts credentials into a request."""

LONGEST_REFUSAL = 300.0
"""Seconds for which 429 may be all that is answered, whatever each of them asks to wait."""
LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; a page of 10 000 ids has about 100 kB."""
CHUNK = 256 * 1024
LONGEST_QUOTE = 200
"""Characters of a server's own words in an error message."""
USER_AGENT = f"tap-activecampaign-segments/{version('tap-activecampaign-segments')}"
"""Some gateways refuse what libraries call themselves."""

_FOR_GOOD: dict[int, tuple[type[RequestError], str]] = {
    400: (RefusedError, ""),
    401: (AccountError, ": the credentials are not accepted, check them"),
    402: (AccountError, ": the account is not paid for"),
    403: (ForbiddenError, ": check the rights and the plan of the key"),
    404: (NotFoundError, ""),
}
"""What a status means, and what to do."""
_PASSING = {408, 421, 425, 429, 460, 499}
"""Of those below 500, what says nothing of the request: time-outs, limits, clients that went away
from a proxy, as proxies and load balancers answer. Those from 500 on are all worth another try."""
_CREDENTIALS = {401, 402}
"""Believed in whatever form: it ends the sync."""


@dataclass(frozen=True)
class Content:
    """What one request carries.

    Attributes:
        method: The HTTP method.
        url: The whole address, its parts percent-encoded.
        params: Query parameters; one with an empty value is sent as ``name=``.
        body: What is sent as JSON.
        form: What is sent as a form.
        auth: Credentials other than the usual ones.
        needs_content: Whether an answer without content is none.
        usable: Tells whether a 200 carries what was asked for, if not the usual test.
    """

    method: str
    url: str = field(repr=False)
    params: dict[str, Any] | None = None
    body: Any = None
    form: dict[str, str] | None = None
    auth: AuthBase | None = None
    needs_content: bool = True
    usable: Callable[[dict[str, Any]], bool] | None = None

    @property
    def path(self) -> str:
        """What follows the host."""
        return self.url.partition("://")[2].partition("/")[2]


class Http:
    """Sends requests of one vendor, several at a time, and returns JSON objects."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        secrets: Sequence[str],
        budget: Budget,
        clock: Clock,
        timeout: float,
        concurrency: int,
        usable: Callable[[dict[str, Any]], bool],
        is_own: Callable[[int, bytes, dict[str, Any] | None], bool],
        user_agent: str | None,
        logger: Logger,
    ) -> None:
        """Open nothing yet.

        Args:
            secrets: What must never be seen in a message.
            budget: The account's requests per second.
            clock: The time to go by.
            timeout: Seconds that one request may take in all.
            concurrency: Requests in flight at most.
            usable: Tells whether a 200 carries what was asked for.
            is_own: Tells by its status, and its content, raw and as an object, whether a refusal is
                the API's own; one of a gateway is retried.
            user_agent: What the tap calls itself, None for `USER_AGENT`.
            logger: Where retries are told.
        """
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/json"
        self._session.headers["User-Agent"] = user_agent or USER_AGENT
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=concurrency))
        # They would tell paths, and with them what stands in one.
        for name in ("urllib3", "urllib3.connection", "urllib3.connectionpool"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._secrets = Secrets(secrets)
        self._renew: Callable[[], None] | None = None
        self.server_time: datetime | None = None
        """The instant that the last answer carried, UTC."""
        self._budget = budget
        self._clock = clock
        self._timeout = timeout
        self._in_flight = threading.BoundedSemaphore(concurrency)
        self._usable = usable
        self._is_own = is_own
        self._end: AccountError | None = None
        self._logger = logger

    def authorize(self, auth: Credentials, renew: Callable[[], None] | None = None) -> None:
        """Give every request its credentials.

        Args:
            auth: Puts them into a request, each time anew.
            renew: Gets new ones, once after a 401.
        """
        self._session.auth = auth
        self._renew = renew

    def hide(self, secret: str) -> None:
        """Never say this in a message."""
        self._secrets.add(secret)

    def ask(self, method: str, url: str, **content: Any) -> dict[str, Any]:
        """Return the JSON object that answers a request.

        Args:
            method: The HTTP method.
            url: The whole address, its parts percent-encoded.
            content: What `Content` has.

        Raises:
            AccountError: The key is bad or the account unpaid; nothing else can succeed.
            RequestError: The request failed for good, after its retries where they make sense.
        """
        if self._end:
            raise self._end
        request = Content(method, url, **content)
        try:
            return self._patiently(request)
        except AccountError as error:
            if error.status == HTTPStatus.UNAUTHORIZED and self._renew and request.auth is None:
                self._renew()
                return self._patiently(request)
            self._end = error
            raise

    def _patiently(self, request: Content) -> dict[str, Any]:
        patience = Patience()
        patiently = backoff.on_exception(
            patience.waits,
            (UnansweredError, ForbiddenError),
            max_tries=TRIES,
            giveup=patience.is_over,
            on_backoff=lambda details: self._logger.warning(
                "%s; trying again in %.0f s", details["exception"], details["wait"]
            ),
            jitter=None,
            logger=None,
        )
        answer: dict[str, Any] = patiently(self._ask_once)(request)
        return answer

    def _ask_once(self, request: Content) -> dict[str, Any]:
        what = self._secrets.masked(f"{request.method} {request.path}")
        with self._in_flight:
            departure = self._budget.take()
            if self._end:
                raise self._end
            try:
                response, content = self._send(request)
            except (requests.Timeout, urllib3.exceptions.TimeoutError):
                msg = f"{what} took longer than {self._timeout:g} s (see request_timeout)"
                raise UnansweredError(msg) from None
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if _is_distrust(error):
                    msg = f"{what}: the certificate is not trusted (see REQUESTS_CA_BUNDLE)"
                    raise RequestError(msg) from None
                msg = f"{what} broke off ({type(error).__name__})"
                raise UnansweredError(msg) from None
            # Before another takes this place: nobody may leave once the server asks to wait.
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                self._budget.slow_down(departure)
            else:
                self._budget.speed_up()
            return self._answer(what, request, response, content)

    def _send(self, request: Content) -> tuple[requests.Response, bytes]:
        # requests limits the pause between two bytes; here the whole answer gets a deadline, in
        # real time, whatever clock the waits go by.
        deadline = time.monotonic() + self._timeout
        with self._session.request(
            request.method,
            request.url,
            params=request.params,
            json=request.body,
            data=request.form,
            auth=request.auth,
            timeout=self._timeout,
            allow_redirects=False,
            # What goes to this machine in the clear must not go to a proxy.
            proxies={"http": ""},
            stream=True,
        ) as response:
            content = bytearray()
            while chunk := response.raw.read1(CHUNK, decode_content=True):
                content += chunk
                if time.monotonic() > deadline:
                    raise requests.Timeout
                if len(content) > LONGEST_ANSWER:
                    raise requests.ConnectionError
            return response, bytes(content)

    def _answer(
        self, what: str, request: Content, response: requests.Response, content: bytes
    ) -> dict[str, Any]:
        status = response.status_code
        self.server_time = _instant(response.headers.get("Date")) or self.server_time
        answer = _json_object(content)
        said = self._quote(answer, response.request.headers.get("Authorization", ""))
        if status < HTTPStatus.MULTIPLE_CHOICES and not request.needs_content:
            return answer or {}
        if status == HTTPStatus.OK:
            usable = request.usable or self._usable
            if answer is not None and not answer.get("errors") and usable(answer):
                return answer
            msg = f"{what} answered 200 without usable content{said}"
            raise UnansweredError(msg, status)
        raise self._refusal(f"{what} answered {status}{said}", response, content, answer)

    def _refusal(
        self,
        sentence: str,
        response: requests.Response,
        content: bytes,
        answer: dict[str, Any] | None,
    ) -> RequestError:
        """Return what an answer means that brings nothing."""
        status = response.status_code
        retry_after = self._retry_after(response)
        if status not in _CREDENTIALS and (excess := self._excess(retry_after)):
            return AccountError(f"{sentence} {excess}", status)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            advice = "a redirect, which is never followed: check the address in the settings"
            return RequestError(f"{sentence} ({advice})", status)
        is_server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        is_own = is_server_error or status in _CREDENTIALS or self._is_own(status, content, answer)
        if is_own and status in _FOR_GOOD:
            kind, advice = _FOR_GOOD[status]
            return kind(sentence + advice, status)
        if is_own and not is_server_error and status not in _PASSING:
            return RequestError(sentence, status)
        if not is_own:
            sentence += " in a form that is not the API's own: a gateway's, see user_agent"
        if retry_after:
            self._budget.pause(retry_after)
        return UnansweredError(sentence, status, retry_after)

    def _excess(self, retry_after: float | None) -> str | None:
        """Return why nothing else may be asked either: the limit is the account's."""
        if retry_after and retry_after > OWN_WAITING:
            until = self._clock.now() + timedelta(seconds=retry_after)
            return (
                f"and asks to stay away for {retry_after:.0f} s: the sync ends here, "
                f"run it again after {until:%Y-%m-%d %H:%M} UTC"
            )
        if self._budget.refused_for > LONGEST_REFUSAL:
            return (
                f"as to all that was asked for {LONGEST_REFUSAL:.0f} s: others use up the "
                "account's limit, run it again later"
            )
        return None

    def _retry_after(self, response: requests.Response) -> float | None:
        value = response.headers.get("Retry-After", "").strip()
        if value.isdecimal():
            return float(value[:9])
        moment = _instant(value)
        if moment is None:
            return None
        now = _instant(response.headers.get("Date")) or self._clock.now()
        return max((moment - now).total_seconds(), 0.0)

    def _quote(self, answer: dict[str, Any] | None, authorization: str) -> str:
        """Return the server's own words in one short line, without secrets."""
        words: list[str] = []
        errors = answer.get("errors") if answer else None
        for error in errors if isinstance(errors, list) else [answer or {}]:
            if isinstance(error, dict):
                texts = (error.get(key) for key in ("title", "detail", "message", "Message"))
                words += [text for text in texts if isinstance(text, str)]
        said = ": ".join(dict.fromkeys(words))
        if not said:
            return ""
        line = one_line(self._secrets.masked(said, *credentials(authorization)))
        return f" ({line[:LONGEST_QUOTE]})"


def _is_distrust(error: BaseException | None) -> bool:
    """Tell whether a request failed because the server's certificate could not be verified."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__context__
    return False


def _instant(text: str | None) -> datetime | None:
    """Return the instant that an HTTP date names, None where it names none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        value = decoded(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
