"""What failed in a sync, in one line for each segment."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from singer_sdk.exceptions import AbortedSyncFailedException, AbortedSyncPausedException

from tap_activecampaign_segments.errors import AccountError, TapError
from tap_activecampaign_segments.http.redaction import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from logging import Logger


_WITHOUT_VALUES = (ArithmeticError, AttributeError, OSError, TypeError)
_MEANT = (TapError, AbortedSyncFailedException, AbortedSyncPausedException)
"""Errors that somebody behind waits for."""


class Failures:
    """Collects what failed, so that one failure stops nothing else."""

    def __init__(self) -> None:
        """Start with none."""
        self._causes: dict[str, list[str]] = {}
        self.end: AccountError | None = None
        """Why nothing more can be read at all."""

    def __bool__(self) -> bool:
        """Tell whether anything failed."""
        return bool(self._causes or self.end)

    @property
    def lines(self) -> list[str]:
        """One line for each thing that failed."""
        ended = [str(self.end)] if self.end else []
        return [*ended, *(f"{what}: {'; '.join(why)}" for what, why in self._causes.items())]

    def note(self, what: object, why: object) -> None:
        """Note a failure.

        Args:
            what: What failed, e.g. a segment.
            why: One sentence.
        """
        causes = self._causes.setdefault(one_line(str(what)), [])
        if str(why) not in causes:
            causes.append(str(why))

    @contextmanager
    def of(self, what: object) -> Iterator[None]:
        """Note the error that ends the block, if it is the tap's own, and go on behind it."""
        try:
            yield
        except AccountError as error:
            self.end = self.end or error
        except TapError as error:
            self.note(what, error)


def cause_of(error: Exception) -> str:
    """Return what an error is that nobody thought of; its text only where it quotes no value.

    Others quote a row's values, the keys of a dictionary among them, or a stream map's expression
    with its salt.
    """
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, _WITHOUT_VALUES) else name


@contextmanager
def unexpected_is_told(logger: Logger, what: object) -> Iterator[None]:
    """Let an error that nobody thought of end the block as one of the tap's own.

    Args:
        logger: Where the way to it is told at level DEBUG, without any value.
        what: What goes on in the block.

    Raises:
        TapError: The block raised it, or another error.
    """
    try:
        yield
    except _MEANT:
        raise
    except Exception as error:
        logger.debug("%s: %s", what, "".join(traceback.format_tb(error.__traceback__)))
        msg = f"unexpected {cause_of(error)}"
        raise TapError(msg) from error
