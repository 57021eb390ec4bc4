"""Records what failed, so that one failure stops nothing else."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from singer_sdk.exceptions import AbortedSyncFailedException, AbortedSyncPausedException

from tap_activecampaign_segments.errors import AccountError, TapError, one_line
from tap_activecampaign_segments.logs.context import log_context, log_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from logging import Logger


_SAFE_TO_QUOTE = (ArithmeticError, AttributeError, OSError, TypeError)
"""Built-in errors whose messages quote no values of records."""
_EXPECTED = (TapError, AbortedSyncFailedException, AbortedSyncPausedException)
"""Errors that a caller handles."""


class Failures:
    """The failures of a sync, grouped by subject.

    Example:
        >>> failures = Failures()
        >>> with failures.catch("VIP (17)"):
        ...     raise TapError("the run expired")
        >>> failures.lines
        ['VIP (17): the run expired']
    """

    def __init__(self) -> None:
        """Create an empty record."""
        self._messages: dict[str, list[str]] = {}
        self._fields: dict[str, Mapping[str, str]] = {}
        self.fatal: AccountError | None = None
        """The error after which nothing more can be read."""

    @property
    def lines(self) -> list[str]:
        """One line for each subject that failed, the fatal error first."""
        return [line for _, line in self._lines_by_subject()]

    def has(self, subject: object) -> bool:
        """Return whether a subject failed."""
        return one_line(str(subject)) in self._messages

    def log(self, logger: Logger) -> None:
        """Log the lines, each with the log context in which it was recorded."""
        for subject, line in self._lines_by_subject():
            with log_context(**self._fields[subject]):
                logger.error(line)

    def _lines_by_subject(self) -> Iterator[tuple[str, str]]:
        """Yield subjects with their lines; the fatal error has an empty subject."""
        if self.fatal:
            yield "", str(self.fatal)
        for subject, messages in self._messages.items():
            yield subject, f"{subject}: {'; '.join(messages)}"

    def record(self, subject: object, message: object) -> None:
        """Record a failure. Repeated messages of a subject are recorded once.

        Args:
            subject: What failed, e.g. a segment.
            message: One sentence, or an error.
        """
        key = one_line(str(subject))
        messages = self._messages.setdefault(key, [])
        self._fields.setdefault(key, log_fields())
        if str(message) not in messages:
            messages.append(str(message))

    @contextmanager
    def catch(self, subject: object) -> Iterator[None]:
        """Record a `TapError` that ends the block instead of raising it.

        Args:
            subject: What fails with the block, e.g. a segment. An `AccountError` is `fatal`
                instead.
        """
        try:
            yield
        except AccountError as error:
            self.fatal = self.fatal or error
            self._fields.setdefault("", log_fields())
        except TapError as error:
            self.record(subject, error)


def describe_error(error: Exception) -> str:
    """Return the type of an unexpected error, with its message if that quotes no values.

    Messages of other types quote values of a record, keys of a dictionary among them, or a stream
    map's expression with its salt.
    """
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, _SAFE_TO_QUOTE) else name


@contextmanager
def wrap_unexpected_errors(logger: Logger, subject: object) -> Iterator[None]:
    """Raise unexpected errors of the block as `TapError`, so that they are isolated to a subject.

    Args:
        logger: Receives the traceback at level DEBUG, without values.
        subject: What the block works on, e.g. a segment.

    Raises:
        TapError: The block raised it, or an unexpected error.
    """
    try:
        yield
    except _EXPECTED:
        raise
    except Exception as error:
        logger.debug("%s: %s", subject, "".join(traceback.format_tb(error.__traceback__)))
        msg = f"unexpected {describe_error(error)}"
        raise TapError(msg) from error
