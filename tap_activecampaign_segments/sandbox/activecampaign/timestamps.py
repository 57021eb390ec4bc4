"""Timestamps as ActiveCampaign writes them."""

from datetime import datetime, timezone

from tap_activecampaign_segments.sandbox.seeded import mix

_SHORT = 3
_LONG = 4
_UNITS = (1_000_000, 100_000, 10_000, 1000, 100, 10, 1)
"""Microseconds in the last digit, by the number of digits."""


class Timestamps:
    """Writes UTC timestamps with 3 or 4 fraction digits, unless another number is set.

    Attributes:
        digits: 0 to 6 for all timestamps. None mixes 3 and 4; an instant always has the same.
    """

    def __init__(self, digits: int | None = None) -> None:
        """Create a writer; see the attribute."""
        self.digits = digits

    def truncate(self, at: float) -> float:
        """Return an instant (epoch seconds) without the digits that its text would lack."""
        microseconds, digits = self._split(at)
        return microseconds // _UNITS[digits] * _UNITS[digits] / 1_000_000

    def format(self, at: float) -> str:
        """Return an instant (epoch seconds) as text, like ``2020-04-12T23:20:50.523Z``."""
        microseconds, digits = self._split(at)
        seconds, fraction = divmod(microseconds, 1_000_000)
        text = datetime.fromtimestamp(seconds, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{text}.{fraction // _UNITS[digits]:0{digits}d}Z" if digits else f"{text}Z"

    def _split(self, at: float) -> tuple[int, int]:
        """Return an instant in microseconds, and its number of digits."""
        microseconds = round(at * 1_000_000)
        if self.digits is not None:
            return microseconds, self.digits
        is_long = mix(microseconds // 1000, 0) % 4 == 0
        return microseconds, _LONG if is_long else _SHORT
