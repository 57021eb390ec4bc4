"""Many accounts on a real Dagster: they run concurrently and separately."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pytest

from examples.dagster.deployment import DAGSTER, PLUGINS, Deployment
from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from examples.dagster.deployment import Run
    from tap_activecampaign_segments.sandbox import Request

ACCOUNTS = ("europe", "america")
SEGMENTS = 3


class Company:
    """Two accounts, and where they are synced."""

    def __init__(self, folder: Path, sandboxes: dict[str, Sandbox]) -> None:
        self.sandboxes = sandboxes
        self.deployment = Deployment(folder, sandboxes)

    def run(self, *accounts: str) -> list[Run]:
        for sandbox in self.sandboxes.values():
            sandbox.clear_requests()
        return self.deployment.run(*accounts)

    def members(self, account: str) -> set[tuple[str, int]]:
        """Who is in the tables."""
        found = self._ask(
            account, f"SELECT segment_id, contact_id FROM {account}.memberships WHERE is_member"
        )
        return {(segment_id, int(contact_id)) for segment_id, contact_id in found}

    def known(self, account: str) -> set[tuple[str, int]]:
        """Who is in the account."""
        return {
            (segment.segment_id, contact_id)
            for segment in self.sandboxes[account].account.segments
            for contact_id in segment.members
        }

    def schemas(self, account: str) -> set[str]:
        found = self._ask(account, "SELECT DISTINCT schema_name FROM duckdb_tables()")
        return {schema for (schema,) in found}

    def requests(self, account: str) -> list[Request]:
        return self.sandboxes[account].requests

    def _ask(self, account: str, query: str) -> list[tuple[str, ...]]:
        path = self.deployment.database(account)
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    if not (DAGSTER.exists() and (PLUGINS / ".ready").exists()):
        pytest.fail("Dagster and the example are not installed: make orchestrate does it")
    with Sandbox(furnished(1)) as europe, Sandbox(furnished(2)) as america:
        yield Company(tmp_path / "deployment", {"europe": europe, "america": america})


def furnished(seed: int) -> Account:
    """An account whose segments and contacts have the names and the ids of the other's."""
    account = Account(seed)
    for number in range(1, SEGMENTS + 1):
        account.add_segment(f"Segment {number}", range(1, 100 * seed + number))
    return account


def evaluations(requests: list[Request]) -> int:
    """Number of runs that were started; reads have the run's id in the path."""
    started = re.compile(r"/api/3/segmentMatchAll/[^/]+")
    return sum(started.fullmatch(request.path) is not None for request in requests)


@pytest.mark.timeout(900)
def test_accounts_run_concurrently_and_separately(company: Company) -> None:
    for account in ACCOUNTS:
        assert f"{account}_nightly_schedule [RUNNING]" in company.deployment.schedules
    assert company.deployment.schedules.count("Cron Schedule: 0 2 * * *") == len(ACCOUNTS)

    assert_succeeded(*company.run(*ACCOUNTS))
    for account in ACCOUNTS:
        assert company.members(account) == company.known(account)
        assert company.schemas(account) == {account}
    assert company.deployment.states == [
        f"prod:tap-activecampaign-segments--{account}-to-target-duckdb"
        for account in sorted(ACCOUNTS)
    ]
    europe, america = (company.requests(account) for account in ACCOUNTS)
    assert europe[0].at < america[-1].at
    assert america[0].at < europe[-1].at

    assert_a_failure_is_its_own(company)
    assert_an_account_never_overlaps_itself(company)


def assert_a_failure_is_its_own(company: Company) -> None:
    change(company)
    before = company.members("europe")
    company.sandboxes["europe"].faults.add(Fault("status", status=401, times=None))
    europe, america = company.run(*ACCOUNTS)
    assert europe.code == 1
    assert "the credentials are not accepted" in europe.output
    assert_succeeded(america)
    assert company.members("europe") == before
    assert company.members("america") == company.known("america")


def assert_an_account_never_overlaps_itself(company: Company) -> None:
    company.sandboxes["europe"].faults.clear()
    assert_succeeded(*company.run("europe", "europe"))
    requests = company.requests("europe")
    first, second = (
        number for number, each in enumerate(requests) if each.path.endswith("/audiences")
    )
    assert evaluations(requests[first:second]) == evaluations(requests[second:]) == SEGMENTS
    assert company.members("europe") == company.known("europe")


def change(company: Company) -> None:
    """Let contacts come and go in both accounts."""
    for sandbox in company.sandboxes.values():
        sandbox.account.segments[0].members = range(3, 120)


def assert_succeeded(*runs: Run) -> None:
    for run in runs:
        assert run.code == 0, run.output
