"""Coercion: values get the types of the schema, or the record is rejected."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


MAX_INTEGER = 2**63 - 1
"""The largest integer that the schemas allow."""


def coerce(record: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record whose values have the types of its schema.

    Numbers become strings and numeric strings become numbers. Nothing else is converted. Nested
    values that cannot be coerced become null; nested fields without a schema stay as they are.

    Args:
        record: Values by name, each of them in the schema.
        schema: The JSON schema of the stream; its types are names or lists of names. The
            properties of nested objects are nullable.

    Raises:
        MalformedResponseError: A value has another type, or is out of range.

    Example:
        >>> coerce({"id": "7"}, {"properties": {"id": {"type": ["integer", "null"]}}})
        {'id': 7}
    """
    properties = schema["properties"]
    return {name: _coerce(name, value, properties[name]) for name, value in record.items()}


def _coerce(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    types = schema["type"]
    if value is None and not isinstance(types, str):
        return None
    coerced = _coerced_or_none(value, schema)
    if coerced is None:
        kind = _first_type(schema) + (" in its range" if "minimum" in schema else "")
        msg = f"the API answered with a {name} that is no {kind}"
        raise MalformedResponseError(msg)
    return coerced


def _coerced_or_none(value: Any, schema: Mapping[str, Any]) -> Any:
    expected = _first_type(schema)
    coerced = _COERCIONS[expected](value)
    if coerced is None:
        return None
    if expected == "integer":
        is_in_range = schema.get("minimum", coerced) <= coerced <= schema.get("maximum", coerced)
        return coerced if is_in_range else None
    if expected == "object" and "properties" in schema:
        nested = schema["properties"]
        return {
            name: _coerced_or_none(each, nested[name]) if name in nested else each
            for name, each in coerced.items()
        }
    return coerced


def _first_type(schema: Mapping[str, Any]) -> str:
    types = schema["type"]
    return types if isinstance(types, str) else str(types[0])


def coerce_count(value: Any) -> int | None:
    """Return an integer from 0 to `MAX_INTEGER`, None for anything else."""
    number = _integer(value)
    return number if number is not None and 0 <= number <= MAX_INTEGER else None


def _string(value: Any) -> str | None:
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
    is_valid = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return value if is_valid else None


_COERCIONS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "object": lambda value: value if isinstance(value, dict) else None,
    "array": _array,
}
