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

    Numbers become strings and numeric strings become numbers. Nothing else is converted.

    Args:
        record: Values by name, each of them in the schema.
        schema: The JSON schema of the stream; its types are names or lists of names.

    Raises:
        MalformedResponseError: A value has another type.

    Example:
        >>> coerce({"id": "7"}, {"properties": {"id": {"type": ["integer", "null"]}}})
        {'id': 7}
    """
    properties = schema["properties"]
    return {name: _coerce(name, value, properties[name]) for name, value in record.items()}


def _coerce(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    types = schema["type"]
    expected = types if isinstance(types, str) else types[0]
    if value is None and expected != types:
        return None
    coerced = _COERCIONS[expected](value)
    if coerced is None:
        msg = f"the API answered with a {name} that is no {expected}"
        raise MalformedResponseError(msg)
    return coerced


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
    "number": _number,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "object": lambda value: value if isinstance(value, dict) else None,
    "array": _array,
}
