"""The documented SQL on contacts and definitions in a real PostgreSQL, compared with DuckDB."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tests.e2e import postgres
from tests.support.mypreferences import export
from tests.support.nightly import nightly_sync
from tests.support.sync import CHANGE_STREAMS
from tests.support.warehouse import Warehouse, statements

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clocks import SharedClock

STREAMS = {*CHANGE_STREAMS, "contacts", "segment_definitions", "segment_conditions"}
VIEWS = (
    "chain",
    "current members as a view",
    "subscriptions as a view, PostgreSQL",
    "profiles as views, PostgreSQL",
)
QUERIES = (
    "current members with addresses",
    "audience for ad platforms",
    "who may be written to",
    "segments that use a tag",
    "segments that use a field",
    "since when segments use a field",
    "definitions and what each edit changed",
    "edits and who joined and left with them",
)
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T]([\d:]{8})[.]?(\d*?)0*")


@pytest.fixture
def warehouse(
    account: Account, clock: SharedClock, server: postgres.Server, tmp_path: Path
) -> Warehouse:
    """Two nights of both sources, loaded into DuckDB and PostgreSQL."""
    preferences = Preferences(seed=1, clock=clock)
    consents = [{"Channel": "Email", "Purpose": "Marketing", "Status": "OptIn"}]
    profiles: list[dict[str, Any]] = [
        {
            "ProfileId": contact,
            "IsActive": contact % 4 > 0,
            "Emails": [{"Value": f" Contact{contact}@example.com"}],
            "Consents": consents if contact % 5 else None,
        }
        for contact in range(1, 100)
    ]
    preferences.add_group("Newsletter consents", profiles)
    segment = account.add_segment("some", range(1, 101))
    field = {"name": "tagid", "operator": "=", "value": ["3", "14"]}
    tag = {"id": "1", "object_type": "tag", "source_system": "activecampaign", "fields": [field]}
    mail = {**tag, "id": "2", "fields": [{**field, "name": "email", "value": "example.com"}]}
    segment.versions[0].conditions = [tag]
    account.anonymize_contact(3)
    account.update_contact(6, bounced_hard="1")
    found = Warehouse()
    target = postgres.Target(server, tmp_path, tmp_path.name)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as sandbox:
        for members in (range(1, 101), range(11, 121)):
            segment.members = members
            target.load(nightly_sync(sandbox, found, streams=STREAMS).messages)
            exported = [each for each in export(sandbox).messages if each["type"] != "STATE"]
            found.load(exported)
            target.load(exported)
            clock.advance(3600)
            segment.edit(conditions=[tag, mail])
            clock.advance(3600)
    for title in VIEWS:
        server.execute(statements()[title], tmp_path.name)
    return found


def test_documented_sql_has_the_same_rows_in_postgres(
    warehouse: Warehouse, server: postgres.Server, tmp_path: Path
) -> None:
    for title in QUERIES:
        rows = server.query(statements()[title], tmp_path.name)
        expected = warehouse.query(title)
        assert expected, title
        assert sorted(map(shown, (row.values() for row in rows))) == sorted(map(shown, expected))


def shown(row: Any) -> str:
    """Return a row as JSON, its timestamps in one form."""
    texts = [each if isinstance(each, (int, str, type(None))) else str(each) for each in row]
    matches = [TIMESTAMP.fullmatch(each) if isinstance(each, str) else None for each in texts]
    return json.dumps(
        [match.groups() if match else each for match, each in zip(matches, texts, strict=True)]
    )
