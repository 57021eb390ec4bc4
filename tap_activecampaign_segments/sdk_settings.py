"""The settings that the SDK adds: what it would notice in mid-sync, or not at all."""

from __future__ import annotations

import ast
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._batch import BatchConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NULL = "__NULL__"
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
        for name, fault in _batch_faults(config["batch_config"]):
            yield f"batch_config{name}: {fault}"
    maps = config.get("stream_maps") or {}
    for stream, definition in maps.items():
        for name, expression in (definition if isinstance(definition, dict) else {}).items():
            if name == "__filter__" or not name.startswith("__"):
                yield from _expression_faults(f"stream_maps.{stream}.{name}", expression)
            if "fake." in str(expression) and find_spec("faker") is None:
                yield f"stream_maps.{stream}.{name}: needs faker: pip install faker beside the tap"


def _expression_faults(where: str, expression: object) -> Iterator[str]:
    # The SDK quotes it, and it may hold what a digest is salted with.
    if isinstance(expression, str) and expression != NULL:
        try:
            is_expression = bool(ast.parse(expression).body)
        except (SyntaxError, ValueError):
            is_expression = False
        if not is_expression:
            yield f"{where}: is no expression"


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
    if size is not None and (type(size) is not int or size < 1):
        yield ".batch_size", "must be an integer of at least 1"
    for name in sorted(batch.keys() - {*_PARTS, "batch_size"}):
        yield f".{name}", "is not known"


def _storage_fault(batch: dict[str, Any]) -> str | None:
    """Return why no file could be written, None if that does not show yet."""
    try:
        root = BatchConfig.from_dict(batch).storage._root_path  # noqa: SLF001
        # Asked for, it is made; for some storages that takes a library of their own.
        _ = root.fs
        if root.protocol in {"", "file"}:
            root.mkdir(parents=True, exist_ok=True)
            return None if os.access(root.path, os.W_OK) else "cannot be written to"
    except ImportError as error:
        return f"{error}, beside the tap"
    except (OSError, TypeError, ValueError):
        return "is no place that can be written to"
    return None
