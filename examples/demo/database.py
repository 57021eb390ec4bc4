"""Queries on the tables that target-duckdb has written."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SCHEMA = "tap_activecampaign_segments"

TABLES = "SELECT table_name FROM duckdb_tables() ORDER BY table_name"

SIZES = """
SELECT name, timestamp, result_count::BIGINT
FROM segments JOIN count_history USING (segment_id)
ORDER BY name, timestamp
"""

SEGMENTS = """
WITH latest AS (
    SELECT segment_id, arg_max(baseline_run_id, run_id_end) AS baseline_run_id
    FROM match_all_runs
    WHERE baseline_run_id IS NOT NULL
    GROUP BY segment_id
), members AS (
    SELECT segment_id, count(*) AS size
    FROM memberships JOIN latest USING (segment_id, baseline_run_id)
    WHERE is_member
    GROUP BY segment_id
), changes AS (
    SELECT
        segment_id,
        list(contact_id::BIGINT ORDER BY contact_id) FILTER (change = 'joined') AS joined,
        list(contact_id::BIGINT ORDER BY contact_id) FILTER (change = 'left') AS gone
    FROM membership_changes
    WHERE NOT is_baseline
    GROUP BY segment_id
)
SELECT name, coalesce(size, 0), coalesce(joined, []), coalesce(gone, [])
FROM segments
LEFT JOIN members USING (segment_id)
LEFT JOIN changes USING (segment_id)
ORDER BY size DESC NULLS LAST, name
"""

ARRIVALS = """
SELECT name, contact_id::BIGINT, email
FROM membership_changes
JOIN segments USING (segment_id)
JOIN contacts USING (contact_id)
WHERE change = 'joined' AND NOT is_baseline AND email IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY segment_id ORDER BY contact_id) = 1
ORDER BY name, contact_id
LIMIT ?
"""

DEFINITIONS = """
WITH busiest AS (
    SELECT segment_id
    FROM segment_definitions
    GROUP BY segment_id
    ORDER BY count(*) DESC, segment_id
    LIMIT 1
)
SELECT name, created_date, definition_text, changes_text
FROM segment_definitions
JOIN busiest USING (segment_id)
ORDER BY created_date DESC
"""


@dataclass(frozen=True)
class Segment:
    """Current state of a segment.

    Attributes:
        name: Name of the segment.
        size: Number of members.
        joined: Ids of contacts that joined since the first run.
        left: Ids of contacts that left since the first run.
    """

    name: str
    size: int
    joined: list[int]
    left: list[int]


@dataclass(frozen=True)
class Arrival:
    """A contact that joined a segment.

    Attributes:
        segment: Name of the segment.
        contact_id: Id of the contact.
        address: E-mail address of the contact.
    """

    segment: str
    contact_id: int
    address: str


@dataclass(frozen=True)
class Definition:
    """A version of a segment's definition.

    Attributes:
        segment: Name of the segment.
        created: When the version was made.
        text: The definition as a sentence.
        changes: What differs from the version before; None for the first.
    """

    segment: str
    created: datetime
    text: str
    changes: str | None


class Database:
    """A DuckDB file written by target-duckdb."""

    def __init__(self, path: Path) -> None:
        """Use a file, which need not exist yet."""
        self.path = path

    def count_rows(self) -> dict[str, int]:
        """Return the number of rows by table."""
        names = [name for (name,) in self._fetch(TABLES)]
        return {name: self._fetch(f'SELECT count(*) FROM "{name}"')[0][0] for name in names}  # noqa: S608

    def read_sizes(self) -> dict[str, list[tuple[datetime, int]]]:
        """Return the recorded counts by segment name, oldest first."""
        sizes: dict[str, list[tuple[datetime, int]]] = {}
        for name, at, size in self._fetch(SIZES):
            sizes.setdefault(name, []).append((at, size))
        return sizes

    def read_segments(self) -> list[Segment]:
        """Return the segments, largest first."""
        return [Segment(*row) for row in self._fetch(SEGMENTS)]

    def read_arrivals(self, limit: int) -> list[Arrival]:
        """Return some contacts that joined since the first run, one for each segment."""
        return [Arrival(*row) for row in self._fetch(ARRIVALS, limit)]

    def read_definitions(self) -> list[Definition]:
        """Return the versions of the segment that was edited most often, newest first."""
        return [Definition(*row) for row in self._fetch(DEFINITIONS)]

    def _fetch(self, query: str, *parameters: object) -> list[Any]:
        # Opened for each query, because the target needs exclusive access.
        with closing(duckdb.connect(str(self.path), read_only=True)) as connection:
            connection.execute(f"USE {SCHEMA}")
            return connection.execute(query, parameters).fetchall()
