"""Fixtures of the tests of the SDK's adaptations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.clocks import SharedClock


@pytest.fixture
def populated(clock: SharedClock) -> Iterator[Sandbox]:
    """Two segments, and a segment group of 40 profiles."""
    account, preferences = Account(clock=clock), Preferences(seed=1)
    account.records_runs = False
    for name in ("A", "B"):
        account.add_segment(name, range(1, 31)).add_count(1_700_000_000.0, 30)
    preferences.add_group("Newsletter", 40)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An .env file that the SDK finds."""
    before = dict(os.environ)
    path = tmp_path / ".env"
    path.write_text("")
    monkeypatch.setattr("singer_sdk.configuration._dict_config.find_dotenv", lambda: str(path))
    yield path
    os.environ.clear()
    os.environ.update(before)
