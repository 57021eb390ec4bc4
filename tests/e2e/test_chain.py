"""The documented chain of runs in PostgreSQL, compared with its recursive definition."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.support import run_histories
from tests.support.chain_answers import RECURSIVE, answers, documented
from tests.support.fuzzing import fuzz

if TYPE_CHECKING:
    from tests.e2e.postgres import Server

BATCH = 50
"""Histories per database schema, each in a segment of its own."""
HISTORIES = int(os.environ.get("HISTORIES", "100"))
SCHEMA = "chains"


@fuzz(max(1, HISTORIES // BATCH))
@given(st.lists(run_histories.histories, min_size=BATCH, max_size=BATCH))
def test_chain_is_that_of_the_recursive_definition(
    server: Server, happened: list[list[tuple[str, int]]]
) -> None:
    server.forget(SCHEMA)
    server.execute(f"CREATE SCHEMA {SCHEMA}", "public")
    for statement in run_histories.tables(run_histories.of_segments(happened)):
        server.execute(statement, SCHEMA)
    expected, found = (
        answers(
            sql,
            lambda statements: server.execute(statements, SCHEMA),
            lambda select: [tuple(row.values()) for row in server.query(select, SCHEMA)],
        )
        for sql in (RECURSIVE, documented())
    )
    assert found == expected
