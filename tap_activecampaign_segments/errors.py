"""What can go wrong, each with one sentence for the reader of a nightly log."""

from __future__ import annotations

from tap_activecampaign_segments.http.redaction import one_line


class TapError(Exception):
    """Something that was asked for cannot be had; its text is one line that says what to do."""

    def __init__(self, sentence: str) -> None:
        """Keep the sentence in one line, whatever of a vendor's words is in it."""
        super().__init__(one_line(sentence))


class RequestError(TapError):
    """One request failed for good.

    Attributes:
        status: HTTP status of the answer, None if there was none that could be read.
    """

    def __init__(self, sentence: str, status: int | None = None) -> None:
        """Keep the status beside the sentence."""
        super().__init__(sentence)
        self.status = status


class AccountError(RequestError):
    """The source as a whole cannot be read (401, 402, no listing, a long ``Retry-After``)."""


class NotFoundError(RequestError):
    """The API knows no such thing (404)."""


class RefusedError(RequestError):
    """The API refuses the request as it stands (400)."""


class ForbiddenError(RequestError):
    """The key may not read this (403), also after the retries that an intermittent 403 deserves."""


class UnansweredError(RequestError):
    """No usable answer came (429, 5xx, a time-out, a gateway's page): worth another try.

    Attributes:
        retry_after: Seconds that the server asked to wait, None if it did not.
    """

    def __init__(
        self, sentence: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        """Keep what the server said of the next try."""
        super().__init__(sentence, status)
        self.retry_after = retry_after


class MalformedAnswerError(TapError):
    """An answer came whose content cannot be what the API describes."""
