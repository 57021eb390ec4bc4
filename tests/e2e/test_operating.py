"""Failed syncs and full refreshes, by a real Meltano into real databases."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.e2e.loaders import SCHEMA, DuckDb, Postgres, by_key
from tests.e2e.project import TAP, variables_of
from tests.support.warehouse import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.sandbox import Segment
    from tests.e2e.loaders import Loader
    from tests.e2e.project import Project

    Members = set[tuple[str, int]]

LOG = "current members from the log"
PAST = "members at a past date"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Five segments on the real clock, without newly recorded counts."""
    account = Account()
    account.records_runs = False
    for number in range(5):
        account.add_segment(f"number {number}", range(number, 101)).add_count(1_700_000_000.0, 7)
    with Sandbox(account, requests_per_second=None) as served:
        yield served


@pytest.fixture(params=["target-duckdb", "target-postgres"])
def loader(request: pytest.FixtureRequest, project: Project) -> Loader:
    """A loader that keeps the state of a run that failed."""
    if request.param == "target-duckdb":
        return DuckDb(project)
    return Postgres(project, request.getfixturevalue("server"))


def truth(segments: list[Segment]) -> Members:
    return {(each.segment_id, member) for each in segments for member in each.members}


def known_members(loader: Loader) -> Members:
    rows = by_key("memberships", loader.rows()["memberships"])
    return {key for key, row in rows.items() if row["is_member"]}


def previous_runs(project: Project, state_id: str) -> dict[str, str]:
    """The predecessor of each segment in the state."""
    entries = project.state(state_id)["bookmarks"]["match_all_runs"]["partitions"]
    return {
        entry["context"]["segment_id"]: entry["match_all"]["predecessor"]["run_id"]
        for entry in entries
    }


def test_failed_segment_is_repaired_by_the_next_sync(
    project: Project, sandbox: Sandbox, loader: Loader
) -> None:
    variables = variables_of(sandbox) | loader.variables
    segments = sandbox.account.segments
    *others, failing = segments

    def night() -> tuple[int, str]:
        return project.start("run", "--no-install", TAP, loader.name, **variables).end()

    exit_code, said = night()
    assert exit_code == 0, said
    before = truth([failing])
    for each in segments:
        each.members = [*each.members[3:], 500]
    fault = Fault("run_fails", times=None, segment_id=failing.segment_id)
    sandbox.faults.add(fault)
    exit_code, said = night()
    assert exit_code != 0
    assert f"segment 'number 4' ({failing.segment_id}): run" in said
    assert "failed at ActiveCampaign (attempt 3 of 3, see run_attempts)" in said
    assert known_members(loader) == truth(others) | before
    good, *_ = failing.runs
    runs = {each.segment_id: each.runs[-1].run_id for each in others}
    state_id = f"dev:{TAP}-to-{loader.name}"
    assert previous_runs(project, state_id) == runs | {failing.segment_id: good.run_id}

    sandbox.faults.clear()
    sandbox.clear_requests()
    exit_code, said = night()
    assert exit_code == 0, said
    assert known_members(loader) == truth(segments)
    # The listing, recent counts, a run per segment, and the failed segment's previous run.
    paths = [request.path for request in sandbox.requests]
    assert len(paths) == 1 + 1 + len(segments) + 1
    assert paths[-1].endswith(good.run_id)
    last = {row["run_id"]: row for row in loader.rows()["match_all_runs"]}
    assert last[failing.runs[-1].run_id]["previous_run_id"] == good.run_id


def test_full_refresh_keeps_members_and_past_dates(project: Project, sandbox: Sandbox) -> None:
    loader = DuckDb(project)
    segments = sandbox.account.segments

    def night(*options: str) -> None:
        project.meltano("run", "--no-install", *options, TAP, loader.name, **variables_of(sandbox))

    def ask(sql: str) -> list[Any]:
        with closing(duckdb.connect(str(loader.database))) as connection:
            connection.execute(f"USE {SCHEMA}")
            connection.execute(statements()["chain"])
            return connection.execute(sql).fetchall()

    night()
    truths: dict[str, Members] = {}
    for options in ((), ("--full-refresh",), ()):
        [[at]] = ask("SELECT max(run_id_end) FROM match_all_runs")
        truths[f"{at:%Y-%m-%d %H:%M:%S.%f}"] = truth(segments)
        for each in segments:
            each.members = [*each.members[2:], each.members[-1] + 1]
        night(*options)
        assert set(ask(statements()[LOG])) == truth(segments)
    for text, members in truths.items():
        assert set(ask(statements()[PAST].replace("2026-11-01 00:00:00", text))) == members
    [[baselines]] = ask("SELECT count(*) FROM match_all_runs WHERE is_baseline")
    assert baselines == 2 * len(segments)
