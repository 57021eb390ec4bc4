"""Peers: the members of all segments into DuckDB, by dlt and by the tap."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

from tools.bench import loaders, servers
from tools.bench.figures import Figure, short
from tools.bench.rate_limit import RATE, TOO_MANY_REQUESTS
from tools.bench.syncs import RESULTS, SyncError, sync

if TYPE_CHECKING:
    from tools.bench.servers import Server
    from tools.bench.syncs import Sync

DLT = (str(Path(".venv", "peers", "bin", "python")), "-m", "tools.bench.dlt_pipeline")
LIMITED = {"requests_per_second": str(RATE)}
TIMEOUT = 400.0
"""Maximum duration of a sync, in seconds."""

COLUMNS = "segment_id, contact_id, position"


@dataclass(frozen=True)
class Case:
    """An account that both read.

    Attributes:
        what: Name in the table.
        plan: Of the account.
        settings: Of the tap.
        at_least: Target for the ratio.
        has_arrow: Whether to measure dlt with Arrow tables as well.
    """

    what: str
    plan: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    at_least: float | None = None
    has_arrow: bool = False

    @property
    def rows(self) -> int:
        """Number of members; a contact counts once in each of its segments."""
        rows: int = self.plan["segments"] * self.plan["members"]
        return rows


@dataclass(frozen=True)
class Outcome:
    """Measurements of one command.

    Attributes:
        seconds: Time from the start of the process to its end, the loader included.
        cpu: Processor time, in seconds, the loader included.
        requests: Number of requests.
        rejected: Number of responses 429.
    """

    seconds: float
    cpu: float
    requests: int
    rejected: int

    def __str__(self) -> str:
        """Return the numbers as text."""
        rejected = f", {self.rejected} of them 429" if self.rejected else ""
        return f"{self.seconds:.1f} s ({self.requests} requests{rejected})"


def measure(*, quick: bool) -> list[Figure]:
    """Compare the time of dlt with the tap's, each into a new database."""
    return [figure for case in _cases(quick=quick) for figure in _compare(case)]


def _cases(*, quick: bool) -> list[Case]:
    many, few, slow, ids = (20, 8, 4.5, 100_000) if quick else (40, 10, 8.0, 1_000_000)
    small = {"members": 200}
    return [
        Case(
            f"{many} segments, 1 s latency",
            {**small, "segments": many, "latency": 1.0},
            LIMITED,
        ),
        Case(
            f"{few} segments of {slow:g} s each",
            {**small, "segments": few, "evaluation_seconds": slow},
            LIMITED,
            at_least=1,
        ),
        Case(
            f"{short(ids)} ids, no limit",
            {"segments": 10, "members": ids // 10, "limit": None},
            has_arrow=True,
        ),
    ]


def _compare(case: Case) -> list[Figure]:
    with servers.account(**case.plan) as server, TemporaryDirectory() as folder:
        tap = _run_tap(server, case, folder)
        peers = {"dlt": _run_dlt(server, case, folder, as_arrow=False)}
        if case.has_arrow:
            peers["dlt with Arrow tables"] = _run_dlt(server, case, folder, as_arrow=True)
    return [
        Figure(
            f"{case.what}: members into DuckDB, {name} ÷ tap",
            peer.seconds / tap.seconds,
            f"{peer} ÷ {tap}; {short(case.rows)} rows; "
            f"by processor time {peer.cpu / tap.cpu:.2g} times",
            at_least=case.at_least,
            is_ratio=True,
            raw={"rows": case.rows, "tap": vars(tap), "peer": vars(peer)},
        )
        for name, peer in peers.items()
    ]


def _run_tap(server: Server, case: Case, folder: str) -> Outcome:
    target = loaders.target("target-duckdb", folder)
    config = {**server.settings, **case.settings}
    result = sync(config, streams=RESULTS, target=target, timeout=TIMEOUT)
    return _take_outcome(server, result)


def _run_dlt(server: Server, case: Case, folder: str, *, as_arrow: bool) -> Outcome:
    with TemporaryDirectory() as own_folder:
        config = {
            **server.settings,
            "as_arrow": as_arrow,
            "database": str(Path(own_folder, "dlt.duckdb")),
            "folder": own_folder,
        }
        result = sync(config, command=DLT, timeout=TIMEOUT)
        _check_rows_match(case, str(Path(folder, loaders.DATABASE)), config["database"])
    return _take_outcome(server, result)


def _take_outcome(server: Server, result: Sync) -> Outcome:
    requests = server.take_requests()
    rejected = sum(request["status"] == TOO_MANY_REQUESTS for request in requests)
    return Outcome(result.seconds, result.cpu, len(requests), rejected)


def _check_rows_match(case: Case, ours: str, theirs: str) -> None:
    """Check that both loaded each member once, at the same position.

    Raises:
        SyncError: They did not.
    """
    with closing(duckdb.connect()) as connection:
        connection.execute(f"ATTACH '{ours}' AS tap (READ_ONLY)")
        connection.execute(f"ATTACH '{theirs}' AS dlt (READ_ONLY)")
        tap = connection.table(f"tap.{loaders.SCHEMA}.match_all_results").project(COLUMNS)
        dlt = connection.table("dlt.activecampaign.match_all_results").project(COLUMNS)
        found = [_count(rows) for rows in (tap, dlt, tap.intersect(dlt))]
    if set(found) != {case.rows}:
        raise SyncError(
            f"{case.what}: {case.rows} rows expected, the tap loaded {found[0]} "
            f"and dlt {found[1]}, of which {found[2]} are the same"
        )


def _count(rows: duckdb.DuckDBPyRelation) -> int:
    (count,) = rows.count("*").fetchall()[0]
    return int(count)
