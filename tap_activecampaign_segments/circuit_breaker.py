"""The circuit breaker: how many may leave at once."""

from __future__ import annotations

FEWEST = 100
"""Members below which any share may leave."""


class CircuitBreaker:
    """Tells which fall of a number of members is too large to be believed."""

    def __init__(self, share: float) -> None:
        """Set it.

        Args:
            share: Share of at least `FEWEST` members that may leave at once, 0 to 1; 1 is off.
        """
        self._share = share

    def trips(self, left: int, before: int) -> bool:
        """Tell whether too many of the members before left."""
        return before >= FEWEST and left > self._share * before

    def is_fall(self, before: int, now: int) -> bool:
        """Tell whether a number fell to nothing, or by more than the share that may leave."""
        return before > 0 and (now == 0 or self.trips(before - now, before))

    def sentence(self, left: int, before: int, what: str = "members") -> str:
        """Return what is to be said of those who left."""
        said = f"{left} of {before} {what} left at once"
        if not self.trips(left, before):
            return said
        return (
            f"{said}, more than max_left_share ({self._share:g}) allows: nothing was emitted; "
            "if it is true, run one sync with max_left_share: 1"
        )
