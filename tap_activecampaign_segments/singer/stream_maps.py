"""Stream maps: errors that the SDK would raise in mid-sync, or with a salt in its message."""

from __future__ import annotations

import ast
import logging
from copy import deepcopy
from fnmatch import fnmatch
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import PluginBase

from tap_activecampaign_segments.singer.command_line import raise_config_errors
from tap_activecampaign_segments.singer.extras import describe_missing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from singer_sdk import Tap

NULL = "__NULL__"
"""What removes a column, or all columns that are not mapped."""


def config_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each stream map that cannot be used, and for `faker_config`.

    Args:
        config: A configuration that is valid by the SDK's JSON schema.
    """
    for stream, definition in _definitions(config).items():
        for name, expression in definition.items():
            where = f"stream_maps.{stream}.{name}"
            if name in {"__alias__", "__source__"} and not isinstance(expression, str):
                yield f"{where}: must be of type string"
            if name in {"__alias__", "__filter__"} or not name.startswith("__"):
                yield from _expression_errors(where, expression)
    yield from _faker_errors(config.get("faker_config") or {})


def else_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each ``__else__`` at which the SDK's own JSON schema breaks."""
    maps = config.get("stream_maps")
    places = {"stream_maps": maps if isinstance(maps, dict) else {}}
    places |= {f"stream_maps.{name}": each for name, each in _definitions(config).items()}
    for place, definition in places.items():
        if definition.get("__else__") not in (None, NULL):
            yield f"{place}.__else__: must be {NULL}"


def normalize(config: dict[str, Any]) -> None:
    """Declare digests as text.

    The SDK keeps the type of the hashed column, so a hashed id would be announced as an integer
    and rejected by the target.
    """
    if config.get("stream_maps"):
        config["stream_maps"] = deepcopy(config["stream_maps"])
        for definition in _definitions(config).values():
            for name, expression in definition.items():
                if not name.startswith("__") and isinstance(expression, str):
                    definition[name] = _typed(expression)


def unmatched(config: Mapping[str, Any], streams: Collection[str]) -> list[str]:
    """Return the stream maps that match no stream, and so hide nothing.

    Args:
        config: A valid configuration.
        streams: The names of the streams on offer.
    """
    found = []
    for name, definition in (config.get("stream_maps") or {}).items():
        source = definition.get("__source__", name) if isinstance(definition, dict) else name
        if name != "__else__" and not any(fnmatch(each, source) for each in streams):
            found.append(name)
    return found


def register(tap: Tap) -> None:
    """Create a tap's mapper, with the selected streams alone.

    The SDK also maps streams that are not selected. Their schemas then lack their keys.

    Raises:
        ConfigValidationError: A stream map cannot be used.
    """
    # The SDK logs filters and expressions, and with them salts and addresses.
    logging.getLogger("singer_sdk.mapper").setLevel(logging.WARNING)
    try:
        PluginBase.setup_mapper(tap)
        for stream in tap.streams.values():
            schema = stream.effective_schema
            if stream.selected:
                schema = get_selected_schema(stream.name, schema, stream.mask)
                tap.mapper.register_raw_stream_schema(stream.name, schema, stream.primary_keys)
            else:
                tap.mapper.stream_maps[stream.name] = [
                    SameRecordTransform(
                        stream.name, schema, stream.primary_keys, tap.mapper.flattening_options
                    )
                ]
    except StreamMapConfigError as error:
        # Of the SDK's messages, only the one about keys quotes no expression.
        concerns_keys = "key propert" in str(error)
        reason = str(error) if concerns_keys else "cannot be used as they are"
        raise_config_errors([f"stream_maps: {reason}"])
    except (MapExpressionError, NotImplementedError, AttributeError, TypeError):
        raise_config_errors(["stream_maps: cannot be used as they are"])


def _definitions(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the stream maps that define columns."""
    maps = config.get("stream_maps")
    maps = maps.items() if isinstance(maps, dict) else ()
    return {name: definition for name, definition in maps if isinstance(definition, dict)}


def _typed(expression: str) -> str:
    match ast.parse(expression).body:
        case [ast.Expr(ast.Call(ast.Name("md5" | "sha256")) as digest)]:
            return f"str({ast.unparse(digest)})"
        case _:
            return expression


def _expression_errors(where: str, expression: object) -> Iterator[str]:
    # Never quote the expression: it may contain a salt.
    if not isinstance(expression, str) or expression == NULL:
        return
    try:
        body = ast.parse(expression).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        yield f"{where}: is no expression"
    elif _uses(body[0], "fake") and find_spec("faker") is None:
        yield f"{where}: {describe_missing('faker')}"


def _faker_errors(faker_config: Mapping[str, Any]) -> Iterator[str]:
    if all(value is None for value in faker_config.values()):
        return
    if find_spec("faker") is None:
        yield f"faker_config: {describe_missing('faker')}"
    elif (locale := faker_config.get("locale")) is not None:
        try:
            import_module("faker").Faker(locale)
        except (AttributeError, ValueError):
            yield "faker_config.locale: is no locale of faker"


def _uses(expression: ast.Expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(expression))
