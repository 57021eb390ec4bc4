"""Every documented statement on tables of target-postgres and target-duckdb: the same rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tests.e2e import postgres
from tests.e2e.duckdb_file import PYTHONS, DuckDbFile
from tests.support.mypreferences import export
from tests.support.sync import DEFAULT_STREAMS, OTHER_STREAMS, sync
from tests.support.warehouse import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.support.clocks import SharedClock

ALL, NARROW = "everything", "narrow"
"""Schemas: with all tables, and without the log but with flattened sizes."""
VIEWS = ("chain", "current members as a view")
WITHOUT_LOG = "chain without the log"
OF_NARROW = (
    "current members from memberships",
    "stale rows in memberships",
    "last known sizes, flattened",
)
CHANGES = {
    "erase a contact": ("match_all_runs", "membership_changes", "memberships", "contacts"),
    "erase a profile": ("segment_group_exports", "segment_group_profiles"),
    "delete contacts that are in no segment": ("contacts",),
}
"""Statements that change tables, and those tables."""
PROSE_DATE, ERASED_ID = "2026-11-01 00:00:00", "4711"
ERASED = 15
"""A contact, and a profile."""
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T]([\d:]{8})[.]?(\d*?)0*")
Rows = list[dict[str, Any]]


class Databases:
    """Both databases, with the same messages.

    Attributes:
        at: The date of the statements.
    """

    at = ""

    def __init__(self, server: postgres.Server, folder: Path) -> None:
        self._server = server
        self._targets = {name: postgres.Target(server, folder, name) for name in (ALL, NARROW)}
        self._file = DuckDbFile(folder)
        for name in self._targets:
            server.forget(name)

    def load(self, messages: list[dict[str, Any]], schema: str = ALL) -> None:
        """Load messages into both."""
        self._targets[schema].load(messages)
        self._file.load(messages, schema)

    def sql(self, title: str) -> str:
        """Return a documented statement, with the date and the id of this history."""
        return statements()[title].replace(PROSE_DATE, self.at).replace(ERASED_ID, str(ERASED))

    def assert_same(
        self, before: Iterable[str], queries: Mapping[str, str], schema: str = ALL
    ) -> dict[str, Rows]:
        """Compare rows of queries on both databases, and return those of PostgreSQL.

        Args:
            before: Titles of statements that are run first.
            queries: Queries by title.
            schema: The database schema.
        """
        script = [self.sql(title) for title in before]
        for sql in script:
            self._server.execute(sql, schema)
        expected = {title: self._server.query(sql, schema) for title, sql in queries.items()}
        for version in PYTHONS:
            found = self._file.query(version, schema, script, queries)
            for title, rows in expected.items():
                assert shown(found[title]) == shown(rows), (version, title)
        return expected


@pytest.fixture
def databases(
    account: Account, clock: SharedClock, server: postgres.Server, tmp_path: Path
) -> Databases:
    """Nights with a lost sync, a restored state, an edit and broken loads."""
    preferences = Preferences(seed=1, clock=clock)
    profiles: list[dict[str, Any]] = [{"ProfileId": number} for number in range(10, 40)]
    preferences.add_group("Newsletter consents", profiles)
    field = {"name": "tagid", "operator": "=", "value": ["3", "14"]}
    tag = {"id": "1", "object_type": "tag", "source_system": "activecampaign", "fields": [field]}
    mail = {**tag, "id": "2", "fields": [{**field, "name": "email", "value": "example.com"}]}
    lost, restored, edited, broken = (
        account.add_segment(name, range(1, 101)) for name in ("lost", "restored", "edit", "broken")
    )
    edited.versions[0].conditions = [tag]
    account.anonymize_contact(20)
    found = Databases(server, tmp_path)
    states: list[dict[str, Any]] = []

    def night(first: int, state: int | None = None, lacks: Iterable[str] = ()) -> None:
        """Sync, with a state of an earlier night; rows of a segment may not arrive."""
        for place, segment in enumerate((lost, restored, edited, broken)):
            segment.members = range(first + place, first + place + 100)
        synced = sync(
            sandbox,
            state=None if state is None else states[state],
            streams=DEFAULT_STREAMS | OTHER_STREAMS,
        )
        assert synced.exit_code == 0, synced.log
        states.append(synced.state)
        missing = dict.fromkeys(lacks, 1)
        messages = []
        for message in synced.messages:
            stream = message.get("stream", "")
            is_last = message.get("record", {}).get("segment_id") == broken.segment_id
            if message["type"] == "RECORD" and is_last and missing.pop(stream, 0):
                continue
            messages.append(message)
        found.load(messages)
        found.load(export(sandbox, None).messages)
        clock.advance(86_400)

    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as sandbox:
        night(1)
        night(11, state=0)
        # The state of this night is lost.
        night(21, state=1)
        night(14, state=1)
        edited.edit(conditions=[tag, mail])
        night(31, state=3)
        found.at = f"{clock.now() + timedelta(minutes=5):%Y-%m-%d %H:%M:%S}"
        # An old state is restored, and a load breaks.
        night(16, state=1)
        night(17, state=5, lacks=["membership_changes", "match_all_results", "memberships"])
        flat = {"flattening_enabled": True, "flattening_max_depth": 2}
        streams = {"match_all_runs", "memberships", "segments"}
        for state in (None, states[0], states[0]):
            clock.advance(3600)
            lost.members = lost.members[3:]
            found.load(sync(sandbox, state=state, streams=streams, **flat).messages, NARROW)
    return found


def test_every_documented_statement_has_the_same_rows_on_both_databases(
    databases: Databases,
) -> None:
    titles = statements().keys() - {*VIEWS, *CHANGES, WITHOUT_LOG, OF_NARROW[-1]}
    queries = {title: databases.sql(title) for title in sorted(titles)}
    queries["the log along the chain"] = "SELECT * FROM chain_changes"
    rows = databases.assert_same(VIEWS, queries)
    assert [title for title, found in rows.items() if not found] == []

    narrow = {title: databases.sql(title) for title in OF_NARROW}
    narrow["the chain"] = "SELECT segment_id, run_id, depth FROM chain"
    rows = databases.assert_same([WITHOUT_LOG], narrow, NARROW)
    assert [title for title, found in rows.items() if not found] == []

    done: list[str] = []
    for title, tables in CHANGES.items():
        selects = {table: f"SELECT * FROM {table}" for table in tables}
        before = databases.assert_same([*VIEWS, *done], selects)
        done.append(title)
        after = databases.assert_same([*VIEWS, *done], selects)
        for table in tables:
            assert shown(before[table]) != shown(after[table]), (title, table)


def shown(rows: Rows) -> Counter[str]:
    """Return rows as JSON: in one form, without the loaders' own columns, in any order."""
    return Counter(
        json.dumps(
            {
                name.lower(): _value(value)
                for name, value in row.items()
                if not name.startswith("_sdc_")
            },
            sort_keys=True,
        )
        for row in rows
    )


def _value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if match := TIMESTAMP.fullmatch(value):
        return match.groups()
    # target-duckdb stores JSON as text, and an empty text as null.
    return json.loads(value) if value[:1] in ("{", "[") else value or None
