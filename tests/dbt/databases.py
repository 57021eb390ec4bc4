"""Databases that real loaders fill and dbt reads."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from tests.e2e import postgres
from tests.e2e.duckdb_file import DuckDbFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Row = dict[str, Any]

RAW = "tap_activecampaign_segments"
"""Schema of the loader's tables, the package's default."""
SCHEMAS = (RAW, "other", "analytics", "fresh")
"""All that tests use: one server serves them all."""


class Database(Protocol):
    """A database with tables of the loader and of dbt.

    Attributes:
        raw: Schema of the loader's tables.
    """

    raw: str

    def load(self, messages: list[Row]) -> None:
        """Let the loader store messages."""

    def profile(self, schema: str) -> Row:
        """Return an output of dbt's profile."""

    def query(self, sql: str) -> list[Row]:
        """Return the rows of a SELECT."""

    def execute(self, sql: str) -> None:
        """Run statements on the loader's tables."""


class DuckDb:
    """A file that target-duckdb fills.

    Attributes:
        raw: Schema of the loader's tables.
        path: Of the file.
    """

    def __init__(self, folder: Path) -> None:
        """Begin with no file."""
        self.raw = RAW
        self._file = DuckDbFile(folder)
        self.path = self._file.path

    def load(self, messages: list[Row]) -> None:
        """Let the loader store messages."""
        self._file.load(messages, self.raw)

    def profile(self, schema: str) -> Row:
        """Return an output of dbt's profile."""
        return {"type": "duckdb", "path": str(self.path), "schema": schema, "threads": 2}

    def query(self, sql: str) -> list[Row]:
        """Return the rows of a SELECT."""
        with closing(duckdb.connect(str(self.path), read_only=True)) as connection:
            found = connection.execute(sql)
            names = [name for name, *_ in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def execute(self, sql: str) -> None:
        """Run statements on the loader's tables."""
        with closing(duckdb.connect(str(self.path))) as connection:
            connection.execute(f"USE {self.raw}")
            connection.execute(sql)


class Postgres:
    """Schemas of a server that target-postgres fills."""

    def __init__(self, server: postgres.Server, folder: Path, raw: str = RAW) -> None:
        """Begin without the tables of other tests."""
        self.raw = raw
        self._server = server
        self._folder = folder
        for schema in {raw, *SCHEMAS}:
            server.forget(schema)

    def load(self, messages: list[Row]) -> None:
        """Let the loader store messages."""
        postgres.Target(self._server, self._folder, self.raw).load(messages)

    def profile(self, schema: str) -> Row:
        """Return an output of dbt's profile."""
        return {
            "type": "postgres",
            "host": "127.0.0.1",
            "port": self._server.port,
            "user": self._server.user,
            "password": "none",
            "dbname": self._server.database,
            "schema": schema,
            "threads": 2,
        }

    def query(self, sql: str) -> list[Row]:
        """Return the rows of a SELECT."""
        return self._server.query(sql)

    def execute(self, sql: str) -> None:
        """Run statements on the loader's tables."""
        self._server.execute(sql, self.raw)


def load_all(database: Database, loads: Iterable[list[Row]]) -> None:
    """Load one night after another."""
    for messages in loads:
        database.load(messages)
