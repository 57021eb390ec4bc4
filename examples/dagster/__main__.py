"""Measure what it brings to sync two accounts at the same time; see `make orchestrate`."""

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
TOO_MANY = 429
SHOWN_CHARACTERS = 2_000


class RunError(Exception):
    """A run failed."""


@dataclass(frozen=True)
class Night:
    """One sync of each account.

    Attributes:
        seconds: How long all of them took together.
        requests: What each account was asked for.
        rows: How many each account's tables held then.
    """

    seconds: float
    requests: dict[str, list[Request]]
    rows: dict[str, int]

    @property
    def asking(self) -> float:
        """For how many of the seconds an account was asked; the rest is the programs' start."""
        total = until = 0.0
        for first, *_, last in sorted(self.requests.values(), key=lambda each: each[0].at):
            total += max(0.0, last.at - max(first.at, until))
            until = max(until, last.at)
        return total


def main() -> int:
    """Measure, and say what was found.

    Returns:
        The exit code.
    """
    try:
        _say("Two accounts one after the other ...")
        apart, _ = _nights(at_once=False)
        _say("Two accounts at the same time ...")
        together, states = _nights(at_once=True)
    except RunError as error:
        _say(str(error))
        return 1
    _say(_text(apart, together, states))
    return 0


def _nights(*, at_once: bool) -> tuple[list[Night], list[str]]:
    """Sync new accounts twice; the nights, and under which names the states are."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        accounts = {
            name: stack.enter_context(Sandbox(Account.demo(seed))) for name, seed in SEEDS.items()
        }
        deployment = Deployment(Path(folder, "deployment"), accounts)
        nights = [_night(deployment, accounts, at_once=at_once) for _ in NIGHTS]
        return nights, deployment.states


def _night(deployment: Deployment, accounts: dict[str, Sandbox], *, at_once: bool) -> Night:
    for sandbox in accounts.values():
        sandbox.clear_requests()
    start = time.monotonic()
    for group in [list(accounts)] if at_once else [[name] for name in accounts]:
        for name, run in zip(group, deployment.run(*group), strict=True):
            if run.code:
                raise RunError(f"{run.said[-SHOWN_CHARACTERS:]}\n{name} failed")
    return Night(
        seconds=time.monotonic() - start,
        requests={name: sandbox.requests for name, sandbox in accounts.items()},
        rows={name: _rows(deployment.database(name)) for name in accounts},
    )


def _rows(database: Path) -> int:
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        names = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        counts = [connection.table(f'"{schema}"."{table}"').count("*") for schema, table in names]
        return sum(row[0] for count in counts for row in count.fetchall())


def _text(apart: Sequence[Night], together: Sequence[Night], states: Iterable[str]) -> str:
    lines = ["", f"{'':20}{'one by one':>12}{'at once':>10}{'ratio':>8}"]
    for name, one, other in zip(NIGHTS, apart, together, strict=True):
        lines += [
            _comparison(f"{name} sync", one.seconds, other.seconds),
            _comparison("  its requests", one.asking, other.asking),
        ]
    lines += ["", f"{'at once':20}{'requests':>12}{'a second':>10}{'429':>8}{'rows':>10}"]
    for name, night in zip(NIGHTS, together, strict=True):
        for account, requests in night.requests.items():
            rate = (len(requests) - 1) / (requests[-1].at - requests[0].at)
            refused = sum(request.status == TOO_MANY for request in requests)
            lines.append(
                f"{f'{account}, {name} sync':20}{len(requests):12}{rate:10.2f}{refused:8}"
                f"{night.rows[account]:10,}"
            )
    return "\n".join([*lines, "", "states", *(f"  {each}" for each in states)])


def _comparison(what: str, one_by_one: float, at_once: float) -> str:
    return f"{what:20}{one_by_one:10.1f} s{at_once:8.1f} s{one_by_one / at_once:7.2f}×"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
