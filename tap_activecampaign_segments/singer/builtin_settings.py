"""The settings that the SDK adds: what it would notice in mid-sync, or not at all."""

from __future__ import annotations

import ast
import os
from copy import deepcopy
from fnmatch import fnmatch
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._batch import BatchConfig

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

NULL = "__NULL__"
MOST_ROWS = 10**9
"""Of a file; all of them are in memory once."""
_PARTS: dict[str, tuple[set[str], set[str]]] = {
    "encoding": ({"format"}, {"format", "compression"}),
    "storage": ({"root"}, {"root", "prefix", "params"}),
}
"""What a part of `batch_config` must have, and may have."""


def faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each thing that is wrong beyond the SDK's own JSON schema.

    Args:
        config: The configuration, in which that found nothing.
    """
    if config.get("batch_config") is not None:
        for name, fault in _batch_faults(_without_nulls(config["batch_config"])):
            yield f"batch_config{name}: {fault}"
    for stream, definition in _maps(config).items():
        for name, expression in definition.items():
            where = f"stream_maps.{stream}.{name}"
            if name in {"__alias__", "__source__"} and not isinstance(expression, str):
                yield f"{where}: must be of type string"
            if name in {"__alias__", "__filter__"} or not name.startswith("__"):
                yield from _expression_faults(where, expression)


def else_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each ``__else__`` at which the SDK's own JSON schema breaks."""
    maps = config.get("stream_maps")
    places = {"stream_maps": maps if isinstance(maps, dict) else {}}
    places |= {f"stream_maps.{name}": definition for name, definition in _maps(config).items()}
    for place, definition in places.items():
        if definition.get("__else__") not in (None, NULL):
            yield f"{place}.__else__: must be {NULL}"


def prepare(config: dict[str, Any]) -> None:
    """Make of a sound configuration what the SDK understands as it is meant.

    Null is as good as absent in `batch_config`. And stream maps say that a digest is text: the SDK
    keeps the type of what it stands for, so a hashed id would be announced as an integer, and a
    target refuse it.
    """
    if batch := config.get("batch_config"):
        config["batch_config"] = _without_nulls(batch)
    if config.get("stream_maps"):
        config["stream_maps"] = deepcopy(config["stream_maps"])
        for definition in _maps(config).values():
            for name, expression in definition.items():
                if not name.startswith("__") and isinstance(expression, str):
                    definition[name] = _typed(expression)


def _typed(expression: str) -> str:
    match ast.parse(expression).body:
        case [ast.Expr(ast.Call(ast.Name("md5" | "sha256")) as digest)]:
            return f"str({ast.unparse(digest)})"
        case _:
            return expression


def _without_nulls(batch: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(value) if isinstance(value, dict) and name in _PARTS else value
        for name, value in batch.items()
        if value is not None
    }


def _maps(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the stream maps that say what becomes of columns."""
    maps = config.get("stream_maps")
    maps = maps.items() if isinstance(maps, dict) else ()
    return {name: definition for name, definition in maps if isinstance(definition, dict)}


def maps_of_nothing(config: Mapping[str, Any], streams: Collection[str]) -> list[str]:
    """Return which stream maps concern no stream, and so hide nothing that they were meant to."""
    found = []
    for name, definition in (config.get("stream_maps") or {}).items():
        source = definition.get("__source__", name) if isinstance(definition, dict) else name
        if name != "__else__" and not any(fnmatch(each, source) for each in streams):
            found.append(name)
    return found


def _expression_faults(where: str, expression: object) -> Iterator[str]:
    # The SDK quotes it, and it may hold what a digest is salted with.
    if isinstance(expression, str) and expression != NULL:
        try:
            body = ast.parse(expression).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            body = []
        if len(body) != 1 or not isinstance(body[0], ast.Expr):
            yield f"{where}: is no expression"
        elif _names(body[0], "fake") and find_spec("faker") is None:
            yield f"{where}: needs faker: pip install faker beside the tap"


def _names(expression: ast.Expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(expression))


def _batch_faults(batch: dict[str, Any]) -> Iterator[tuple[str, str]]:
    is_sound = True
    for fault in _shape_faults(batch):
        is_sound = False
        yield fault
    if not is_sound:
        return
    encoding = batch["encoding"]
    if encoding["format"] == "jsonl" and encoding.get("compression") == "none":
        yield ".encoding.compression", "files of JSON lines are always gzip: set gzip"
    if encoding["format"] == "parquet" and find_spec("pyarrow") is None:
        yield ".encoding.format", "parquet needs pyarrow: pip install pyarrow beside the tap"
    if storage_fault := _storage_fault(batch):
        yield ".storage.root", storage_fault


def _shape_faults(batch: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part, (needed, known) in _PARTS.items():
        given = batch.get(part)
        if not isinstance(given, dict):
            yield f".{part}", "is missing"
            continue
        for name in sorted(needed):
            if not given.get(name):
                yield f".{part}.{name}", "is missing"
        for name in sorted(given.keys() - known):
            yield f".{part}.{name}", "is not known"
    size = batch.get("batch_size")
    if size is not None and (type(size) is not int or not 1 <= size <= MOST_ROWS):
        yield ".batch_size", f"must be an integer from 1 to {MOST_ROWS}"
    for name in sorted(batch.keys() - {*_PARTS, "batch_size"}):
        yield f".{name}", "is not known"


def _storage_fault(batch: dict[str, Any]) -> str | None:
    """Return why no file could be written, None if that does not show yet."""
    try:
        storage = BatchConfig.from_dict(batch).storage
        root = storage._root_path  # noqa: SLF001
        # Asked for, they are made; for some storages that takes a library of their own.
        _ = root.fs, storage.get_url("x")
        if root.protocol == "memory":
            return "is gone when the tap ends"
        if root.protocol in {"", "file"}:
            folder = root.joinpath(f"{storage.prefix or ''}x").parent
            folder.mkdir(parents=True, exist_ok=True)
            return None if os.access(folder.path, os.W_OK) else "cannot be written to"
    except ImportError as error:
        return f"{error}, beside the tap"
    except (AttributeError, OSError, TypeError, ValueError):
        return "is no place that can be written to"
    return None
