"""BATCH messages: configuration, and the rows of their files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

if TYPE_CHECKING:
    from tests.support.sync import Sync

CHANGING = {
    *("listed_at", "last_used_date", "exported_at", "completed_at", "changed_at"),
    "read_at",
}


def batch_config(root: Path, **more: Any) -> dict[str, Any]:
    """Return a `batch_config` with files of seven rows below a folder."""
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": root.as_uri()},
        "batch_size": 7,
        **more,
    }


def rows_of(synced: Sync) -> dict[str, list[str]]:
    """Return the rows of each stream, from RECORDs or files, without volatile fields."""
    found: dict[str, list[dict[str, Any]]] = {}
    for message in synced.messages:
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
        elif message["type"] == "BATCH":
            for file in message["manifest"]:
                rows = _read(Path(url2pathname(urlsplit(file).path)), message["encoding"])
                found.setdefault(message["stream"], []).extend(rows)
    return {
        stream: [json.dumps(_steady(row), sort_keys=True) for row in rows]
        for stream, rows in found.items()
    }


def _read(path: Path, encoding: dict[str, str | None]) -> list[dict[str, Any]]:
    if encoding["format"] == "parquet":
        table: Any = pytest.importorskip("pyarrow.parquet").read_table(path)
        return table.to_pylist()  # type: ignore[no-any-return]
    assert encoding == {"format": "jsonl", "compression": "gzip"}
    with gzip.open(path, "rt") as lines:
        return [*map(json.loads, lines)]


def _steady(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if name not in CHANGING and not name.startswith(("run_id", "baseline_run_id"))
    }
