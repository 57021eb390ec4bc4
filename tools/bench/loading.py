"""Loading: the whole pipe, from the account into real loaders."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.syncs import CHANGES, Sync, sync

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.bench.servers import Server

LOADERS = Path(".meltano", "loaders")
FULL = ("match_all_runs", "match_all_results")


def measure(*, quick: bool) -> list[Figure]:
    """Return how long a night takes with full results, and with changes alone."""
    contacts = 10_000 if quick else 50_000
    with servers.pages(contacts) as server:
        return [
            _figure(server, contacts, "target-duckdb", "activecampaign.duckdb"),
            _figure(server, contacts, "target-jsonl", ""),
        ]


def _figure(server: Server, contacts: int, name: str, file: str) -> Figure:
    full = list(_nights(server, contacts, name, file, FULL))
    changes = list(_nights(server, contacts, name, file, CHANGES))
    rows = [contacts, round(contacts * 0.02)]
    return Figure(
        f"time of a second sync into {name}, full result ÷ changes alone",
        full[1].seconds / changes[1].seconds,
        f"{full[1].seconds:.1f} s for {short(rows[0])} rows, "
        f"{short(rows[0] / full[1].seconds)} rows/s, ÷ {changes[1].seconds:.1f} s "
        f"for {short(rows[1])} rows",
        is_ratio=True,
        raw={
            "rows": {"full": contacts, "first": 2 * contacts, "changes": rows[1]},
            "full": [each.seconds for each in full],
            "changes": [each.seconds for each in changes],
        },
    )


def _nights(
    server: Server, contacts: int, name: str, file: str, streams: Sequence[str]
) -> Iterator[Sync]:
    """Sync twice into a folder of its own."""
    with TemporaryDirectory() as folder:
        state: dict[str, Any] | None = None
        for _ in range(2):
            done = sync(
                {**server.settings, "segment_ids": [f"of-{contacts}"]},
                streams=streams,
                state=state,
                target=(str(LOADERS / name / "venv" / "bin" / name), _settings(name, folder, file)),
            )
            state = done.state
            yield done


def _settings(name: str, folder: str, file: str) -> dict[str, Any]:
    """Return a loader's settings, those of `meltano.yml`."""
    if name == "target-jsonl":
        return {"destination_path": folder, "do_timestamp_file": False}
    return {
        "path": str(Path(folder, file)),
        "default_target_schema": "tap_activecampaign_segments",
        "flush_all_streams": True,
        "batch_size_rows": 100_000,
        "add_metadata_columns": False,
        "validate_records": False,
    }
