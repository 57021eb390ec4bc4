"""Real loaders: their settings, and what they hold as Python values."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import fastavro

import tap_activecampaign_segments.schemas
from tests.e2e.truth import KEYS, instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.e2e.postgres import Server
    from tests.e2e.project import Project
    from tests.e2e.truth import Row, Rows

SCHEMAS = Path(tap_activecampaign_segments.schemas.__file__).parent
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SCHEMA = "tap_activecampaign_segments"
"""Default schema of the database loaders."""


class Loader:
    """A loader in a project.

    Attributes:
        name: Of its plugin.
        appends: Append-only; does not upsert.
        keeps_empty_text: Whether an empty string differs from null.
        precision: Of its timestamps; what is beyond it is cut off.
        variables: Settings.
    """

    name: str
    appends = False
    keeps_empty_text = True
    precision = timedelta(microseconds=1)

    def __init__(self, project: Project) -> None:
        """Use a project."""
        self._project = project
        self.variables: dict[str, str] = {}

    def begin(self, number: int) -> None:
        """Prepare for a sync, counted from 0."""

    def rows(self) -> dict[str, Rows]:
        """Return all rows by stream, in order of arrival if the target keeps it."""
        raise NotImplementedError

    def held(self, row: Row) -> Row:
        """Return what it keeps of a row."""
        return {name: self._held(value) for name, value in row.items()}

    def _held(self, value: Any) -> Any:
        if value == "" and not self.keeps_empty_text:
            return None
        if isinstance(value, datetime):
            return value - (value - _EPOCH) % self.precision
        return value


class JsonLines(Loader):
    """target-jsonl."""

    name = "target-jsonl"
    appends = True

    def rows(self) -> dict[str, Rows]:
        return {
            path.stem: [
                _converted(json.loads(line), kinds(path.stem), _FROM_JSON)
                for line in path.read_text(encoding="utf-8").splitlines()
            ]
            for path in self._project.output.glob("*.jsonl")
        }


class Csv(Loader):
    """target-csv."""

    name = "target-csv"
    appends = True
    keeps_empty_text = False

    def rows(self) -> dict[str, Rows]:
        found: dict[str, Rows] = {}
        for path in sorted(self._project.output.glob("*.csv")):
            stream, _, _ = path.name.partition("-")
            with path.open(encoding="utf-8", newline="") as file:
                found.setdefault(stream, []).extend(
                    _converted(row, kinds(stream), _FROM_TEXT) for row in csv.DictReader(file)
                )
        return found


class Avro(Loader):
    """target-avro, with the tap's flattening: it has no type for an object of unknown fields."""

    name = "target-avro"
    appends = True
    precision = timedelta(seconds=1)

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        project.configure_tap(flattening_enabled=True, flattening_max_depth=2)

    def begin(self, number: int) -> None:
        self.variables["TARGET_AVRO_PREFIX"] = str(self._project.output / str(number))

    def held(self, row: Row) -> Row:
        kept = super().held(row)
        if "counts" in kept:
            kept["counts"] = {
                name: super(Avro, self).held(_with_instants(total))
                for name, total in kept["counts"].items()
            }
        return kept

    def rows(self) -> dict[str, Rows]:
        found: dict[str, Rows] = {}
        for path in sorted(self._project.output.glob("*.avro")):
            _, stream, _ = path.name.split(".")
            with path.open("rb") as file:
                found.setdefault(stream, []).extend(
                    _converted(_nested(row), kinds(stream), _FROM_AVRO)
                    for row in fastavro.reader(file)
                    if isinstance(row, dict)
                )
        return found


class DuckDb(Loader):
    """target-duckdb."""

    name = "target-duckdb"
    keeps_empty_text = False

    @property
    def database(self) -> Path:
        """Its database file."""
        return self._project.output / "activecampaign.duckdb"

    def rows(self) -> dict[str, Rows]:
        with closing(duckdb.connect(str(self.database), read_only=True)) as connection:
            connection.execute(f"USE {SCHEMA}")
            tables = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
            return {table: list(self._rows(connection, table)) for table in tables}

    @staticmethod
    def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> Iterable[Row]:
        found = connection.execute(f'FROM "{table}"')
        # Column names are lower-cased.
        names = {name.lower(): name for name in kinds(table)}
        types = {names[name]: str(kind) for name, kind, *_ in found.description or ()}
        for row in found.fetchall():
            yield _converted(dict(zip(types, row, strict=True)), types, _FROM_DUCKDB)


