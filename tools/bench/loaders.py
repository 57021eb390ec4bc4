"""Loaders: the whole pipeline, from the account into real loaders."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.syncs import CHANGES, Sync, sync

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.servers import Server

LOADERS = Path(".meltano", "loaders")
DATABASE = "activecampaign.duckdb"
SCHEMA = "tap_activecampaign_segments"
FULL = ("match_all_runs", "match_all_results")


def measure(*, quick: bool) -> list[Figure]:
    """Compare a sync of full results with a sync of membership changes."""
    contacts = 10_000 if quick else 50_000
    with servers.pages(contacts) as server:
        return [_compare(server, contacts, name) for name in ("target-duckdb", "target-jsonl")]


def _compare(server: Server, contacts: int, loader: str) -> Figure:
    full = _sync_twice(server, contacts, loader, FULL)
    changes = _sync_twice(server, contacts, loader, CHANGES)
    rows = [contacts, round(contacts * 0.02)]
    return Figure(
        f"time of a second sync into {loader}, full result ÷ changes alone",
        full[1].seconds / changes[1].seconds,
        f"{full[1].seconds:.1f} s for {short(rows[0])} rows, "
        f"{short(rows[0] / full[1].seconds)} rows/s, ÷ {changes[1].seconds:.1f} s "
        f"for {short(rows[1])} rows",
        is_ratio=True,
        raw={
            "rows": {"full": contacts, "first": 2 * contacts, "changes": rows[1]},
            "full": [result.seconds for result in full],
            "changes": [result.seconds for result in changes],
        },
    )


def _sync_twice(server: Server, contacts: int, loader: str, streams: Sequence[str]) -> list[Sync]:
    syncs: list[Sync] = []
    with TemporaryDirectory() as folder:
        for _ in range(2):
            result = sync(
                {**server.settings, "segment_ids": [f"of-{contacts}"]},
                streams=streams,
                state=syncs[-1].state if syncs else None,
                target=target(loader, folder),
            )
            syncs.append(result)
    return syncs


def target(loader: str, folder: str) -> tuple[str, dict[str, Any]]:
    """Return the executable of a loader, and the settings that `meltano.yml` has for it.

    Args:
        loader: Its name.
        folder: Of its output.
    """
    executable = str(LOADERS / loader / "venv" / "bin" / loader)
    if loader == "target-jsonl":
        return executable, {"destination_path": folder, "do_timestamp_file": False}
    return executable, {
        "path": str(Path(folder, DATABASE)),
        "default_target_schema": SCHEMA,
        "flush_all_streams": True,
        "batch_size_rows": 100_000,
        "add_metadata_columns": False,
        "validate_records": False,
    }
