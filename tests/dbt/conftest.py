"""Fixtures: both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dbt.databases import DuckDb, Postgres
from tests.e2e.conftest import server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt.databases import Database

__all__ = ["server"]


@pytest.fixture(params=["duckdb", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database without tables."""
    if request.param == "duckdb":
        return DuckDb(tmp_path)
    return Postgres(request.getfixturevalue("server"), tmp_path)
