"""Rules on a statement's tree: what a warehouse refuses, though a parser reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from tests.dbt.vocabulary import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAMED = (exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg, exp.FirstValue, exp.LastValue)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def tree_faults(tree: exp.Expression, dialect: str) -> Iterator[str]:
    """Yield what a warehouse would refuse in a statement."""
    if isinstance(tree, exp.Command):
        yield f"{tree.name} statement that sqlglot does not know"
    for identifier in tree.find_all(exp.Identifier):
        yield from _identifier(identifier, dialect)
    for node in tree.find_all(exp.Filter, exp.Window, exp.In, exp.IgnoreNulls, *_COMPARISONS):
        yield from _expression(node, dialect)
    for select in tree.find_all(exp.Select):
        yield from _select(select, dialect)
    for recursive in tree.find_all(exp.With):
        if recursive.args.get("recursive"):
            yield from _recursion(recursive, dialect)
    if dialect == "redshift":
        for node in tree.find_all(exp.NullSafeEQ, exp.NullSafeNEQ, exp.Lateral, exp.Values):
            if not (isinstance(node, exp.Values) and node.find_ancestor(exp.Insert, exp.Merge)):
                yield f"{node.sql(dialect)[:60]}: {node.key} is unknown to Redshift"


def _identifier(identifier: exp.Identifier, dialect: str) -> Iterator[str]:
    name = identifier.name
    if identifier.quoted:
        if dialect == "snowflake" and name != name.upper():
            yield f'"{name}" is another name than {name}'
    elif name.lower() in RESERVED[dialect]:
        yield f"{name} is a reserved word"


def _expression(node: exp.Expression, dialect: str) -> Iterator[str]:
    if isinstance(node, exp.Filter):
        yield "aggregates have no FILTER"
    elif isinstance(node, exp.IgnoreNulls):
        if dialect == "bigquery" and isinstance(node.this, exp.Lag | exp.Lead):
            yield "LAG and LEAD do not ignore nulls"
    elif isinstance(node, exp.In):
        if dialect == "bigquery" and isinstance(node.this, exp.Tuple) and node.args.get("query"):
            yield "IN compares one column"
    elif isinstance(node, exp.Window):
        yield from _window(node, dialect)
    elif isinstance(node.this, exp.Tuple):
        yield "rows are not compared as a whole"


def _window(window: exp.Window, dialect: str) -> Iterator[str]:
    function = window.this.this if isinstance(window.this, exp.IgnoreNulls) else window.this
    frame = window.args.get("spec")
    if dialect == "redshift":
        if isinstance(function, _FRAMED) and window.args.get("order") and not frame:
            yield f"{window.sql(dialect)[:60]}: an aggregate with ORDER BY needs a frame"
        if frame and frame.args.get("kind") == "RANGE":
            yield "frames are of ROWS"
        if isinstance(function, exp.Lag | exp.Lead) and function.args.get("default"):
            yield "LAG and LEAD have no default"
    if isinstance(function, exp.Count) and function.find(exp.Distinct) and window.args.get("order"):
        yield "a window that is ordered counts nothing distinct"


def _select(select: exp.Select, dialect: str) -> Iterator[str]:
    distinct = select.args.get("distinct")
    if distinct and distinct.args.get("on"):
        yield "SELECT DISTINCT ON"
    if dialect == "bigquery" and select.args.get("where") and not select.args.get("from_"):
        yield "WHERE without FROM"
    if dialect in {"bigquery", "redshift"}:
        for count in select.find_all(exp.Count):
            if isinstance(count.this, exp.Distinct) and len(count.this.expressions) > 1:
                yield "COUNT(DISTINCT) of several columns"
    outer = {"bigquery": {"LEFT", "RIGHT", "FULL"}, "redshift": {"FULL"}}.get(dialect, set())
    for join in select.args.get("joins") or ():
        if join.side in outer and not join.args.get("using") and not _has_equality(join):
            yield f"{join.side} JOIN without an equality of both sides"


def _has_equality(join: exp.Join) -> bool:
    condition = join.args.get("on")
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return any(
        isinstance(part, exp.EQ) and len({column.table for column in part.find_all(exp.Column)}) > 1
        for part in parts
    )


def _recursion(recursive: exp.With, dialect: str) -> Iterator[str]:
    above = recursive.parent and recursive.parent.parent
    while isinstance(above, exp.Subquery) and not above.alias:
        above = above.parent
    if dialect in {"bigquery", "redshift"} and above and not isinstance(above, exp.Create):
        yield "WITH RECURSIVE below the top level"
    for named in recursive.expressions:
        own = [table for table in named.this.find_all(exp.Table) if table.name == named.alias]
        if not own:
            continue
        if dialect == "redshift" and not named.args["alias"].columns:
            yield f"{named.alias} recurs, but has no list of columns"
        if dialect == "bigquery" and named.args["alias"].columns:
            yield f"{named.alias} has a list of columns"
        for table in own:
            term = table.find_ancestor(exp.Select)
            if term is None:
                continue
            refused = [exp.AggFunc, exp.Distinct, exp.Group, exp.Order, exp.Limit, exp.Window]
            if term.find(*refused) or any(join.side for join in term.args.get("joins") or ()):
                yield f"{named.alias}: outer join, aggregate or order in the recursive term"


def correlation_faults(query: exp.Query, dialect: str) -> Iterator[str]:
    """Yield correlated subqueries that no warehouse turns into a join; columns are resolved."""
    for scope in traverse_scope(query):
        if not scope.is_correlated_subquery:
            continue
        outer = [
            column
            for column in scope.external_columns
            if not column.find_ancestor(exp.Unnest, exp.Lateral)
        ]
        if outer and scope.expression.args.get("limit"):
            yield f"{scope.expression.sql(dialect)[:80]}: correlated, with LIMIT"
        for column in outer:
            comparison = column.find_ancestor(exp.Predicate, exp.Select)
            if not isinstance(comparison, exp.EQ):
                yield f"{column.sql(dialect)}: correlated by something else than an equality"
