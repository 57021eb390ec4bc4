"""Summary: the line at the end of a sync."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Summary:
    """What a sync did.

    Attributes:
        outcome: How it ended.
        results: What was read, by a name with underscores in place of spaces.
        rows: Emitted records by stream.
        requests: Requests by endpoint.
        retries: Requests that were sent again.
        rejections: Responses 429.
        waited: Seconds in which the sync waited for the vendors.
        seconds: Seconds in all.

    Example:
        >>> print(Summary("sync finished", {"joined": 2}, seconds=1.25))
        sync finished in 1.2 s (0.0 s waited): joined 2; rows 0; requests 0; retries 0; 429s 0
    """

    outcome: str
    results: dict[str, int]
    rows: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    rejections: int = 0
    waited: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return the line."""
        results = ", ".join(
            f"{name.replace('_', ' ')} {number}" for name, number in self.results.items()
        )
        return "; ".join(
            [
                f"{self.outcome} in {self.seconds:.1f} s ({self.waited:.1f} s waited): {results}",
                f"rows {_with_parts(self.rows)}",
                f"requests {_with_parts(self.requests)}",
                f"retries {self.retries}",
                f"429s {self.rejections}",
            ]
        )

    @property
    def fields(self) -> dict[str, Any]:
        """The same for structured logs."""
        return {
            **self.results,
            "rows": self.rows,
            "requests": self.requests,
            "retries": self.retries,
            "rejections": self.rejections,
            "seconds_waited": round(self.waited, 3),
            "seconds": round(self.seconds, 3),
        }


def _with_parts(numbers: Mapping[str, int]) -> str:
    parts = ", ".join(f"{name} {number}" for name, number in numbers.items())
    return f"{sum(numbers.values())} ({parts})" if parts else "0"
