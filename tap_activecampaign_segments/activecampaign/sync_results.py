"""What an account's sync read, for the summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class SyncResults:
    """Counts what was read.

    Attributes:
        baselines: Runs whose members all count as joined.
        joined: Contacts that joined, members at a baseline included.
        left: Contacts that left.
        recorded_runs: Recorded runs by what became of them: "read", or why they are left out.
    """

    baselines: int = 0
    joined: int = 0
    left: int = 0
    recorded_runs: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)
    _streams_read: Counter[str] = field(default_factory=Counter)

    def count_segment(self, segment_id: str) -> None:
        """Count one stream of a segment as read."""
        self._streams_read[segment_id] += 1

    def count_run(self, record: Mapping[str, Any]) -> None:
        """Count a run by its record in `match_all_runs`; one without differences has no counts."""
        self.baselines += record["is_baseline"] or 0
        self.joined += record["joined_count"] or 0
        self.left += record["left_count"] or 0

    def count_recorded_run(self, outcome: str) -> None:
        """Count a recorded run. Thread-safe."""
        with self._lock:
            self.recorded_runs[outcome] += 1

    def has_read(self, segment_id: str, streams: int) -> bool:
        """Return whether all of a number of streams of a segment were read, and not none."""
        return 0 < streams <= self._streams_read[segment_id]
