"""Two accounts in one project, at the same time: plugins that inherit, and a schema for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.e2e.loaders import Postgres, by_key
from tests.e2e.project import ALL_STREAMS, Project, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.postgres import Server
    from tests.e2e.truth import Rows

REGIONS = ("eu", "us")
EXTRACTORS = "".join(
    f"""\
  - name: tap-activecampaign-{region}
    inherit_from: tap-activecampaign-segments
    load_schema: activecampaign_{region}
"""
    for region in REGIONS
)
FIRST, SECOND = "7", "8"
"""Ids that both accounts have."""


class Company:
    """A project with both accounts, and a database for them."""

    def __init__(self, folder: Path, server: Server, sandboxes: dict[str, Sandbox]) -> None:
        """Make the project."""
        self._project = Project(folder, extractors=EXTRACTORS)
        # Two concurrent commands cannot both create Meltano's database.
        self._project.meltano("state", "list")
        self._sandboxes = sandboxes
        self._tables = {
            region: Postgres(self._project, server, f"activecampaign_{region}")
            for region in REGIONS
        }

    def night(self, **expected: int) -> None:
        """Run both concurrently, and check their exit codes."""
        settings = {"EMIT_ACTIVATE_VERSION_MESSAGES": "true", "RUN_ATTEMPTS": "1", **ALL_STREAMS}
        commands = {
            region: self._project.start(
                *("run", "--no-install", f"tap-activecampaign-{region}", "target-postgres"),
                **variables_of(sandbox, f"tap-activecampaign-{region}", settings),
                **self._tables[region].variables,
                TARGET_POSTGRES_HARD_DELETE="true",
            )
            for region, sandbox in self._sandboxes.items()
        }
        for region, (exit_code, said) in {
            region: command.end() for region, command in commands.items()
        }.items():
            assert exit_code == expected[region], said

    def members(self, region: str) -> set[tuple[str, int]]:
        """The contacts in the table of the full result."""
        return set(by_key("match_all_results", self._rows(region, "match_all_results")))

    def known_members(self, region: str) -> set[tuple[str, int]]:
        """The contacts that are members by `memberships`, in segments that still exist."""
        existing = {row["segment_id"] for row in self._rows(region, "segments")}
        rows = by_key("memberships", self._rows(region, "memberships"))
        return {key for key, row in rows.items() if row["is_member"] and key[0] in existing}

    def _rows(self, region: str, stream: str) -> Rows:
        return self._tables[region].rows()[stream]

    def names(self, region: str) -> set[str]:
        """The names of the segments."""
        return {row["name"] for row in self._rows(region, "segments")}

    def baselines(self, region: str) -> dict[str, list[bool]]:
        """Whether the runs of each segment were baselines, oldest first."""
        runs = self._rows(region, "match_all_runs")
        runs.sort(key=lambda row: row["run_id_start"])
        return {
            segment_id: [row["is_baseline"] for row in runs if row["segment_id"] == segment_id]
            for segment_id in (FIRST, SECOND)
        }

    def remembered(self, region: str) -> set[str]:
        """The segments in the state."""
        state_id = f"dev:tap-activecampaign-{region}-to-target-postgres"
        runs = self._project.state(state_id)["bookmarks"]["match_all_runs"]
        return {entry["context"]["segment_id"] for entry in runs["partitions"]}


def truth(account: Account) -> set[tuple[str, int]]:
    return {(each.segment_id, member) for each in account.segments for member in each.members}


@pytest.fixture
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    """Two accounts whose segments have the same ids and different members."""
    accounts = {region: Account(seed) for seed, region in enumerate(REGIONS)}
    for start, (region, account) in enumerate(accounts.items()):
        account.add_segment(f"{region} one", range(1 + start, 31 + start), segment_id=FIRST)
        account.add_segment(f"{region} two", range(10, 50 + 9 * start), segment_id=SECOND)
    accounts["us"].add_segment("us three", range(5), segment_id="9")
    with (
        Sandbox(accounts["eu"], requests_per_second=None) as first,
        Sandbox(accounts["us"], requests_per_second=None) as second,
    ):
        yield {"eu": first, "us": second}


def test_concurrent_accounts_share_nothing(
    tmp_path: Path, server: Server, sandboxes: dict[str, Sandbox]
) -> None:
    company = Company(tmp_path / "project", server, sandboxes)
    accounts = {region: sandbox.account for region, sandbox in sandboxes.items()}
    company.night(eu=0, us=0)
    for region, account in accounts.items():
        assert company.members(region) == company.known_members(region) == truth(account)
    assert company.names("eu") == {"eu one", "eu two"}
    assert company.names("us") == {"us one", "us two", "us three"}

    before = company.members("eu")
    for account in accounts.values():
        first, second, *_ = account.segments
        first.members = range(3, 35)
        second.members = range(12, 52)
    accounts["us"].remove(accounts["us"].segments[-1])
    sandboxes["eu"].faults.add(Fault("run_fails", times=None, segment_id=SECOND))
    company.night(eu=1, us=0)
    assert company.members("us") == company.known_members("us") == truth(accounts["us"])
    assert company.names("us") == {"us one", "us two"}
    # Members who joined the readable segment are added, and none is dropped.
    assert company.members("eu") == before | {(FIRST, member) for member in range(3, 35)}
    assert company.names("eu") == {"eu one", "eu two"}

    sandboxes["eu"].faults.clear()
    company.night(eu=0, us=0)
    for region, account in accounts.items():
        assert company.members(region) == company.known_members(region) == truth(account)
        assert company.remembered(region) == {FIRST, SECOND}
    assert company.baselines("eu") == {FIRST: [True, False, False], SECOND: [True, False]}
    assert company.baselines("us") == {FIRST: [True, False, False], SECOND: [True, False, False]}
