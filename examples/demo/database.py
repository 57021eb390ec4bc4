"""Queries on the tables of target-duckdb and of the dbt package."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

LOADED = "tap_activecampaign_segments"
"""Schema of the loader's tables."""

MODELS = "analytics_segments"
"""Schema of the package's tables."""

TABLES = "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? ORDER BY table_name"

SIZES = """
SELECT name, timestamp, result_count::BIGINT
FROM segments JOIN count_history USING (segment_id)
ORDER BY name, timestamp
"""

SEGMENTS = """
WITH changes AS (
    SELECT
        segment_id,
        sum(joined_count + edit_joined_count)::BIGINT AS joined,
        sum(left_count + edit_left_count)::BIGINT AS gone
    FROM daily_changes
    GROUP BY segment_id
), joined AS (
    SELECT segment_id, min(contact_id) AS contact_id
    FROM membership_intervals
    WHERE began_by IN ('joined', 'segment_edited')
    GROUP BY segment_id
), gone AS (
    SELECT segment_id, min(contact_id) AS contact_id
    FROM membership_intervals
    WHERE ended_by IN ('left', 'segment_edited')
    GROUP BY segment_id
)
SELECT
    name,
    coalesce(total, 0),
    coalesce(changes.joined, 0),
    coalesce(changes.gone, 0),
    joined.contact_id,
    gone.contact_id
FROM segments_current
LEFT JOIN changes USING (segment_id)
LEFT JOIN joined USING (segment_id)
LEFT JOIN gone USING (segment_id)
ORDER BY total DESC NULLS LAST, name
"""

ARRIVALS = """
SELECT segment_name, contact_id, email
FROM current_members
JOIN audience_members ON person_id = contact_id AND audience_id = segment_id
WHERE began_by = 'joined' AND email IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY segment_id ORDER BY contact_id) = 1
ORDER BY segment_name, contact_id
LIMIT ?
"""

AUDIT = """
SELECT
    name,
    coalesce(size, 0),
    is_empty,
    is_unused,
    duplicate_count,
    edited_at,
    edited_by,
    changes_text
FROM segment_audit
ORDER BY
    (is_empty OR is_unused OR is_duplicate) DESC,
    changes_text IS NULL,
    edited_at DESC,
    name
LIMIT ?
"""

OVERLAPS = """
SELECT name_a, name_b, shared_count, jaccard
FROM segment_overlap
ORDER BY jaccard DESC, name_a, name_b
LIMIT ?
"""

AUDIENCES = """
WITH mailable AS (
    SELECT segment_id, count(*) AS mailable
    FROM mailable_members
    GROUP BY segment_id
)
SELECT name, size, coalesce(mailable, 0)
FROM audiences
LEFT JOIN mailable ON segment_id = id
ORDER BY size DESC, name
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
        joined: Number of contacts that joined since the first sync.
        left: Number of contacts that left since the first sync.
        newcomer: Id of one that joined, if any did.
        leaver: Id of one that left.
    """

    name: str
    size: int
    joined: int
    left: int
    newcomer: int | None
    leaver: int | None


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
class Finding:
    """What the audit says of a segment.

    Attributes:
        name: Name of the segment.
        size: Number of members.
        is_empty: Whether there are none.
        is_unused: Whether it was not used lately.
        duplicates: Number of other segments with the same definition.
        edited: When its latest version was made, if that is known.
        editor: Id of the user who made it.
        changes: What differs from the version before; None for the first.
    """

    name: str
    size: int
    is_empty: bool
    is_unused: bool
    duplicates: int
    edited: datetime | None
    editor: str | None
    changes: str | None


@dataclass(frozen=True)
class Overlap:
    """Two segments that share members.

    Attributes:
        names: Names of both.
        shared: Number of contacts in both.
        jaccard: Share of the contacts in either that are in both.
    """

    names: tuple[str, str]
    shared: int
    jaccard: float


@dataclass(frozen=True)
class Audience:
    """A segment as an audience.

    Attributes:
        name: Name of the segment.
        size: Number of members with an address.
        mailable: Number of members who may be written to.
    """

    name: str
    size: int
    mailable: int


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
    """A DuckDB file written by target-duckdb, and then by dbt."""

    def __init__(self, path: Path) -> None:
        """Use a file, which need not exist yet."""
        self.path = path

    def count_rows(self) -> dict[str, int]:
        """Return the number of rows by table of the loader."""
        names = [name for (name,) in self._fetch(LOADED, TABLES, LOADED)]
        return {
            name: self._fetch(LOADED, f'SELECT count(*) FROM "{name}"')[0][0]  # noqa: S608
            for name in names
        }

    def read_sizes(self) -> dict[str, list[tuple[datetime, int]]]:
        """Return the recorded counts by segment name, oldest first."""
        sizes: dict[str, list[tuple[datetime, int]]] = {}
        for name, at, size in self._fetch(LOADED, SIZES):
            sizes.setdefault(name, []).append((at, size))
        return sizes

    def read_segments(self) -> list[Segment]:
        """Return the segments, largest first."""
        return [Segment(*row) for row in self._fetch(MODELS, SEGMENTS)]

    def read_arrivals(self, limit: int) -> list[Arrival]:
        """Return some contacts that joined since the first sync, one for each segment."""
        return [Arrival(*row) for row in self._fetch(MODELS, ARRIVALS, limit)]

    def read_definitions(self) -> list[Definition]:
        """Return the versions of the segment that was edited most often, newest first."""
        return [Definition(*row) for row in self._fetch(LOADED, DEFINITIONS)]

    def read_audit(self, limit: int) -> list[Finding]:
        """Return what to look at first: what is wrong, then what was edited last."""
        return [Finding(*row) for row in self._fetch(MODELS, AUDIT, limit)]

    def read_overlaps(self, limit: int) -> list[Overlap]:
        """Return the pairs of segments that are most alike."""
        return [Overlap((a, b), *rest) for a, b, *rest in self._fetch(MODELS, OVERLAPS, limit)]

    def read_audiences(self, limit: int) -> list[Audience]:
        """Return the largest audiences."""
        return [Audience(*row) for row in self._fetch(MODELS, AUDIENCES, limit)]

    def _fetch(self, schema: str, query: str, *parameters: object) -> list[Any]:
        # Opened for each query, because the loader and dbt need exclusive access.
        with closing(duckdb.connect(str(self.path), read_only=True)) as connection:
            connection.execute(f"USE {schema}")
            return connection.execute(query, parameters).fetchall()
