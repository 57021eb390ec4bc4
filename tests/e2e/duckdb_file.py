"""A DuckDB file that target-duckdb fills, queried by the loader's own DuckDB and the tests' one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.e2e.project import PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PROGRAMS = PLUGINS / "loaders" / "target-duckdb" / "venv" / "bin"
PYTHONS = {"older": str(PROGRAMS / "python"), "current": sys.executable}
"""Interpreters whose packages include a DuckDB: that of the loader, and that of the tests."""
PATIENCE = 120
_ASK = """
import json, shutil, sys
import duckdb
path, copy, schema = sys.argv[1:]
shutil.copy(path, copy)
connection = duckdb.connect(copy)
connection.execute(f"SET search_path = '{schema}'")
before, queries = json.load(sys.stdin)
for sql in before:
    connection.execute(sql)
found = {}
for title, sql in queries.items():
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    found[title] = [dict(zip(names, row)) for row in result.fetchall()]
json.dump(found, sys.stdout, default=str)
"""


class DuckDbFile:
    """target-duckdb on a file of its own.

    Attributes:
        path: Of the file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "loaded.duckdb"

    def load(self, messages: Iterable[dict[str, Any]], schema: str) -> None:
        """Load a tap's messages into a database schema."""
        config = self._folder / "target-duckdb.json"
        options = {
            "path": str(self.path),
            "default_target_schema": schema,
            "flush_all_streams": True,
            "add_metadata_columns": False,
            "validate_records": False,
        }
        config.write_text(json.dumps(options))
        done = subprocess.run(
            [PROGRAMS / "target-duckdb", "--config", config],
            input="".join(f"{json.dumps(message)}\n" for message in messages),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def query(
        self, version: str, schema: str, before: Iterable[str], queries: Mapping[str, str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of queries on a copy of the file.

        Args:
            version: `older` or `current`: the DuckDB.
            schema: The database schema in which tables are looked up.
            before: Statements that are run first.
            queries: SELECT statements by title.
        """
        copy = self._folder / f"{version}.duckdb"
        done = subprocess.run(
            [PYTHONS[version], "-c", _ASK, self.path, copy, schema],
            input=json.dumps([list(before), dict(queries)]),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)  # type: ignore[no-any-return]
