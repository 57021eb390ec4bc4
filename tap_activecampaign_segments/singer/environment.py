"""Settings from environment variables: those that the SDK cannot read, or would misread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BOOLEANS = {"true", "1", "yes", "on", "false", "0", "no", "off"}
"""Spellings of a boolean. The SDK takes any other text for false."""
_PYTHON_TYPES = {"integer": int, "object": dict, "array": list}


def environment_errors(
    environment: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> Iterator[str]:
    """Yield one sentence for each variable that has not its setting's type, without its value.

    Args:
        environment: Values by name, those of an ``.env`` file included.
        prefix: The prefix of the settings' variables.
        schema: The JSON schema of the settings, the SDK's own included.
    """
    for name, setting in schema["properties"].items():
        variable = f"{prefix}{name.upper()}"
        text = environment.get(variable)
        types = setting.get("type", ())
        expected = next((each for each in ("boolean", *_PYTHON_TYPES) if each in types), None)
        if text is None or expected is None or _is_of_type(text, expected):
            continue
        yield f"{name}: must be of type {expected} (environment variable {variable})"


def environment_warnings(
    environment: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> Iterator[str]:
    """Yield one sentence for each variable with the tap's prefix that is not a setting.

    Args:
        environment: See `environment_errors`.
        prefix: See `environment_errors`.
        schema: See `environment_errors`.
    """
    known = {f"{prefix}{name.upper()}" for name in schema["properties"]}
    # Meltano sets variables for the parts of a setting, and some of its own.
    meltanos = (f"{prefix}_", *(f"{name}_" for name in known & environment.keys()))
    for name in sorted(environment):
        if not name.startswith(prefix) or name == f"{prefix}LOGLEVEL":
            continue
        if name not in known and not name.startswith(meltanos):
            yield f"environment variable {name}: names no setting of this tap, it is left out"


def _is_of_type(text: str, expected: str) -> bool:
    if expected == "boolean":
        return text.lower() in BOOLEANS
    try:
        return type(json.loads(text)) is _PYTHON_TYPES[expected]
    except (ValueError, RecursionError):
        # The SDK still reads lists without brackets, and warns of them.
        return expected == "array" and not text.lstrip().startswith(("[", "{", '"'))
