"""Throughput: how fast the records of one large result are emitted."""

from __future__ import annotations

from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.syncs import BARE_LOOP, PLAIN_TAP, RESULTS, TAP, Sync, SyncError, sync

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.servers import Server

FEW = 1_000
"""Ids of the syncs that measure the start-up time and whose records are compared."""

COMMANDS = {"tap": TAP, "plain": PLAIN_TAP, "bare": BARE_LOOP}


def measure(*, quick: bool) -> list[Figure]:
    """Compare the tap with a plain stream of the SDK and with a bare loop."""
    many, some = (1_000_000, 50_000) if quick else (2_000_000, 100_000)
    sizes = {"tap": many, "bare": many, "plain": some}
    rounds = 2 if quick else 5
    with servers.pages(FEW, some, many) as server:
        _check_records_match(server)
        # Interleaved, so that other load on the machine affects all commands.
        starts: dict[str, list[float]] = {name: [] for name in COMMANDS}
        totals: dict[str, list[float]] = {name: [] for name in COMMANDS}
        cpu: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(rounds):
            for name in COMMANDS:
                start = _run(server, name, FEW)
                total = _run(server, name, sizes[name])
                starts[name].append(start.seconds)
                totals[name].append(total.seconds)
                cpu[name].append((sizes[name] - FEW) / (total.cpu - start.cpu))
    rates = {
        name: [(sizes[name] - FEW) / (total - median(starts[name])) for total in totals[name]]
        for name in COMMANDS
    }
    raw = {"ids": sizes, "ids_per_second": rates, "ids_per_cpu_second": cpu, "start": starts}
    start_up = f"start {median(starts['tap']):.2f} s, not counted"
    return [
        _compare("emission ÷ plain SDK stream", rates, cpu, "plain", 20, raw),
        _compare("emission ÷ bare urllib3 + msgspec loop", rates, cpu, "bare", 0.5, raw),
        Figure(
            f"emission, {short(many)} ids into a pipe",
            None,
            f"{short(median(rates['tap']))} ids/s; {start_up}",
        ),
    ]


def _compare(  # noqa: PLR0913, PLR0917
    what: str,
    rates: dict[str, list[float]],
    cpu: dict[str, list[float]],
    other: str,
    at_least: float,
    raw: dict[str, Any],
) -> Figure:
    value = median(_quotients(rates["tap"], rates[other]))
    by_cpu = median(_quotients(cpu["tap"], cpu[other]))
    ours, theirs = median(rates["tap"]), median(rates[other])
    numbers = f"{short(ours)} ÷ {short(theirs)} ids/s; by processor time {by_cpu:.2g} times"
    return Figure(what, value, numbers, at_least=at_least, is_ratio=True, raw=raw)


def _quotients(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def _run(server: Server, name: str, size: int, *, keeps_records: bool = False) -> Sync:
    segment_id = f"of-{size}"
    if name == "tap":
        config = {**server.settings, "segment_ids": [segment_id]}
        return sync(config, streams=RESULTS, keeps_records=keeps_records)
    config = {"api_url": server.url, "segment_id": segment_id, "run_id": "run-1"}
    return sync(config, command=COMMANDS[name], keeps_records=keeps_records)


def _check_records_match(server: Server) -> None:
    """Check that all commands write the same records.

    Raises:
        SyncError: They do not.
    """
    ours, *others = (_normalize(_run(server, name, FEW, keeps_records=True)) for name in COMMANDS)
    if len(ours) != FEW or any(other != ours for other in others):
        raise SyncError("the three commands do not write the same records")


def _normalize(result: Sync) -> list[tuple[Any, ...]]:
    # The plain stream emits the vendor's timestamps as they are.
    return [
        (
            record["segment_id"],
            record["contact_id"],
            record["position"],
            record["run_id"],
            datetime.fromisoformat(record["run_id_end"].replace("Z", "+00:00")),
            datetime.fromisoformat(record["segment_timestamp"].replace("Z", "+00:00")),
        )
        for record in result.records
    ]
