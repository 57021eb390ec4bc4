"""Compare concurrent with sequential syncs of two accounts; see `make orchestrate`."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from examples.dagster.deployment import Deployment
from tap_activecampaign_segments.sandbox import Account, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_activecampaign_segments.sandbox import Request

SEEDS = {"europe": 1, "america": 2}
NIGHTS = ("first", "second")
TOO_MANY_REQUESTS = 429
SHOWN_CHARACTERS = 2_000


class RunError(Exception):
    """A Dagster run failed."""


@dataclass(frozen=True)
class Night:
    """One sync of each account.

    Attributes:
        seconds: Duration of all syncs.
        requests: Requests that each account received.
        rows: Rows in each account's tables afterwards.
    """

    seconds: float
    requests: dict[str, list[Request]]
    rows: dict[str, int]

    @property
    def request_seconds(self) -> float:
        """Seconds during which any account received requests; the rest is process start-up."""
        total = until = 0.0
        for first, *_, last in sorted(self.requests.values(), key=lambda each: each[0].at):
            total += max(0.0, last.at - max(first.at, until))
            until = max(until, last.at)
        return total


def main() -> int:
    """Measure and print a comparison.

    Returns:
        The exit code.
    """
    try:
        _print("Syncing two accounts sequentially ...")
        sequential, _ = _run_nights(is_concurrent=False)
        _print("Syncing two accounts concurrently ...")
        concurrent, states = _run_nights(is_concurrent=True)
    except RunError as error:
        _print(str(error))
        return 1
    _print(_format(sequential, concurrent, states))
    return 0


def _run_nights(*, is_concurrent: bool) -> tuple[list[Night], list[str]]:
    """Sync new accounts twice; return the nights and the ids of the states."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        accounts = {
            name: stack.enter_context(Sandbox(Account.demo(seed))) for name, seed in SEEDS.items()
        }
        deployment = Deployment(Path(folder, "deployment"), accounts)
        nights = [_run_night(deployment, accounts, is_concurrent=is_concurrent) for _ in NIGHTS]
        return nights, deployment.states


def _run_night(
    deployment: Deployment, accounts: dict[str, Sandbox], *, is_concurrent: bool
) -> Night:
    for sandbox in accounts.values():
        sandbox.clear_requests()
    start = time.monotonic()
    for group in [list(accounts)] if is_concurrent else [[name] for name in accounts]:
        for name, run in zip(group, deployment.run(*group), strict=True):
            if run.code:
                raise RunError(f"{run.output[-SHOWN_CHARACTERS:]}\n{name} failed")
    return Night(
        seconds=time.monotonic() - start,
        requests={name: sandbox.requests for name, sandbox in accounts.items()},
        rows={name: _count_rows(deployment.database(name)) for name in accounts},
    )


def _count_rows(database: Path) -> int:
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        names = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        counts = [connection.table(f'"{schema}"."{table}"').count("*") for schema, table in names]
        return sum(row[0] for count in counts for row in count.fetchall())


def _format(sequential: Sequence[Night], concurrent: Sequence[Night], states: Iterable[str]) -> str:
    lines = ["", f"{'':20}{'sequential':>12}{'concurrent':>12}{'ratio':>8}"]
    for name, one, other in zip(NIGHTS, sequential, concurrent, strict=True):
        lines += [
            _compare(f"{name} sync", one.seconds, other.seconds),
            _compare("  its requests", one.request_seconds, other.request_seconds),
        ]
    lines += ["", f"{'concurrent':20}{'requests':>12}{'a second':>10}{'429':>8}{'rows':>10}"]
    for name, night in zip(NIGHTS, concurrent, strict=True):
        for account, requests in night.requests.items():
            rate = (len(requests) - 1) / (requests[-1].at - requests[0].at)
            rejected = sum(request.status == TOO_MANY_REQUESTS for request in requests)
            lines.append(
                f"{f'{account}, {name} sync':20}{len(requests):12}{rate:10.2f}{rejected:8}"
                f"{night.rows[account]:10,}"
            )
    return "\n".join([*lines, "", "states", *(f"  {each}" for each in states)])


def _compare(what: str, sequential: float, concurrent: float) -> str:
    return f"{what:20}{sequential:10.1f} s{concurrent:10.1f} s{sequential / concurrent:7.2f}×"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
