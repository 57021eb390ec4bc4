"""What a warehouse would know of its tables: those of the loader, and those that dbt makes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

Name = tuple[str, str, str]
"""Database, schema and table."""

SESSION = "session"
"""Database and schema of temporary tables, which are named without both."""


@dataclass
class Table:
    """A table or view.

    Attributes:
        name: Database, schema and table as the warehouse stores them.
        columns: Names as the warehouse stores them, and types; unknown types are text.
        kind: `table` or `view`.
    """

    name: Name
    columns: dict[str, str]
    kind: str = "table"


class Catalogue:
    """The tables of one warehouse.

    Attributes:
        dialect: By sqlglot's name.
        tables: Those that exist, by name in lower case.
    """

    def __init__(self, dialect: str) -> None:
        """Begin without tables."""
        self.dialect = dialect
        self.tables: dict[Name, Table] = {}
        # Keeps dropped tables: to build it anew takes long, and dbt drops only what it replaces.
        self._schema = MappingSchema(dialect=dialect, normalize=False)
        self._resolved: tuple[exp.Query, exp.Query] | None = None

    def load(self, database: str, schema: str, tables: Mapping[str, dict[str, str]]) -> None:
        """Add a loader's tables."""
        for name, columns in tables.items():
            self.add(
                Table((self.stored(database), self.stored(schema), self.stored(name)), columns)
            )

    def add(self, table: Table) -> None:
        """Add a table, or replace it."""
        self.tables[_key(*table.name)] = table
        self._schema.add_table(
            exp.table_(*reversed(table.name), quoted=True),
            {
                self._cased(name): _data_type(kind, self.dialect)
                for name, kind in table.columns.items()
            },
            dialect=self.dialect,
            normalize=False,
        )

    def find(self, database: str, schema: str, name: str) -> Table | None:
        """Return a table."""
        return self.tables.get(_key(database, schema, name))

    def stored(self, name: str) -> str:
        """Return what an unquoted name is stored as."""
        return name.upper() if self.dialect == "snowflake" else name

    def resolve(self, query: exp.Query) -> exp.Query:
        """Return a query with all its columns resolved and typed.

        Raises:
            OptimizeError: If a column is none of its tables'.
        """
        if self._resolved and self._resolved[0] is query:
            return self._resolved[1]
        options = {"schema": self._schema, "dialect": self.dialect}
        resolved = qualify(query.copy(), catalog=SESSION, db=SESSION, **options)
        self._resolved = query, annotate_types(resolved, **options)
        return self._resolved[1]

    def learn(self, statement: exp.Expression) -> None:
        """Note what a statement creates, renames or drops."""
        if isinstance(statement, exp.Create) and isinstance(statement.expression, exp.Query):
            table = statement.this if isinstance(statement.this, exp.Table) else statement.this.this
            resolved = self.resolve(statement.expression)
            self.add(
                Table(
                    self._name(table),
                    {column.alias_or_name: self._type(column) for column in resolved.selects},
                    "view" if statement.kind == "VIEW" else "table",
                )
            )
        elif isinstance(statement, exp.Drop):
            for dropped in statement.find_all(exp.Table):
                self.tables.pop(_key(*self._name(dropped)), None)
        elif isinstance(statement, exp.Alter):
            self._rename(statement)

    def _rename(self, statement: exp.Alter) -> None:
        for action in statement.args.get("actions") or ():
            renamed = self.tables.pop(_key(*self._name(statement.this)), None)
            if renamed and isinstance(action, exp.AlterRename):
                database, schema, _ = renamed.name
                self.add(Table((database, schema, action.this.name), renamed.columns, renamed.kind))

    def _name(self, table: exp.Table) -> Name:
        normal = normalize_identifiers(table.copy(), dialect=self.dialect)
        return normal.catalog or SESSION, normal.db or SESSION, normal.name

    def _cased(self, column: str) -> str:
        # BigQuery finds columns whatever their case; sqlglot compares them in lower case.
        return column.lower() if self.dialect == "bigquery" else column

    def _type(self, column: exp.Expression) -> str:
        kind = column.type
        if kind is None or kind.is_type(exp.DType.UNKNOWN, exp.DType.NULL):
            return "STRING" if self.dialect == "bigquery" else "VARCHAR"
        return str(kind.sql(self.dialect)).replace("(MAX)", "")


@cache
def _data_type(kind: str, dialect: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect=dialect)


def _key(database: str, schema: str, name: str) -> Name:
    return database.lower(), schema.lower(), name.lower()
