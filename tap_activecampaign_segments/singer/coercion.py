"""Records that keep to their schema, whatever the vendor sends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


HIGHEST = 2**63 - 1
"""The largest integer that a schema allows."""


def fitted(row: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose values have the types of its schema.

    Numbers in strings, and the other way round, are converted; nothing else is.

    Args:
        row: Fields by name, all of them in the schema.
        schema: The JSON schema of the stream; its types are names or lists of names.

    Raises:
        MalformedResponseError: A value has another type.
    """
    return {name: _fitted(name, value, schema["properties"][name]) for name, value in row.items()}


def _fitted(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    types = schema["type"]
    kind = types if isinstance(types, str) else types[0]
    if value is None and kind != types:
        return None
    fits = _FIT[kind](value)
    if fits is None:
        msg = f"the API answered with a {name} that is no {kind}"
        raise MalformedResponseError(msg)
    return fits


def count(value: Any) -> int | None:
    """Return a whole number from 0 on, None for anything else; numbers in text are numbers."""
    number = _integer(value)
    return number if number is not None and 0 <= number <= HIGHEST else None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if is_number else None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value) if set(value) & set(".eE") else int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def _array(value: Any) -> list[dict[str, Any]] | None:
    fits = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return value if fits else None


_FIT: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "object": lambda value: value if isinstance(value, dict) else None,
    "array": _array,
}
