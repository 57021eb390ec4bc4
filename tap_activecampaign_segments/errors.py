"""The tap's exceptions. Each message is a single line for the log, and says what to do.

- TapError
  - MalformedResponseError
  - RequestError
    - AccountError (401, 402, or nothing else can succeed)
    - BadRequestError (400)
    - ForbiddenError (403)
    - NotFoundError (404)
    - TransientError (429, 5xx, time-outs; retried)
      - ConnectError (no connection; retried)
"""

from __future__ import annotations


def one_line(text: str) -> str:
    r"""Return a text as a single line: white space collapsed, unprintable characters escaped.

    Example:
        >>> one_line("No\nluck: \x1b[31m")
        'No luck: \\x1b[31m'
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in " ".join(text.split())
    )


class TapError(Exception):
    """Base class of all errors that the tap reports. The message is a single line."""

    def __init__(self, message: str) -> None:
        """Create the error.

        Args:
            message: A sentence without secrets; vendors' words in it are put on one line.
        """
        super().__init__(one_line(message))


class MalformedResponseError(TapError):
    """The content of a response, or of the state, is not what its description says."""


class RequestError(TapError):
    """The request failed permanently.

    Attributes:
        status: HTTP status of the response, None if no response could be read.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        """Create the error; see the class."""
        super().__init__(message)
        self.status = status


class AccountError(RequestError):
    """Nothing else of this source can be read (401, 402, no listing, a long ``Retry-After``)."""


class BadRequestError(RequestError):
    """The API rejects the request as it is (400)."""


class ForbiddenError(RequestError):
    """The credentials do not allow this (403). Retried, because some 403s are intermittent."""


class NotFoundError(RequestError):
    """The resource does not exist (404)."""


class TransientError(RequestError):
    """No usable response (429, 5xx, a time-out, a gateway's page). Retried.

    Attributes:
        retry_after: Seconds to wait as the server asked, None if it did not.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        """Create the error; see the class."""
        super().__init__(message, status)
        self.retry_after = retry_after


class ConnectError(TransientError):
    """No connection could be made (unknown host, refused, TLS, a proxy). Retried."""
