"""How often something may be begun anew, and how old it may be to be taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from datetime import datetime


class Attempts:
    """Counts the runs, or exports, that one sync begins for the same thing."""

    def __init__(self, most: int) -> None:
        """Allow a number of them.

        Args:
            most: At least 1, the first included.
        """
        self._most = most
        self._begun = 0

    def begin(self) -> None:
        """Count one."""
        self._begun += 1

    def allow_one_more(self) -> None:
        """Do not count one."""
        self._most += 1

    def end_with(self, error: TapError) -> None:
        """Raise the error of an attempt if no other may follow.

        Raises:
            TapError: It was the last one.
        """
        if self._begun >= self._most:
            msg = f"{error} (attempt {self._begun} of {self._most}, see run_attempts)"
            raise TapError(msg) from error


def is_recent(begun: datetime, now: datetime, within: float) -> bool:
    """Tell whether something that was begun is young enough, in seconds, to be taken up again."""
    return (now - begun).total_seconds() <= within
