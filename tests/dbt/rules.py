"""All rules on one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import ErrorLevel, exp, parse
from sqlglot.errors import SqlglotError

from tests.dbt.tree_rules import correlation_faults, tree_faults
from tests.dbt.type_rules import type_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dbt.catalogue import Catalogue


@dataclass(frozen=True)
class Fault:
    """What a warehouse would refuse.

    Attributes:
        node: Unique id of the model or test, empty for none.
        rule: Kind of rule.
        text: What is wrong.
    """

    node: str
    rule: str
    text: str


def parsed(sql: str, dialect: str) -> list[exp.Expression]:
    """Return the statements of a text.

    Raises:
        ParseError: If it is none of the dialect.
    """
    trees = parse(sql, dialect=dialect, error_level=ErrorLevel.RAISE)
    return [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]


def faults(tree: exp.Expression, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield the kind of each fault of a statement, and what is wrong."""
    dialect = catalogue.dialect
    yield from (("tree", text) for text in tree_faults(tree, dialect))
    for query in queries(tree):
        try:
            resolved = catalogue.resolve(query)
        except SqlglotError as error:
            yield "columns", str(error)
            continue
        yield from (("correlation", text) for text in correlation_faults(resolved, dialect))
        yield from (("types", text) for text in type_faults(resolved, dialect))


def queries(tree: exp.Expression) -> Iterator[exp.Query]:
    """Yield queries that have the columns of a statement."""
    if isinstance(tree, exp.Query):
        yield tree
    elif isinstance(tree, exp.Create | exp.Insert) and isinstance(tree.expression, exp.Query):
        yield tree.expression
        if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
            yield exp.select(*tree.this.expressions).from_(tree.this.this)
    elif isinstance(tree, exp.Delete):
        yield exp.select("1").from_(tree.this).where(*filter(None, [_where(tree)]))
    elif isinstance(tree, exp.Merge):
        source = tree.args["using"]
        yield exp.select("1").from_(tree.this).join(source, on=tree.args["on"])
        for when in tree.args["whens"].expressions:
            then = when.args["then"]
            if isinstance(then, exp.Insert):
                yield exp.select(*then.this.expressions).from_(tree.this)
                yield exp.select(*then.expression.expressions).from_(source)
            if isinstance(then, exp.Update):
                yield exp.select(*(each.this for each in then.expressions)).from_(tree.this)
                yield exp.select(*(each.expression for each in then.expressions)).from_(source)


def _where(tree: exp.Delete) -> exp.Expression | None:
    where = tree.args.get("where")
    return where.this if where else None
