"""Settings that both sources share, and what all settings have in common."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_activecampaign_segments.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from jsonschema import ValidationError

MAX_SECONDS = 10**9
"""The largest number of seconds that a setting accepts: some thirty years."""

STRINGS = th.ArrayType(th.StringType(min_length=1))
"""A list of texts that are not empty."""

PROPERTIES: tuple[th.Property[Any], ...] = (
    th.Property(
        "max_left_share",
        th.NumberType(minimum=0, maximum=1),
        default=0.5,
        title="Largest share that may leave",
        description=(
            "Circuit breaker: a difference in which a larger share of the members left, while the "
            "definition is the same, is not believed; 1 switches it off"
        ),
    ),
    th.Property(
        "run_timeout",
        th.IntegerType(minimum=1),
        default=3600,
        title="Run timeout",
        description="Seconds that a sync waits for one evaluation",
    ),
    th.Property(
        "run_attempts",
        th.IntegerType(minimum=1),
        default=3,
        title="Run attempts",
        description="Evaluations per segment and sync, the first included",
    ),
    th.Property(
        "resume_within",
        th.IntegerType(minimum=0),
        default=21_600,
        title="Resume within",
        description="Seconds within which an unfinished run of an earlier sync is resumed",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1),
        default=60,
        title="Request timeout",
        description="Seconds that one request may take",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description=(
            "User-Agent of every request (tap-activecampaign-segments/VERSION unless set)"
        ),
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Emit ACTIVATE_VERSION messages",
        description=(
            "Whether a complete sync tells the target to drop the rows of match_all_results and "
            "segments that it did not send again"
        ),
    ),
)
"""The JSON schema of the shared settings."""


@dataclass(frozen=True, kw_only=True)
class SharedSettings:
    """Valid settings that both sources share. Times are in seconds."""

    max_left_share: float
    run_timeout: float
    run_attempts: int
    resume_within: float
    request_timeout: float
    user_agent: str | None


def shared_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `SharedSettings` by name.

    Args:
        config: A valid configuration; null is as good as absent.
    """
    return values(config, PROPERTIES, SharedSettings.__dataclass_fields__)


def values(
    config: Mapping[str, Any], properties: Collection[th.Property[Any]], names: Collection[str]
) -> dict[str, Any]:
    """Return the values of some settings, or their defaults.

    Args:
        config: The configuration, or an object in it.
        properties: The JSON schema of its settings.
        names: Those that are wanted.
    """
    defaults = {each.name: each.default for each in properties}
    found = {name: config.get(name) for name in names if name in defaults}
    return {name: defaults[name] if value is None else value for name, value in found.items()}


def normalize(config: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Remove nulls, and convert numeric strings and decimals to floats.

    Args:
        config: The configuration; changed in place.
        schema: The JSON schema of all settings.
    """
    for name in [name for name, value in config.items() if value is None]:
        del config[name]
    for name, setting in schema["properties"].items():
        value = config.get(name)
        if "number" in setting.get("type", ()) and isinstance(value, (str, Decimal)):
            with suppress(ValueError):
                config[name] = float(value)


def shared_errors(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the shared settings that cannot be used: their name and a sentence."""
    for name in ("max_left_share", "run_timeout", "request_timeout", "resume_within"):
        if (value := config.get(name)) is not None and (error := number_error(value)):
            yield name, error
    if (value := config.get("user_agent")) is not None and (error := _user_agent_error(value)):
        yield "user_agent", error


def schema_errors(errors: Iterator[ValidationError]) -> Iterator[tuple[str, str]]:
    """Yield what the JSON schema rejects: the setting's name and a sentence without its value."""
    for error in errors:
        yield ".".join(str(part) for part in error.absolute_path), _schema_error(error)


def unknown_settings(
    prefix: str, config: Mapping[str, Any], known: Collection[str]
) -> Iterator[str]:
    """Yield a sentence for each name that is not a setting.

    Args:
        prefix: The name of the object that contains them, with a dot; empty at the top.
        config: The configuration, or the object.
        known: The names of its settings.
    """
    for name in config:
        if name not in known:
            similar = get_close_matches(name, known, n=1)
            guess = f"; did you mean {prefix}{similar[0]}?" if similar else ""
            yield f"{prefix}{one_line(name)}: is no setting of this tap, it is left out{guess}"


def number_error(value: float) -> str | None:
    """Return why a number cannot be used, None if it can."""
    is_valid = math.isfinite(value) and (not value or 1 / MAX_SECONDS < value < MAX_SECONDS)
    return None if is_valid else "must be 0 or between 1e-9 and 1e9"


def _user_agent_error(value: str) -> str | None:
    if not value.strip():
        return "is empty"
    is_valid = value.isascii() and value.isprintable() and value == value.strip()
    return None if is_valid else "contains characters that no header has"


_SENTENCES = {
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "minLength": "must not be empty",
    "anyOf": "is none of what it may be",
    "oneOf": "is none of what it may be",
}
"""What a keyword of JSON Schema demands."""


def _schema_error(error: ValidationError) -> str:
    # jsonschema quotes the value, which may be a secret in the wrong place.
    limit: Any = error.validator_value
    if isinstance(limit, list):
        limit = " or ".join(str(each) for each in limit if each not in (None, "null"))
    sentence = _SENTENCES.get(str(error.validator), f"breaks the rule '{error.validator}: {{}}'")
    return sentence.format(limit)
