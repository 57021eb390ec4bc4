"""What a response means: JSON, the error of a status, and how long to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import (
    AccountError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    RequestError,
    TransientError,
    one_line,
)
from tap_activecampaign_segments.http.redaction import authorization_secrets
from tap_activecampaign_segments.http.retry import MAX_RETRY_DELAY
from tap_activecampaign_segments.json_decoding import decode_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_activecampaign_segments.http.redaction import Redactor

MAX_REJECTED_TIME = 300.0
"""Seconds of nothing but 429s after which the sync ends, whatever ``Retry-After`` says."""
MAX_QUOTE_LENGTH = 200
"""Characters of a server's error message that are quoted."""

FORBIDDEN_ADVICE = (
    ": check the rights and the plan of the key "
    "({credentials} is wrong, or its user lacks the right)"
)
_PERMANENT_ERRORS: dict[int, tuple[type[RequestError], str]] = {
    400: (BadRequestError, ""),
    401: (AccountError, ": the credentials are not accepted, check {credentials}"),
    402: (AccountError, ": the account is not paid for"),
    403: (ForbiddenError, FORBIDDEN_ADVICE),
    404: (NotFoundError, ""),
}
"""Error type and advice by status; ``{credentials}`` is the setting of the credentials."""
_TRANSIENT_STATUSES = {408, 421, 425, 429, 460, 499}
"""Client errors that are not the request's fault: time-outs, rate limits, and connections that a
proxy or load balancer closed. All server errors (5xx) are transient."""
_ACCOUNT_STATUSES = {401, 402}
"""Taken as the API's own whatever the body is: they end the sync."""


@dataclass(frozen=True)
class Response:
    """A response, read completely.

    Attributes:
        status: The HTTP status.
        headers: The headers; case-insensitive.
        content: The body, decompressed.
        authorization: The ``Authorization`` header of its request, which a server may echo.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    authorization: str = field(default="", repr=False)

    @cached_property
    def json(self) -> dict[str, Any] | None:
        """The body's JSON object, None if it is anything else."""
        try:
            value = decode_json(self.content)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    @property
    def date(self) -> datetime | None:
        """The ``Date`` header, UTC."""
        return _parse_http_date(self.headers.get("Date"))

    def retry_after(self, now: datetime) -> float | None:
        """Return the seconds that ``Retry-After`` asks to wait, None if it does not.

        Args:
            now: The current time, for a header that is a date if the response has no ``Date``.
        """
        value = self.headers.get("Retry-After", "").strip()
        if value.isdecimal():
            return float(value[:9])
        until = _parse_http_date(value)
        if until is None:
            return None
        return max((until - (self.date or now)).total_seconds(), 0.0)

    def quote_error(self, redactor: Redactor) -> str:
        """Return the server's error message as ``" (…)"``: one short line without secrets.

        Returns:
            An empty string if the body has no known error message: JSON:API's ``errors`` with
            ``title`` and ``detail`` (documented), or ``message``, or ``Message``.
        """
        errors = self.json.get("errors") if self.json else None
        texts = [
            error.get(name)
            for error in (errors if isinstance(errors, list) else [self.json or {}])
            if isinstance(error, dict)
            for name in ("title", "detail", "message", "Message")
        ]
        message = ": ".join(dict.fromkeys(text for text in texts if isinstance(text, str)))
        if not message:
            return ""
        line = one_line(redactor.redact(message, *authorization_secrets(self.authorization)))
        return f" ({line[:MAX_QUOTE_LENGTH]})"


def to_error(  # noqa: PLR0913
    response: Response,
    message: str,
    *,
    is_api_error: bool,
    now: datetime,
    rejected_for: float,
    credentials_setting: str,
) -> RequestError:
    """Return the error that an unsuccessful response means.

    Args:
        response: The response; any status but a usable 2xx.
        message: Which request got which status, and the server's words.
        is_api_error: Whether the API itself sent it; otherwise a gateway did, and it is transient.
        now: The current time, UTC.
        rejected_for: Seconds in which all requests got a 429.
        credentials_setting: The setting of the credentials.
    """
    status = response.status
    retry_after = response.retry_after(now)
    if status not in _ACCOUNT_STATUSES:
        if retry_after and retry_after > MAX_RETRY_DELAY:
            until = now + timedelta(seconds=retry_after)
            advice = (
                f"and asks to stay away for {retry_after:.0f} s: the sync ends here, "
                f"run it again after {until:%Y-%m-%d %H:%M} UTC"
            )
            return AccountError(f"{message} {advice}", status)
        if rejected_for > MAX_REJECTED_TIME:
            advice = (
                f"as to all that was asked for {MAX_REJECTED_TIME:.0f} s: others use up the "
                "account's limit, run it again later"
            )
            return AccountError(f"{message} {advice}", status)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        advice = "a redirect, which is never followed: check the address in the settings"
        return RequestError(f"{message} ({advice})", status)
    is_server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if not (is_api_error or is_server_error or status in _ACCOUNT_STATUSES):
        message += " in a form that is not the API's own: a gateway's, see user_agent"
    elif status in _PERMANENT_ERRORS:
        error_type, advice = _PERMANENT_ERRORS[status]
        return error_type(message + advice.format(credentials=credentials_setting), status)
    elif not is_server_error and status not in _TRANSIENT_STATUSES:
        return RequestError(message, status)
    return TransientError(message, status, retry_after)


def _parse_http_date(text: str | None) -> datetime | None:
    """Return an HTTP date, None if it is not one."""
    try:
        date = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
