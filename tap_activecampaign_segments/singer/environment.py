"""Settings from the environment: what the SDK cannot read, or would read as something else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WORDS = {"true", "1", "yes", "on", "false", "0", "no", "off"}
"""What says yes or no; the SDK takes any other word for no."""
_PYTHON = {"integer": int, "object": dict, "array": list}


def environment_faults(
    environment: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> Iterator[str]:
    """Yield one sentence for each variable that is not of its setting's type, without its value.

    Args:
        environment: Values by name, those of an ``.env`` file among them.
        prefix: What the names of the settings' variables begin with.
        schema: The JSON schema of the settings, the SDK's own among them.
    """
    for name, setting in schema["properties"].items():
        variable = f"{prefix}{name.upper()}"
        text = environment.get(variable)
        kinds = setting.get("type", ())
        kind = next((kind for kind in ("boolean", *_PYTHON) if kind in kinds), None)
        if text is None or kind is None or _says(text, kind):
            continue
        yield f"{name}: must be of type {kind} (environment variable {variable})"


def environment_doubts(
    environment: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> Iterator[str]:
    """Yield one sentence for each variable that is meant for the tap, it seems, and no setting.

    Args:
        environment: See `environment_faults`.
        prefix: See `environment_faults`.
        schema: See `environment_faults`.
    """
    known = {f"{prefix}{name.upper()}" for name in schema["properties"]}
    # Meltano's variables for parts of a setting, and what it keeps for itself.
    meltanos = (f"{prefix}_", *(f"{name}_" for name in known & environment.keys()))
    for name in sorted(environment):
        if not name.startswith(prefix) or name == f"{prefix}LOGLEVEL":
            continue
        if name not in known and not name.startswith(meltanos):
            yield f"environment variable {name}: names no setting of this tap, it is left out"


def _says(text: str, kind: str) -> bool:
    if kind == "boolean":
        return text.lower() in WORDS
    try:
        return type(json.loads(text)) is _PYTHON[kind]
    except (ValueError, RecursionError):
        # A list without brackets is one in an older form, which the SDK warns of.
        return kind == "array" and not text.lstrip().startswith(("[", "{", '"'))
