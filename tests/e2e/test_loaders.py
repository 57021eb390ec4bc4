"""Two syncs of all streams by a real Meltano into each of five loaders."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from examples.demo import report
from examples.demo.database import Database
from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tests.e2e import truth
from tests.e2e.loaders import Avro, Csv, DuckDb, JsonLines, Loader, Postgres, by_key
from tests.e2e.project import ALL_STREAMS, TAP, Project, variables_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_activecampaign_segments.sandbox import Request
    from tests.e2e.postgres import Server
    from tests.e2e.truth import Row, Rows


TEXTS = ("definition_text", "changes_text", "aggregate_text")
"""Columns in words."""


@dataclass
class Loaded:
    """A target after two syncs, between which the accounts changed.

    Attributes:
        loader: The target.
        account: ActiveCampaign's side.
        preferences: MyPreferences' side.
        requests: Requests of each sync.
        times: Start and end of each sync.
        known: Expected rows by stream, oldest first.
        rows: Rows in the target by stream.
    """

    loader: Loader
    account: Account
    preferences: Preferences
    requests: list[list[Request]]
    times: list[tuple[datetime, datetime]]
    known: dict[str, Rows]
    rows: dict[str, Rows]


@pytest.fixture(scope="session")
def load(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[type[Loader]], Loaded]:
    """Sync twice into a loader, once for all tests."""
    done: dict[type[Loader], Loaded] = {}

    def loaded(kind: type[Loader]) -> Loaded:
        if kind not in done:
            project = Project(tmp_path_factory.mktemp(kind.name) / "project")
            if kind is Postgres:
                server: Server = request.getfixturevalue("server")
                done[kind] = two_runs(project, Postgres(project, server))
            else:
                done[kind] = two_runs(project, kind(project))
        return done[kind]

    return loaded


@pytest.fixture(
    scope="session", params=[JsonLines, Csv, Avro, DuckDb, Postgres], ids=lambda kind: kind.name
)
def loaded(request: pytest.FixtureRequest, load: Callable[[type[Loader]], Loaded]) -> Loaded:
    return load(request.param)


def two_runs(project: Project, loader: Loader) -> Loaded:
    account, preferences = truth.furnished()
    requests, times, listings = [], [], []
    with Sandbox(account, requests_per_second=None, preferences=preferences) as sandbox:
        variables = variables_of(sandbox, more=ALL_STREAMS | truth.PAGES)
        for number in range(2):
            if number:
                truth.change(account, preferences)
            listings.append(truth.listed(account))
            sandbox.clear_requests()
            loader.begin(number)
            start = truth.now()
            project.meltano("run", "--no-install", TAP, loader.name, **variables | loader.variables)
            times.append((start, truth.now()))
            requests.append(sandbox.requests)
    rows = loader.rows()
    exports = sorted(
        by_key("segment_group_exports", rows["segment_group_exports"]),
        key=lambda key: key[1],
    )
    instants = {
        group.name: [at for name, at in exports if name == group.name]
        for group in preferences.groups
    }
    known = {
        **truth.known(account),
        **truth.exported(preferences, instants),
        "segments": [row for listing in listings for row in listing],
    }
    return Loaded(loader, account, preferences, requests, times, known, rows)


def exact(row: Row) -> dict[str, tuple[str, Any]]:
    """Values and their types, without timestamps that only the tap knows."""
    return {
        name: (type(value).__name__, value)
        for name, value in row.items()
        if name not in {"listed_at", "completed_at", "read_at", *TEXTS}
    }


def test_every_stream_of_both_vendors_has_a_table(loaded: Loaded) -> None:
    assert sorted(loaded.rows) == sorted(truth.KEYS)


@pytest.mark.parametrize("stream", truth.KEYS)
def test_target_holds_exact_values_and_types(loaded: Loaded, stream: str) -> None:
    found = by_key(stream, loaded.rows[stream])
    known = by_key(stream, map(loaded.loader.held, loaded.known[stream]))
    assert {key: exact(row) for key, row in found.items()} == {
        key: exact(row) for key, row in known.items()
    }


def test_rows_have_listing_and_export_timestamps(loaded: Loaded) -> None:
    latest = max(row["listed_at"] for row in loaded.rows["segments"])
    start, end = loaded.times[-1]
    precision = loaded.loader.precision
    assert start - precision < latest < end
    listing = [row for row in loaded.rows["segments"] if row["listed_at"] == latest]
    assert len(listing) == len(loaded.account.segments)
    rows = by_key("segment_group_exports", loaded.rows["segment_group_exports"]).values()
    for group in loaded.preferences.groups:
        mine = [row for row in rows if row["segment_group_name"] == group.name]
        mine.sort(key=lambda row: row["exported_at"])
        for row, export, (start, end) in zip(mine, group.exports, loaded.times, strict=True):
            # The server's clock is known in whole seconds.
            assert start - timedelta(seconds=1) - precision < row["exported_at"]
            assert row["exported_at"].timestamp() <= export.started
            assert start - precision < row["completed_at"] < end


def test_contacts_have_the_time_of_reading(loaded: Loaded) -> None:
    (start, end), (second_start, second_end) = loaded.times
    precision = loaded.loader.precision
    contacts = by_key("contacts", loaded.rows["contacts"])
    for (contact_id,), row in contacts.items():
        if contact_id > 1_101 and contact_id != 2**40:
            assert second_start - precision < row["read_at"] < second_end
        else:
            assert start - precision < row["read_at"] < end
    few = {contacts[contact_id,]["is_found"] for contact_id in (3, 63, 2**41)}
    assert few == {True, False}


def test_definitions_are_told_in_words(loaded: Loaded) -> None:
    rows = by_key("segment_definitions", loaded.rows["segment_definitions"])
    firsts = {segment.segment_id: segment.versions[0] for segment in loaded.account.segments}
    for row in rows.values():
        values = [each["value"] for each in truth.conditions(row)]
        assert row["definition_text"]
        assert all(each in row["definition_text"] for each in values if each.isalnum())
        is_first = row["created_date"].timestamp() < firsts[row["segment_id"]].created + 1
        assert bool(row["changes_text"]) != is_first
    assert any(truth.QUOTED in row["definition_text"] for row in rows.values())
    assert any("Quite many" in (row["changes_text"] or "") for row in rows.values())


def test_aggregates_are_told_in_words(loaded: Loaded) -> None:
    texts = {
        (row["segment_id"], row["created_date"], row["condition_id"]): row["aggregate_text"]
        for row in loaded.rows["segment_conditions"]
    }
    definitions = loaded.known["segment_definitions"]
    aggregates = {
        (row["segment_id"], row["created_date"], each["id"]): each["field_aggregate"]
        for row in map(loaded.loader.held, definitions)
        for each in row["segment_conditions"]
    }
    counted = {key for key, each in aggregates.items() if each["aggregate_field_operator"]}
    assert counted
    assert {key for key, text in texts.items() if text} == counted


def test_memberships_equal_the_account(loaded: Loaded) -> None:
    rows = by_key("memberships", loaded.rows["memberships"]).values()
    members = {(row["segment_id"], row["contact_id"]) for row in rows if row["is_member"]}
    assert members == {
        (each.segment_id, contact) for each in loaded.account.segments for contact in each.members
    }


def test_upserts_have_unique_keys_and_appends_have_all_rows(
    loaded: Loaded,
) -> None:
    repeated = {
        stream: len(rows) - len(by_key(stream, rows)) for stream, rows in loaded.rows.items()
    }
    if not loaded.loader.appends:
        assert not any(repeated.values())
        return
    words = {stream: len(rows) - len(by_key(stream, rows)) for stream, rows in loaded.known.items()}
    # The rows at a bookmark are emitted again.
    conditions = len(loaded.account.segments[0].versions[-2].conditions)
    assert repeated == words | {
        "count_history": 3,
        "segment_definitions": 1,
        "segment_conditions": conditions,
    }


def test_second_sync_requests_only_what_is_new(loaded: Loaded) -> None:
    first, second = (Counter(map(operation, requests)) for requests in loaded.requests)
    assert first["audiences"] == second["audiences"] == 1
    assert second["segmentsV2/count-history"] == 3 < first["segmentsV2/count-history"]
    # Only the edited segment: its new version and the one before.
    assert second["segmentsV2/createdDate"] == 2 < first["segmentsV2/createdDate"]
    # A hundred contacts each; the last ones share theirs, or do not.
    assert first["contacts"] in {12, 13}
    assert second["contacts"] in {1, 2}
    assert [len(segment.runs) for segment in loaded.account.segments] == [2, 2, 2]
    assert [len(group.exports) for group in loaded.preferences.groups] == [2, 2, 2]
    assert all(export.committed for export in loaded.preferences.exports)


def operation(request: Request) -> str:
    """The part of the path that identifies the resource."""
    _, _, _, resource, *rest = request.path.split("/")
    return "/".join([resource, *rest[1:2]])


def test_demo_report_shows_changes_in_80_columns(
    load: Callable[[type[Loader]], Loaded], project: Project
) -> None:
    loader = load(DuckDb).loader
    assert isinstance(loader, DuckDb)
    project.add_dbt()
    project.meltano(
        *("run", "--no-install", "dbt-duckdb:deps", "dbt-duckdb:build"),
        DBT_DUCKDB_PATH=str(loader.database),
    )
    database = Database(loader.database)
    rows = database.count_rows()
    lines = report.build(database, rows | {"memberships": 1_104}, rows).splitlines()
    assert max(map(len, lines)) <= 80
    words = [line.split() for line in lines]
    assert ["memberships", "1,104", "1,115", "+11"] in [each[:4] for each in words]
    assert ["Quite", "many", "1,061", "+10", "-50", "-40", "+1102", "-1"] in words
    assert ["Few", "3", "+1", "-1", "-", "+2199023255552", "-7"] in words
    assert ["None", "0", "-", "-", "-"] in words
    assert ["None", "0", "empty"] in words
    assert words[-1] == ["and", "those", "of", "dbt", "in", "analytics_segments."]
    [plotted] = [each for each in words if each[-2:] == ["1,061", "1,061"]]
    assert plotted[2].endswith("█")


@pytest.mark.parametrize("kind", [Csv, Avro, DuckDb], ids=lambda kind: kind.name)
def test_counts_that_are_null_or_unknown_are_loaded(project: Project, kind: type[Loader]) -> None:
    account, loader = Account(), kind(project)
    new, null, unsaved = (account.add_segment(name) for name in ("new", "null", None))
    counts: dict[str, Any] = {
        new.segment_id: {"last_total": {"count": "7", "source": "x"}, "last_other_total": {}},
        null.segment_id: None,
    }

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        for item in body["data"]:
            item["attributes"]["counts"] = counts[item["attributes"]["segment_id"]]
        return body

    with Sandbox(account, requests_per_second=None) as sandbox:
        sandbox.faults.add(Fault("edit", "list", times=None, answer=answer))
        loader.begin(0)
        more = {"SEGMENT_IDS": json.dumps([unsaved.segment_id]), "SEGMENT_NAMES": '["*"]'}
        variables = variables_of(sandbox, more=more) | loader.variables
        project.meltano("run", "--no-install", TAP, loader.name, **variables)
    rows = {row["segment_id"]: row["counts"] for row in loader.rows()["segments"]}
    assert rows.keys() == {new.segment_id, null.segment_id, unsaved.segment_id}
    assert rows[new.segment_id]["last_total"]["count"] == 7
    assert not rows[null.segment_id]
    assert not rows[unsaved.segment_id]
    # Only a flattened record has no place for what is new.
    assert ("last_other_total" in rows[new.segment_id]) == (kind is not Avro)
