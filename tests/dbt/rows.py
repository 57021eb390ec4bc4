"""Rows of different databases, made alike."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?")
SHOWN = 5


def assert_same(
    title: str, found: Iterable[Mapping[str, Any]], true: Iterable[Mapping[str, Any]]
) -> None:
    """Compare rows, whatever their order and that of their columns."""
    is_now, should_be = _counted(found), _counted(true)
    strange, missing = is_now - should_be, should_be - is_now
    lines = [f"{title}: {strange.total()} rows too many, {missing.total()} missing"]
    for word, rows in (("too many", strange), ("missing", missing)):
        lines += [f"  {word}: {dict(row)}" for row in sorted(rows, key=repr)[:SHOWN]]
    assert is_now == should_be, "\n".join(lines)


def _counted(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[tuple[str, Any], ...]]:
    return Counter(tuple(sorted((name, plain(each)) for name, each in row.items())) for row in rows)


def plain(value: Any) -> Any:
    """Return a value as both databases show it."""
    if isinstance(value, str) and INSTANT.fullmatch(value):
        value = datetime.fromisoformat(f"{value:0<26}" if "." in value else value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return round(float(value), 9)
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    # target-duckdb stores an empty text as null.
    return None if value == "" else value
