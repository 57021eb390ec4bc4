"""The documented chain of runs, compared with its recursive definition."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import run_histories
from tests.support.chain_answers import RECURSIVE, answers, documented
from tests.support.fuzzing import fuzz
from tests.support.warehouse import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.run_histories import RunHistory

BATCH = 50
"""Histories per database, each in a segment of its own."""
HISTORIES = int(os.environ.get("HISTORIES", "150"))
LONGEST = 32_768
"""Runs of a chain, as documented."""


@contextmanager
def database(segments: Iterable[RunHistory]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the rows of segments."""
    with closing(duckdb.connect()) as connection:
        for statement in run_histories.tables(segments):
            connection.execute(statement)
        yield connection


def chain_of(*happened: tuple[str, int]) -> list[int]:
    """Return the places of the runs of a segment's chain, the latest first."""
    [history] = run_histories.of_segments([list(happened)])
    places = {run["run_id"]: place for place, run in enumerate(history.runs)}
    with database([history]) as connection:
        connection.execute(statements()["chain"])
        chain = connection.execute("SELECT run_id FROM chain ORDER BY depth").fetchall()
    return [places[run_id] for (run_id,) in chain]


@fuzz(max(1, HISTORIES // BATCH))
@given(st.lists(run_histories.histories, min_size=BATCH, max_size=BATCH))
def test_chain_is_that_of_the_recursive_definition(happened: list[list[tuple[str, int]]]) -> None:
    with database(run_histories.of_segments(happened)) as connection:
        expected, found = (
            answers(sql, connection.execute, lambda select: connection.execute(select).fetchall())
            for sql in (RECURSIVE, documented())
        )
    assert found == expected


def test_lost_sync_is_not_on_the_chain() -> None:
    assert chain_of(("baseline", 0), ("run", 1), ("lost", 2), ("lost", 1), ("run", 0)) == [4, 1, 0]


def test_state_restored_back_and_forth_leaves_the_runs_between() -> None:
    first = [("baseline", 0), ("run", 1), ("run", 2), ("run", 0)]
    back = [("restored", 1), ("run", 1)]
    forth = [("restored", 3), ("run", 1)]
    assert chain_of(*first, *back) == [4, 1, 0]
    assert chain_of(*first, *back, *forth) == [5, 3, 2, 1, 0]
    assert chain_of(*first, *back, *forth, ("restored", 4), ("run", 3)) == [6, 4, 1, 0]


def test_two_states_in_turns_give_the_chain_of_the_latest_run() -> None:
    turn = [("other state", 0), ("run", 1)]
    assert chain_of(("run", 0), *turn, *turn, *turn, *turn) == [4, 2, 0]


@pytest.mark.parametrize("kind", ["missing change", "other predecessor in the log"])
def test_run_without_its_changes_ends_the_chain_before_it(kind: str) -> None:
    assert chain_of(("baseline", 0), ("run", 1), (kind, 3), ("run", 1)) == [1, 0]


def test_numbers_do_not_order_the_chain() -> None:
    assert chain_of(("baseline", 0), ("run", 1), ("number restarts", 1), ("run", 1)) == [3, 2, 1, 0]


def test_changes_since_another_predecessor_do_not_count_against_a_run() -> None:
    happened = [("baseline", 0), ("changes since two predecessors", 3), ("run", 1)]
    assert chain_of(*happened) == [2, 1, 0]


def test_longest_chain_is_whole() -> None:
    with database([]) as connection:
        connection.execute(f"""
            INSERT INTO match_all_runs
            SELECT 'a', i, TIMESTAMP '2000-01-01' + INTERVAL (i) HOUR,
                TIMESTAMP '2000-01-01' + INTERVAL (i) HOUR, 0,
                CASE WHEN i > 0 THEN i - 1 END, '0', i + 1, i = 0, 0, 0
            FROM range({LONGEST}) AS runs(i)
        """)  # noqa: S608
        connection.execute(statements()["chain"])
        found = connection.execute("SELECT count(*), max(depth) FROM chain").fetchall()
    assert found == [(LONGEST, LONGEST - 1)]
