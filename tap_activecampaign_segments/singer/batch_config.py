"""The SDK's setting `batch_config`: errors that it would raise in mid-sync, or not at all."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._batch import BatchConfig

from tap_activecampaign_segments.singer.extras import describe_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BATCH_SIZE = 10**9
"""Rows per file; all rows of one file are in memory at once."""
_REQUIRED_AND_KNOWN: dict[str, tuple[set[str], set[str]]] = {
    "encoding": ({"format"}, {"format", "compression"}),
    "storage": ({"root"}, {"root", "prefix", "params"}),
}
"""The required and the known properties of each part."""
_S3 = {"s3", "s3a"}
_FOLDER = {"", "file"}


def config_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each thing that is wrong beyond the SDK's own JSON schema.

    Args:
        config: A configuration that is valid by that schema.
    """
    if config.get("batch_config") is not None:
        batch = _without_nulls(config["batch_config"])
        for name, error in _errors(batch, is_flat=bool(config.get("flattening_enabled"))):
            yield f"batch_config{name}: {error}"


def normalize(config: dict[str, Any]) -> None:
    """Remove nulls from `batch_config`, which the SDK would take for values."""
    if batch := config.get("batch_config"):
        config["batch_config"] = _without_nulls(batch)


def _without_nulls(batch: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(value)
        if isinstance(value, dict) and name in _REQUIRED_AND_KNOWN
        else value
        for name, value in batch.items()
        if value is not None
    }


def _errors(batch: dict[str, Any], *, is_flat: bool) -> Iterator[tuple[str, str]]:
    is_valid = True
    for shape_error in _shape_errors(batch):
        is_valid = False
        yield shape_error
    if not is_valid:
        return
    encoding = batch["encoding"]
    if encoding["format"] == "jsonl" and encoding.get("compression") == "none":
        yield ".encoding.compression", "files of JSON lines are always gzip: set gzip"
    if encoding["format"] == "parquet" and (error := _parquet_error(is_flat=is_flat)):
        yield ".encoding.format", error
    if error := _storage_error(batch):
        yield ".storage.root", error


def _parquet_error(*, is_flat: bool) -> str | None:
    if find_spec("pyarrow") is None:
        return f"parquet {describe_missing('parquet')}"
    if not is_flat:
        # The SDK infers the columns' types from the rows of each file. Objects that are empty, or
        # have other fields in every row, then fail in mid-sync.
        return "parquet cannot hold objects: set flattening_enabled and flattening_max_depth"
    return None


def _shape_errors(batch: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part, (required, known) in _REQUIRED_AND_KNOWN.items():
        given = batch.get(part)
        if not isinstance(given, dict):
            yield f".{part}", "is missing"
            continue
        for name in sorted(required):
            if not given.get(name):
                yield f".{part}.{name}", "is missing"
        for name in sorted(given.keys() - known):
            yield f".{part}.{name}", "is not known"
    size = batch.get("batch_size")
    if size is not None and (type(size) is not int or not 1 <= size <= MAX_BATCH_SIZE):
        yield ".batch_size", f"must be an integer from 1 to {MAX_BATCH_SIZE}"
    for name in sorted(batch.keys() - {*_REQUIRED_AND_KNOWN, "batch_size"}):
        yield f".{name}", "is not known"


def _storage_error(batch: dict[str, Any]) -> str | None:
    """Return why no file could be written, None if nothing shows yet."""
    prefix, separator, bucket = str(batch["storage"]["root"]).partition("://")
    protocol = prefix if separator else ""
    if protocol not in _FOLDER | _S3:
        # Others need further libraries or a connection to be looked at, or cannot be written to.
        return "must be a folder, or begin with file:// or s3://"
    if protocol in _S3:
        if find_spec("s3fs") is None:
            return f"{protocol}:// {describe_missing('s3')}"
        if not bucket.strip("/"):
            return "names no bucket"
    try:
        storage = BatchConfig.from_dict(batch).storage
        root = storage._root_path  # noqa: SLF001
        # Accessing the filesystem creates it.
        _ = root.fs, storage.get_url("x")
        if protocol in _FOLDER:
            folder = root.joinpath(f"{storage.prefix or ''}x").parent
            folder.mkdir(parents=True, exist_ok=True)
            return None if os.access(folder.path, os.W_OK) else "cannot be written to"
    except (AttributeError, NotImplementedError, OSError, TypeError, ValueError):
        return "is no place that can be written to"
    return None
