"""What the documented views, and the recursive ones, say about histories of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support import recursive_chain
from tests.support.warehouse import PAST, statements

if TYPE_CHECKING:
    from collections.abc import Callable

DATES = ("2026-01-01 04:00:00", "2026-01-01 08:00:00")
CHAIN = "SELECT segment_id, run_id, depth FROM chain"
WHOLE = "SELECT segment_id, run_id FROM whole_runs"
VIEWS = ("chain_changes", "chain", "whole_runs", "counted_runs")


@dataclass(frozen=True)
class Statements:
    """SQL of the chain.

    Attributes:
        chain: Creates the views.
        without_log: Creates the views without `membership_changes`.
        past: Selects the members at a past date.
    """

    chain: str
    without_log: str
    past: str


RECURSIVE = Statements(
    recursive_chain.CHAIN, recursive_chain.CHAIN_WITHOUT_LOG, recursive_chain.PAST
)


def documented() -> Statements:
    """Return the statements of the page."""
    sql = statements()
    return Statements(sql["chain"], sql["chain without the log"], sql[PAST])


def answers(
    sql: Statements, execute: Callable[[str], Any], query: Callable[[str], list[Any]]
) -> dict[str, list[Any]]:
    """Return the rows of each query, sorted; the views are dropped again.

    Args:
        sql: The statements.
        execute: Runs statements.
        query: Returns the rows of a SELECT.
    """
    execute(sql.chain)
    found = {"whole": query(WHOLE), "chain": query(CHAIN)}
    for date in DATES:
        found[date] = query(sql.past.replace("2026-11-01 00:00:00", date))
    _drop(execute)
    execute(sql.without_log)
    found["without log"] = query(CHAIN)
    _drop(execute)
    return {title: sorted(rows) for title, rows in found.items()}


def _drop(execute: Callable[[str], Any]) -> None:
    execute("".join(f"DROP VIEW IF EXISTS {view};" for view in VIEWS))
