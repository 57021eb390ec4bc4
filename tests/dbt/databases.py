"""Databases that real loaders fill and dbt reads."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from tests.e2e import postgres
from tests.e2e.project import PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Row = dict[str, Any]

RAW = "tap_activecampaign_segments"
"""Schema of the loader's tables, the package's default."""
TARGET_DUCKDB = PLUGINS / "loaders" / "target-duckdb" / "venv" / "bin" / "target-duckdb"
SCHEMAS = (RAW, "other", "analytics", "fresh")
"""All that tests use: one server serves them all."""
PATIENCE = 120


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
        self._folder = folder
        self.path = folder / "warehouse.duckdb"

    def load(self, messages: list[Row]) -> None:
        """Let the loader store messages."""
        config = self._folder / "target-duckdb.json"
        config.write_text(
            json.dumps(
                {
                    "path": str(self.path),
                    "default_target_schema": self.raw,
                    "flush_all_streams": True,
                    "add_metadata_columns": False,
                    "validate_records": False,
                }
            )
        )
        done = subprocess.run(
            [TARGET_DUCKDB, "--config", config],
            input="".join(f"{json.dumps(message)}\n" for message in messages),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr

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
