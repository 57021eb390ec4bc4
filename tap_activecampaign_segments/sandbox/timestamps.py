"""How the API writes instants."""

from datetime import datetime, timezone

from .chance import mixed

MILLISECONDS = 3
LONG = 4
UNITS = (1_000_000, 100_000, 10_000, 1000, 100, 10, 1)
"""Microseconds in the last digit, by the number of digits."""


class Timestamps:
    """UTC timestamps with three or four fraction digits, unless others are chosen."""

    def __init__(self, digits: int | None = None) -> None:
        """Choose the number of digits.

        Args:
            digits: 0 to 6 for all; None for a mix of 3 and 4 in which an instant always looks the
                same.
        """
        self.digits = digits

    def kept(self, at: float) -> float:
        """The instant (epoch seconds) without what its text has no digits for."""
        microseconds, digits = self._split(at)
        return microseconds // UNITS[digits] * UNITS[digits] / 1_000_000

    def text(self, at: float) -> str:
        """The instant as the API writes it, like ``2020-04-12T23:20:50.523Z``."""
        microseconds, digits = self._split(at)
        seconds, fraction = divmod(microseconds, 1_000_000)
        day = datetime.fromtimestamp(seconds, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{day}.{fraction // UNITS[digits]:0{digits}d}Z" if digits else f"{day}Z"

    def _split(self, at: float) -> tuple[int, int]:
        microseconds = round(at * 1_000_000)
        if self.digits is not None:
            return microseconds, self.digits
        rare = mixed(microseconds // 1000, 0) % 4 == 0
        return microseconds, LONG if rare else MILLISECONDS
