"""A SQL target in memory: upserts by key and runs the documented queries."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCS = Path(__file__).parents[2] / "docs"
TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
# Titles of documented queries.
LOG = "current members from the log"
TABLE = "current members from memberships"
FULL = "current members from the full result"
PAST = "members at a past date"
STALE = "stale rows in memberships"
EXACT = "memberships against the log"
INCOMPLETE = "full result against the latest run"
EXIST = "segments that exist"
IDLE = "runs that do not count"
EXISTING = "current members of segments that exist"


def statements() -> dict[str, str]:
    """Return the documented SQL statements by their title, the comment in their first line."""
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md")))
    return dict(re.findall(r"```sql\n-- (.+?)\n(.+?)```", pages, re.DOTALL))


def first_column(rows: list[tuple[Any, ...]]) -> set[str]:
    """Return the distinct values of the first column."""
    return {row[0] for row in rows}


COUNTED = {
    "match_all_runs": ["joined_count", "left_count"],
    "segment_group_exports": ["total_results"],
}
"""Columns that an erasure updates."""
PLAIN = {
    "all definitions": "SELECT segment_id, created_date FROM segment_definitions",
    "all counts": "SELECT run_id, segment_id, timestamp FROM count_history",
}


VIEWS = {
    "current members as a view": {"match_all_runs", "membership_changes"},
}
"""Documented views besides the chain, and the tables that they need."""


class Warehouse:
    """Tables of a target after the messages that were loaded."""

    def __init__(self) -> None:
        self._schemas: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.state: dict[str, Any] | None = None

    def load(self, messages: Iterable[dict[str, Any]]) -> Warehouse:
        """Load messages in order; a STATE is kept at once."""
        self._connection = None
        for message in messages:
            if message["type"] == "SCHEMA":
                self._schemas[message["stream"]] = message
            elif message["type"] == "RECORD":
                keys = self._schemas[message["stream"]]["key_properties"]
                record = message["record"]
                rows = self._rows.setdefault(message["stream"], {})
                rows[tuple(record[key] for key in keys)] = record
            elif message["type"] == "STATE":
                self.state = json.loads(json.dumps(message["value"]))
        return self

    def query(self, title: str, **replacements: str) -> list[tuple[Any, ...]]:
        """Return the rows of a documented statement, sorted.

        Args:
            title: Title of the statement.
            replacements: `at` replaces the date in the statement.
        """
        sql = PLAIN.get(title) or statements()[title]
        if "at" in replacements:
            sql = sql.replace("2026-11-01 00:00:00", replacements["at"])
        return sorted(self._tables().execute(sql).fetchall(), key=repr)

    def erase(self, title: str) -> None:
        """Run a documented statement that deletes rows."""
        sql = statements()[title]
        tables = self._tables()
        tables.execute(sql)
        for stream in re.findall(r"DELETE FROM (\w+)", sql):
            if rows := self._rows.get(stream):
                keys = ", ".join(f'"{key}"' for key in self._schemas[stream]["key_properties"])
                kept = tables.execute(f'SELECT {keys} FROM "{stream}"').fetchall()  # noqa: S608
                self._rows[stream] = {key: rows[key] for key in kept}
        for stream, numbers in COUNTED.items():
            if f"UPDATE {stream}" in sql and self._rows.get(stream):
                names = ", ".join(numbers)
                found = tables.execute(f"SELECT {names} FROM {stream} ORDER BY rowid").fetchall()  # noqa: S608
                for row, counts in zip(self._rows[stream].values(), found, strict=True):
                    row.update(zip(numbers, counts, strict=True))

    def drop(self, stream: str, **fields: object) -> None:
        """Delete the rows that have these fields."""
        self._connection = None
        self._rows[stream] = {
            key: row for key, row in self._rows[stream].items() if not fields.items() <= row.items()
        }

    @property
    def streams(self) -> set[str]:
        """The streams that have tables."""
        return set(self._schemas)

    def heads(self) -> list[dict[str, Any]]:
        """Return the latest run in the chain of each segment."""
        sql = "SELECT segment_id, run_id FROM chain WHERE depth = 0"
        found = self._tables().execute(sql).fetchall()
        return [{"segment_id": segment_id, "run_id": run_id} for segment_id, run_id in found]

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """Return all rows of a stream."""
        return list(self._rows.get(stream, {}).values())

    def write(self, path: Path, schema: str) -> None:
        """Replace the tables in a schema of a DuckDB file."""
        tables = self._tables()
        tables.execute(f"ATTACH '{path}' AS file (STORAGE_VERSION 'v1.2.0')")
        tables.execute(f"CREATE SCHEMA IF NOT EXISTS file.{schema}")
        for stream in self._schemas:
            tables.execute(f"CREATE OR REPLACE TABLE file.{schema}.{stream} AS FROM {stream}")
        tables.execute("DETACH file")

    def members(self, title: str, **replacements: str) -> dict[str, set[int]]:
        """Return contact ids by segment, from a documented statement."""
        found: dict[str, set[int]] = {}
        for segment_id, contact_id, *_ in self.query(title, **replacements):
            assert contact_id not in found.setdefault(segment_id, set())
            found[segment_id].add(contact_id)
        return found

    def _tables(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = duckdb.connect()
            for stream, message in self._schemas.items():
                self._create(self._connection, stream, message["schema"]["properties"])
            has_log = "membership_changes" in self._schemas
            if "match_all_runs" in self._schemas:
                title = "chain" if has_log else "chain without the log"
                self._connection.execute(statements()[title])
            for title, tables in VIEWS.items():
                if tables <= self._schemas.keys():
                    self._connection.execute(statements()[title])
        return self._connection

    def _create(
        self, connection: duckdb.DuckDBPyConnection, stream: str, columns: dict[str, Any]
    ) -> None:
        names = ", ".join(f'"{name}" {_type(schema)}' for name, schema in columns.items())
        connection.execute(f'CREATE TABLE "{stream}" ({names})')
        kinds = {name: _type(schema) for name, schema in columns.items()}
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for record in self._rows.get(stream, {}).values():
                file.write(json.dumps(record) + "\n")
            file.flush()
            connection.execute(
                f'INSERT INTO "{stream}" BY NAME SELECT * FROM read_json(?, columns={kinds})',  # noqa: S608
                [file.name],
            )


def _type(schema: dict[str, Any]) -> str:
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    return "TIMESTAMP" if schema.get("format") == "date-time" else TYPES.get(kind, "JSON")
