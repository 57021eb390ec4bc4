"""Count history: rows, and fingerprints that detect rows which arrive late.

`count_history_cursor` reads the pages; `recent_counts` reads the newest row of many segments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MAX_FINGERPRINTS = 20
"""Rows whose fingerprints the state keeps."""
FINGERPRINT_LENGTH = 6
"""Hexadecimal digits of a fingerprint."""
MAX_UPDATE_TIME = timedelta(days=1)
"""Age from which on a row counts as final (inferred: no evaluation takes a day)."""

FIELDS = (
    "segment_hash",
    "result_count",
    "active_result_count",
    "count_updating_with_runid",
)


def count_row(segment_id: str, resource: dict[str, Any]) -> dict[str, Any]:
    """Return one entry of the count history as a row.

    Args:
        segment_id: The segment.
        resource: One object under ``data`` of the answer.

    Raises:
        MalformedResponseError: The entry has no run id or no timestamp.
    """
    found = attributes(resource)
    run_id = found.get("run_id")
    if not isinstance(run_id, str):
        msg = f"the count history has a row whose run_id is {brief(run_id)}"
        raise MalformedResponseError(msg)
    return {
        "segment_id": segment_id,
        "run_id": run_id,
        "timestamp": timestamps.normalize(found.get("timestamp")),
        "id": resource.get("id"),
        **{name: found.get(name) for name in FIELDS},
    }


def may_change(row: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether the API may still update a row with a newer count."""
    is_updating = row.get("count_updating_with_runid") is not None
    return is_updating and now - timestamps.parse(row["timestamp"]) < MAX_UPDATE_TIME


@dataclass(frozen=True)
class RowFingerprints:
    """Fingerprints of the newest rows up to the bookmark.

    A row at or before the bookmark whose fingerprint is missing arrived late.

    Example:
        >>> row = {"timestamp": "2026-01-01T00:00:00.000000Z", "run_id": "a"}
        >>> known = RowFingerprints.of_newest("2026-01-02T00:00:00.000000Z", [row])
        >>> known == RowFingerprints.from_state(known.to_state())
        True

    Attributes:
        since: Timestamp of the oldest fingerprinted row; empty if every row is covered.
        marks: The fingerprints.
    """

    since: str
    marks: frozenset[str]

    @classmethod
    def from_state(cls, value: object) -> RowFingerprints | None:
        """Read what `to_state` returned, None if it is anything else."""
        if not isinstance(value, dict):
            return None
        since, marks = value.get("since"), value.get("marks")
        if not isinstance(since, str) or not isinstance(marks, str):
            return None
        chunks = zip(*[iter(marks)] * FINGERPRINT_LENGTH, strict=False)
        return cls(since, frozenset(map("".join, chunks)))

    @classmethod
    def of_newest(cls, bookmark: str, rows: Iterable[Mapping[str, Any]]) -> RowFingerprints | None:
        """Fingerprint the newest rows that are not after the bookmark, None if there are none."""
        keys = sorted((row["timestamp"], row["run_id"]) for row in rows)
        known = [key for key in keys if key[0] <= bookmark][-MAX_FINGERPRINTS:]
        since = known[0][0] if len(known) == MAX_FINGERPRINTS else ""
        return cls(since, frozenset(map(_fingerprint, known))) if known else None

    def to_state(self) -> dict[str, str]:
        """Return the form kept in the state."""
        return {"since": self.since, "marks": "".join(sorted(self.marks))}

    def lacks(self, key: tuple[str, str]) -> bool:
        """Tell whether a row at or before the bookmark is new.

        Args:
            key: The row's timestamp and run id.
        """
        # Other rows with the timestamp `since` may exist without a fingerprint.
        return key[0] > self.since and _fingerprint(key) not in self.marks


def _fingerprint(key: tuple[str, str]) -> str:
    return hashlib.sha256("\n".join(key).encode()).hexdigest()[:FINGERPRINT_LENGTH]
