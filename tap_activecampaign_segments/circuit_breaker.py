"""The circuit breaker: how large a share may leave at once."""

from __future__ import annotations

MIN_MEMBERS = 100
"""With fewer members the circuit breaker never trips: any share may leave."""


class CircuitBreaker:
    """Recognizes drops that are too large to be believed.

    Example:
        >>> CircuitBreaker(0.5).trips(left=120, before=200)
        True
    """

    def __init__(self, max_left_share: float) -> None:
        """Set the limit.

        Args:
            max_left_share: Share of the members that may leave at once, from 0 to 1; 1 turns the
                circuit breaker off.
        """
        self._max_left_share = max_left_share

    def trips(self, left: int, before: int) -> bool:
        """Tell whether more members left than may leave at once.

        Args:
            left: Number of members that left.
            before: Number of members before.
        """
        return before >= MIN_MEMBERS and left > self._max_left_share * before

    def is_large_drop(self, before: int, now: int) -> bool:
        """Tell whether a number of members dropped to 0, or so far that the breaker trips."""
        return before > 0 and (now == 0 or self.trips(before - now, before))

    def describe(self, left: int, before: int, noun: str = "members") -> str:
        """Return a sentence for the log: the numbers, and the way out if the breaker trips."""
        numbers = f"{left} of {before} {noun} left at once"
        if not self.trips(left, before):
            return numbers
        return (
            f"{numbers}, more than max_left_share ({self._max_left_share:g}) allows: nothing was "
            "emitted; if it is true, run one sync with max_left_share: 1"
        )
