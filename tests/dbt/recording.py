"""A dbt adapter without a warehouse: it records statements, and knows what they would make."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from dbt.adapters.base import BaseAdapter
from dbt.adapters.contracts.connection import AdapterResponse, ConnectionState
from dbt_common.clients.agate_helper import empty_table, table_from_data_flat
from dbt_common.events.contextvars import get_node_info
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.dbt.catalogue import SESSION
from tests.dbt.rules import Fault, faults, parsed
from tests.dbt.text_rules import text_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dbt.catalogue import Catalogue

NOW = datetime(2026, 11, 30, 6, tzinfo=timezone.utc)


class NoNetworkError(RuntimeError):
    """Something tried to open a connection."""


@dataclass(frozen=True)
class Statement:
    """A statement that dbt would have executed.

    Attributes:
        node: Unique id of the model or test, empty for what serves none.
        sql: Its text.
    """

    node: str
    sql: str


class _Handle:
    """What stands for an open connection."""

    def close(self) -> None:
        """Close nothing."""

    def rollback(self) -> None:
        """Roll back nothing."""


@dataclass
class Recorder:
    """Stands between dbt and the warehouse that is not there.

    Attributes:
        catalogue: Tables that exist.
        statements: Those that were recorded, in order.
        faults: What is wrong in them.
    """

    catalogue: Catalogue
    statements: list[Statement] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def execute(self, sql: str, *, fetch: bool) -> tuple[AdapterResponse, Any]:
        """Record a statement and return an answer of its shape."""
        node = get_node_info().get("unique_id", "")
        self.statements.append(Statement(node, sql))
        answer = table_from_data_flat([_TEST_PASSED], list(_TEST_PASSED))
        found = [("text", text) for text in text_faults(sql, self.catalogue.dialect)]
        try:
            for tree in parsed(sql, self.catalogue.dialect):
                found += faults(tree, self.catalogue)
                self.catalogue.learn(tree)
                answer = self._answer(tree)
        except SqlglotError as error:
            if all(text != str(error) for _, text in found):
                found.append(("syntax", str(error)))
        self.faults += (Fault(node, *each) for each in found)
        return AdapterResponse("OK"), answer if fetch else empty_table()

    def _answer(self, tree: exp.Expression) -> Any:
        if not isinstance(tree, exp.Query):
            return empty_table()
        columns = self.catalogue.resolve(tree).selects
        row = {column.alias_or_name: self._value(column) for column in columns}
        return table_from_data_flat([row], list(row))

    def _value(self, column: exp.Expression) -> Any:
        name = column.alias_or_name.lower()
        if name in _TEST_PASSED:
            return _TEST_PASSED[name]
        kind = column.type
        if kind is None:
            return None
        if kind.is_type(*exp.DataType.TEMPORAL_TYPES):
            return NOW.date() if kind.is_type("date") else NOW
        if kind.is_type(*exp.DataType.NUMERIC_TYPES):
            return Decimal(1)
        if kind.is_type("boolean"):
            return True
        return "1" if kind.is_type(*exp.DataType.TEXT_TYPES) else None


_TEST_PASSED = {"failures": 0, "should_warn": False, "should_error": False}


def _refuse(*_: Any, **__: Any) -> Any:
    raise NoNetworkError("a connection was opened")


@contextmanager
def no_network() -> Iterator[None]:
    """Refuse every connection and every look-up of a name."""
    with (
        patch.object(socket.socket, "connect", _refuse),
        patch.object(socket.socket, "connect_ex", _refuse),
        patch.object(socket, "getaddrinfo", _refuse),
        patch.object(socket, "create_connection", _refuse),
    ):
        yield


@contextmanager
def recorded(dialect: str, recorder: Recorder) -> Iterator[None]:
    """Let dbt's adapter of a dialect speak to a recorder."""
    adapter = import_module(f"dbt.adapters.{dialect}").Plugin.adapter
    members = _adapter_members(adapter, recorder)
    if dialect == "bigquery":
        members |= _bigquery_members()
    if dialect == "redshift":
        members["_link_cached_relations"] = lambda *_: None
    with (
        patch.multiple(adapter, **members),
        patch.multiple(adapter.ConnectionManager, **_connection_members(recorder)),
    ):
        yield


def _connection_members(recorder: Recorder) -> dict[str, Any]:
    def open_connection(_: Any, connection: Any) -> Any:
        connection.handle = _Handle()
        connection.state = ConnectionState.OPEN
        return connection

    def execute(_: Any, sql: str, **options: Any) -> Any:
        return recorder.execute(sql, fetch=bool(options.get("fetch")))

    def begin(self: Any) -> None:
        self.get_thread_connection().transaction_open = True

    def commit(self: Any) -> None:
        self.get_thread_connection().transaction_open = False

    return {
        "open": classmethod(open_connection),
        "execute": execute,
        "begin": begin,
        "commit": commit,
    }


def _adapter_members(adapter: Any, recorder: Recorder) -> dict[str, Any]:
    catalogue = recorder.catalogue

    def relations(_: Any, schema_relation: Any) -> list[Any]:
        return [
            adapter.Relation.create(*table.name, type=table.kind, quote_policy=_QUOTED)
            for (database, schema, _), table in catalogue.tables.items()
            if (database, schema)
            == (schema_relation.database.lower(), schema_relation.schema.lower())
        ]

    def columns(_: Any, relation: Any) -> list[Any]:
        table = catalogue.find(
            relation.database or SESSION, relation.schema or SESSION, relation.identifier
        )
        known = table.columns.items() if table else ()
        return [_column(adapter.Column, *column) for column in known]

    return {
        "list_relations_without_caching": relations,
        "get_columns_in_relation": columns,
        "list_schemas": lambda *_: sorted({table.name[1] for table in catalogue.tables.values()}),
        "check_schema_exists": lambda *_: True,
    }


_QUOTED = {"database": True, "schema": True, "identifier": True}


def _bigquery_members() -> dict[str, Any]:
    """Return members for what dbt does through BigQuery's client instead of SQL."""

    def drop(self: Any, relation: Any) -> None:
        self.cache_dropped(relation)

    return {
        "get_relation": BaseAdapter.get_relation,
        "drop_relation": drop,
        "is_replaceable": lambda *_: True,
        "get_bq_table": lambda *_: None,
    }


def _column(column: Any, name: str, kind: str) -> Any:
    if hasattr(column, "create_from_field"):  # BigQuery's
        return column.create_from_field(_field(name, exp.DataType.build(kind, dialect="bigquery")))
    return column.from_description(name, kind)


def _field(name: str, kind: exp.DataType) -> Any:
    """Return a column as BigQuery's client describes it."""
    schema_field = import_module("google.cloud.bigquery").SchemaField
    if kind.is_type("array"):
        item = _field(name, kind.expressions[0])
        return schema_field(name, item.field_type, "REPEATED", fields=item.fields)
    if kind.is_type("struct"):
        inner = [_field(each.name, each.args["kind"]) for each in kind.expressions]
        return schema_field(name, "RECORD", fields=inner)
    return schema_field(name, kind.sql("bigquery"))
