"""Loads that fail midway in a real PostgreSQL, and what the documented SQL reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e import postgres
from tests.support.sync import sync
from tests.support.warehouse import statements

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.clocks import SharedClock

LOG = "current members from the log"
TABLE = "current members from memberships"
STALE = "stale rows in memberships"
EXACT = "memberships against the log"
FULL = "current members from the full result"
INCOMPLETE = "full result against the latest run"
STREAMS = ("membership_changes", "memberships", "match_all_results")
BATCH = 100
"""Rows per batch, so that the load breaks within a table."""


@pytest.fixture
def segment(account: Account) -> Segment:
    """A segment of a thousand contacts."""
    return account.add_segment("many", range(1, 1001))


class PostgresWarehouse:
    """The tables of target-postgres."""

    def __init__(self, server: postgres.Server, folder: Path) -> None:
        self.schema = folder.name
        self.target = postgres.Target(server, folder, self.schema)
        self._server = server

    def prepare(self, messages: list[dict[str, Any]]) -> None:
        """Create empty tables and the documented views."""
        self.target.load(message for message in messages if message["type"] == "SCHEMA")
        self.execute(statements()["chain"])

    def refuse(self, stream: str, contact_id: int) -> None:
        """Let the load of a table fail at a contact."""
        self.execute(
            f"ALTER TABLE {stream} ADD CONSTRAINT refused CHECK (contact_id <> {contact_id})"
        )

    def heal(self, stream: str) -> None:
        """Let the table load again."""
        self.execute(f"ALTER TABLE {stream} DROP CONSTRAINT refused")

    def execute(self, sql: str) -> None:
        self._server.execute(sql, self.schema)

    def query(self, title: str) -> list[dict[str, Any]]:
        return self._server.query(statements()[title], self.schema)

    def members(self, title: str) -> set[int]:
        return {row["contact_id"] for row in self.query(title)}


@pytest.fixture
def warehouse(server: postgres.Server, tmp_path: Path) -> PostgresWarehouse:
    """A target without tables."""
    return PostgresWarehouse(server, tmp_path)


@pytest.mark.parametrize("stream", STREAMS)
def test_broken_baseline_counts_once_it_is_complete(
    sandbox: Sandbox, segment: Segment, warehouse: PostgresWarehouse, stream: str
) -> None:
    first = sync(sandbox)
    warehouse.prepare(first.messages)
    warehouse.refuse(stream, 950)
    warehouse.target.load(first.messages, fails=True, batch_size_rows=BATCH)
    assert warehouse.members(LOG) in (set(), {*segment.members})
    assert warehouse.members(TABLE) == warehouse.members(LOG) or warehouse.query(STALE)
    warehouse.heal(stream)
    second = sync(sandbox, state=warehouse.target.state)
    warehouse.target.load(second.messages)
    _check_all(warehouse, {*segment.members})


@pytest.mark.parametrize("stream", STREAMS)
def test_broken_difference_keeps_the_previous_members(
    sandbox: Sandbox,
    segment: Segment,
    warehouse: PostgresWarehouse,
    clock: SharedClock,
    stream: str,
) -> None:
    first = sync(sandbox)
    warehouse.prepare(first.messages)
    warehouse.target.load(first.messages)
    _check_all(warehouse, {*segment.members})
    clock.advance(3600)
    before, state = {*segment.members}, warehouse.target.state
    segment.members = range(301, 1301)
    warehouse.refuse(stream, 1290)
    second = sync(sandbox, state=state)
    warehouse.target.load(second.messages, fails=True, batch_size_rows=BATCH)
    now = warehouse.members(LOG)
    assert now in (before, {*segment.members})
    assert warehouse.members(TABLE) == now or warehouse.query(STALE)
    assert bool(warehouse.query(EXACT)) == (warehouse.members(TABLE) != now)
    rows = warehouse.target.rows("match_all_runs")
    latest = max(rows, key=lambda row: row["run_id_start"])
    truth = before if latest["previous_run_id"] is None else {*segment.members}
    assert warehouse.members(FULL) == truth or warehouse.query(INCOMPLETE)
    warehouse.heal(stream)
    clock.advance(3600)
    segment.members = range(302, 1302)
    third = sync(sandbox, state=warehouse.target.state or state)
    warehouse.target.load(third.messages)
    assert warehouse.members(LOG) == {*segment.members}
    assert warehouse.members(FULL) == {*segment.members}
    assert warehouse.members(TABLE) == {*segment.members} or warehouse.query(STALE)


def _check_all(warehouse: PostgresWarehouse, members: set[int]) -> None:
    for title in (LOG, TABLE, FULL):
        assert warehouse.members(title) == members
    for title in (STALE, EXACT, INCOMPLETE):
        assert warehouse.query(title) == []
