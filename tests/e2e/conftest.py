"""Fixtures: a PostgreSQL, and projects of Meltano."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import postgres
from tests.e2e.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL, installed first where there is none and that is possible."""
    try:
        binaries = postgres.provide()
    except postgres.NotInstalledError as error:
        pytest.fail(str(error))
    with postgres.serving(binaries) as running_server:
        yield running_server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of its own."""
    return Project(tmp_path / "project")