class Postgres(Loader):
    """target-postgres.

    Attributes:
        schema: Of the tables.
    """

    name = "target-postgres"

    def __init__(self, project: Project, server: Server, schema: str = SCHEMA) -> None:
        """Use a project and a server, without the tables of other projects."""
        super().__init__(project)
        server.forget(schema)
        self._server = server
        self.schema = schema
        self.variables = {
            "TARGET_POSTGRES_HOST": "127.0.0.1",
            "TARGET_POSTGRES_PORT": str(server.port),
            "TARGET_POSTGRES_USER": server.user,
            "TARGET_POSTGRES_PASSWORD": "none",
            "TARGET_POSTGRES_DATABASE": server.database,
        }

    def rows(self) -> dict[str, Rows]:
        types: dict[str, dict[str, str]] = {}
        for column in self._server.query(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            f" WHERE table_schema = '{self.schema}' AND NOT starts_with(column_name, '_sdc_')"
        ):
            types.setdefault(column["table_name"], {})[column["column_name"]] = column["data_type"]
        return {
            table: [
                _converted(row, types[table], _FROM_POSTGRES)
                for row in self._server.query(f'SELECT * FROM "{self.schema}"."{table}"')
            ]
            for table in types
        }


@cache
def kinds(stream: str) -> dict[str, str]:
    """Return the JSON type of each column of a stream."""
    schema = json.loads((SCHEMAS / f"{stream}.json").read_text(encoding="utf-8"))
    return {name: _kind(column) for name, column in schema["properties"].items()}


def by_key(stream: str, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """Return rows by key, the last of each."""
    return {tuple(row[name] for name in KEYS[stream]): row for row in rows}


def _kind(column: Mapping[str, Any]) -> str:
    kind = column["type"] if isinstance(column["type"], str) else column["type"][0]
    return "date-time" if column.get("format") == "date-time" else str(kind)


def _converted(
    row: Mapping[str, Any], types: Mapping[str, str], convert: Mapping[str, Callable[[Any], Any]]
) -> Row:
    """Convert a row, without the loader's own columns."""
    return {
        name: None if row[name] is None else convert.get(kind, _itself)(row[name])
        for name, kind in types.items()
    }


def _with_instants(total: Row) -> Row:
    """Convert a count of the listing, of which each field is a typed column."""
    return {
        name: value if name in {"count", "run_id"} else instant(value)
        for name, value in total.items()
    }


def _nested(row: Mapping[str, Any]) -> Row:
    """Reverse the flattening of a row, without the nested fields that are null."""
    found: Row = {}
    for path, value in row.items():
        column, *inner = path.split("__")
        if not inner:
            found[column] = value
            continue
        outer = found.setdefault(column, {})
        if value is not None:
            middle, name = inner
            outer.setdefault(middle, {})[name] = value
    return found


def _itself(value: Any) -> Any:
    return value


def _optional(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: convert(text) if text else None


def _of_zone(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    assert at.tzinfo is not None
    return at


_FROM_JSON: dict[str, Callable[[Any], Any]] = {"date-time": instant}

_FROM_TEXT: dict[str, Callable[[Any], Any]] = {
    "array": _optional(json.loads),
    "boolean": _optional({"True": True, "False": False}.__getitem__),
    "date-time": _optional(_of_zone),
    "integer": _optional(int),
    "object": _optional(json.loads),
    "string": _optional(str),
}

_FROM_AVRO: dict[str, Callable[[Any], Any]] = {
    "array": json.loads,
    "object": lambda value: value if isinstance(value, dict) else json.loads(value),
}

_FROM_DUCKDB: dict[str, Callable[[Any], Any]] = {
    "JSON": json.loads,
    "TIMESTAMP": lambda at: at.replace(tzinfo=timezone.utc),
}

_FROM_POSTGRES: dict[str, Callable[[Any], Any]] = {
    "numeric": float,
    "timestamp without time zone": lambda text: instant(f"{text}{'' if '.' in text else '.'}Z"),
}
