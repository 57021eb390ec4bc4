"""Two states that write to one schema are found; lost syncs and restored states are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dbt.databases import load_all
from tests.dbt.nights import Nights, quick_nights
from tests.dbt.project import DbtProject
from tests.dbt.session import DbtSession

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.databases import Database

TEST = "one_state_per_schema"


def _failures(project: DbtProject) -> set[str]:
    with DbtSession(project) as dbt:
        dbt.succeed("run", "--select", f"+{TEST}")
        succeeds, failed = dbt.run("test", "--select", TEST)
    assert succeeds != bool(failed)
    return failed


def _move(nights: Nights) -> None:
    [segment] = nights.account.segments
    segment.members = [*segment.members[1:], max(segment.members) + 1]


def _alternate(nights: Nights) -> None:
    """Run nights of two states in turns."""
    nights.account.add_segment("some", range(1, 51))
    other = nights.state
    for _ in range(4):
        _move(nights)
        nights.night()
        nights.state, other = other, nights.state


def test_two_states_are_found(database: Database, tmp_path: Path) -> None:
    with quick_nights() as nights:
        _alternate(nights)
    load_all(database, nights.loads)
    project = DbtProject(tmp_path / "project", database)
    assert _failures(project) == {TEST}


def test_rebaseline_heals(database: Database, tmp_path: Path) -> None:
    with quick_nights() as nights:
        _alternate(nights)
        nights.night(rebaseline=["*"])
        _move(nights)
        nights.night()
    load_all(database, nights.loads)
    project = DbtProject(tmp_path / "project", database)
    assert _failures(project) == set()


def test_lost_and_restored_states_are_not_two(database: Database, tmp_path: Path) -> None:
    with quick_nights() as nights:
        nights.account.add_segment("some", range(1, 51))
        for _ in range(3):
            _move(nights)
            nights.night()
        _move(nights)
        nights.lost_night()
        _move(nights)
        nights.night()
        for age in (2, 3, 5):
            nights.restore(age)
            _move(nights)
            nights.night()
        nights.state = None
        nights.night()
    load_all(database, nights.loads)
    project = DbtProject(tmp_path / "project", database)
    assert _failures(project) == set()
