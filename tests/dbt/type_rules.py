"""Rules on types: values that a warehouse does not compare, combine or group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_KINDS = {
    "time with zone": {exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ},
    "time without zone": {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME},
    "date": {exp.DType.DATE},
    "text": exp.DataType.TEXT_TYPES,
    "number": exp.DataType.NUMERIC_TYPES,
    "boolean": {exp.DType.BOOLEAN},
    "nested": {
        exp.DType.VARIANT,
        exp.DType.JSON,
        exp.DType.SUPER,
        exp.DType.ARRAY,
        exp.DType.OBJECT,
        exp.DType.STRUCT,
    },
}


def type_faults(query: exp.Query, dialect: str) -> Iterator[str]:
    """Yield operations on types that do not go together; types are annotated."""
    for node in query.walk():
        for each in _combined(node):
            kinds = {kind for part in each if (kind := _kind(part, dialect))}
            if len(kinds) > 1:
                yield f"{node.sql(dialect)[:120]}: {' and '.join(sorted(kinds))}"
        yield from _boolean(node, dialect)
        if isinstance(node, exp.Select) and dialect == "bigquery":
            yield from _grouped(node, dialect)
        if isinstance(node, exp.DPipe | exp.Concat) and dialect == "bigquery":
            for part in node.expressions or [node.left, node.right]:
                if _kind(part, dialect) not in {"", "text"}:
                    yield f"{part.sql(dialect)[:60]} is concatenated, but no text"


def _combined(node: exp.Expression) -> Iterator[Sequence[exp.Expression]]:
    if isinstance(node, _COMPARISONS):
        yield (node.left, node.right)
    elif isinstance(node, exp.Between):
        yield (node.this, node.args["low"], node.args["high"])
    elif isinstance(node, exp.Coalesce):
        yield (node.this, *node.expressions)
    elif isinstance(node, exp.Case):
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        yield (*branches, *([node.args["default"]] if node.args.get("default") else ()))
    elif isinstance(node, exp.In):
        query = node.args.get("query")
        columns = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        if query:
            yield from zip(columns, query.this.selects, strict=False)
        elif len(columns) == 1:
            yield (*columns, *node.expressions)
    elif isinstance(node, exp.SetOperation):
        yield from zip(node.left.selects, node.right.selects, strict=False)


def _kind(node: exp.Expression, dialect: str) -> str:
    """Return the kind of type, empty for what is unknown, null, or text that a type may read."""
    inner = node.unalias()
    kind = node.type or inner.type
    if kind is None or isinstance(inner, exp.Null) or inner.is_string:
        return ""
    if kind.is_type("date") and dialect != "bigquery":
        return "time without zone"  # the others convert dates
    return next((name for name, types in _KINDS.items() if kind.this in types), "")


def _boolean(node: exp.Expression, dialect: str) -> Iterator[str]:
    refused: tuple[type[exp.Expression], ...] = (exp.Sum, exp.Avg)
    if dialect != "bigquery":
        refused += (exp.Min, exp.Max)
    if isinstance(node, refused) and _kind(node.this, dialect) == "boolean":
        yield f"{node.sql(dialect)[:60]}: of a boolean"
    if (
        dialect == "redshift"
        and isinstance(node, exp.Cast)
        and _kind(node.this, dialect) == "boolean"
        and node.to.this in exp.DataType.TEXT_TYPES
    ):
        yield f"{node.sql(dialect)[:60]}: a boolean is not cast to text"


def _grouped(select: exp.Select, dialect: str) -> Iterator[str]:
    keys = list(select.args["group"].expressions) if select.args.get("group") else []
    keys += select.selects if select.args.get("distinct") else []
    for key in keys:
        if _kind(key, dialect) == "nested":
            yield f"{key.sql(dialect)[:60]}: nested, but grouped"
