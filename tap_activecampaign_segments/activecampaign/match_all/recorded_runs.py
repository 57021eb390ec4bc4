"""Recorded runs: evaluations that ActiveCampaign made by itself, and keeps for 90 days.

The count history and the listing name them, each with the size that was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from tap_activecampaign_segments.activecampaign.match_all.run import (
    Run,
)
from tap_activecampaign_segments.errors import (
    TapError,
)
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_activecampaign_segments.activecampaign.segments import Segment

SkipReason = Literal[
    "gone",
    "unfinished",
    "evaluated_anew",
    "incomplete",
    "unreadable",
    "other_sort",
    "out_of_order",
    "implausible",
    "unread",
]
"""Why a recorded run is not used."""

MAX_RECORDING_DELAY = timedelta(hours=1)
"""Maximum time between the end of an evaluation and its count (inferred)."""


class SkippedRunError(TapError):
    """A recorded run cannot be used.

    Attributes:
        reason: Why.
        requests: Requests that were spent on it.
    """

    def __init__(self, run_id: str, reason: SkipReason, requests: int = 1) -> None:
        """Create the error; see the class."""
        super().__init__(f"recorded run {run_id} is left out: {reason.replace('_', ' ')}")
        self.reason: SkipReason = reason
        self.requests = requests


@dataclass(frozen=True)
class RecordedRun:
    """A recorded run as the count history or the listing names it.

    Example:
        >>> row = {"segment_id": "7", "run_id": "a1", "timestamp": "2026-01-31T04:00:00.000000Z"}
        >>> RecordedRun.from_count({**row, "result_count": 12}).total
        12

    Attributes:
        segment_id: The segment.
        run_id: The run.
        recorded_at: Normalized timestamp of the count.
        total: Number of contacts that were counted, None if unknown.
    """

    segment_id: str
    run_id: str
    recorded_at: str
    total: int | None

    @classmethod
    def from_count(cls, row: Mapping[str, Any]) -> RecordedRun:
        """Return the run of a row of the count history; see `count_row`."""
        total = coerce_count(row.get("result_count"))
        return cls(row["segment_id"], row["run_id"], row["timestamp"], total)

    @classmethod
    def from_listing(cls, segment: Segment) -> RecordedRun | None:
        """Return the run that the listing names as a segment's last one, None if unknown."""
        run_id, ended = segment.last_run_id, segment.last_run_end
        if run_id is None or ended is None:
            return None
        return cls(segment.segment_id, run_id, ended, segment.last_size)

    @property
    def day(self) -> str:
        """The UTC day on which it was recorded."""
        return self.recorded_at[:10]

    @property
    def run(self) -> Run:
        """The run; when it began is unknown until it is read."""
        return Run(self.segment_id, self.run_id, None, self.recorded_at, origin="activecampaign")
