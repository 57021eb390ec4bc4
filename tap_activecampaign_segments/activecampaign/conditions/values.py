"""Any JSON value as text, on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 30
"""Levels of a nested value that are kept where it cannot be written whole."""
_MAX_EXACT = 2**53

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What ends a line, reverses it, or cannot be encoded."""


def to_text(value: Any) -> str | None:
    """Return a JSON value as text.

    Example:
        >>> to_text(14), to_text(True), to_text(["3", "5"]), to_text(None)
        ('14', 'true', '["3", "5"]', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_EXACT:
        return str(int(value))
    return to_json(value)


def to_json(value: Any) -> str:
    """Return a value as JSON text, without the levels that are too deep to be written."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return json.dumps(_cut(value), ensure_ascii=False, default=str)


def _cut(value: Any, depth: int = 0) -> Any:
    """Return a value without levels below the maximum, and without integers that have no text."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MAX_EXACT:
        return hex(value)
    if isinstance(value, dict | list) and depth >= MAX_DEPTH:
        return "..."
    if isinstance(value, dict):
        return {name: _cut(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_cut(each, depth + 1) for each in value]
    return value


def to_items(value: Any) -> list[Any]:
    """Return the items of what should be an array, nested arrays included.

    Nulls are left out. An object is one item, or an array whose indices became names.

    Example:
        >>> to_items([{"id": 1}, [{"id": 2}], None])
        [{'id': 1}, {'id': 2}]
        >>> to_items({"1": {"id": 1}, "2": {"id": 2}})
        [{'id': 1}, {'id': 2}]
    """
    if isinstance(value, Mapping):
        is_array = all(isinstance(each, Mapping) for each in value.values())
        return list(value.values()) if is_array else [value]
    items: list[Any] = []
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending.extend(reversed(each))
        elif each is not None and each != "":
            items.append(each)
    return items


def normalize(text: str | None) -> str:
    """Return an operator or a type in its canonical spelling."""
    return " ".join((text or "").casefold().split())


def to_one_line(text: str) -> str:
    r"""Return a text with escapes for characters that break a line: ``\n``, ``\u2028``."""
    return _UNSAFE.sub(lambda found: _escape(found.group()), text)


def _escape(character: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\u{ord(character):04x}")


def quote(text: str, limit: int | None = None) -> str:
    r"""Return a text in double quotes, on one line.

    Example:
        >>> print(quote('size 7"\n'))
        "size 7\"\n"

    Args:
        text: Any text.
        limit: Maximum number of characters; a longer text is cut.
    """
    shown = shorten(text, limit).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{to_one_line(shown)}"'


def shorten(text: str, limit: int | None) -> str:
    """Return a text of at most so many characters, an ellipsis included."""
    return text if limit is None or len(text) <= limit else f"{text[: limit - 1]}…"


def to_label(name: str) -> str:
    """Return a name as it stands in a sentence: quoted if it is more than one word.

    Example:
        >>> to_label("tagid"), to_label("my field")
        ('tagid', '"my field"')
    """
    return name if re.fullmatch(r"[\w%-]+", name) else quote(name)
