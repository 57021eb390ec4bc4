"""Fixtures: a sandbox by a virtual clock, and its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Sandbox, VirtualClock
from tests.sandbox.client import NOW, PreparedExportsClient, PreparedSegmentsClient, SegmentsClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def limit() -> int | None:
    """Requests per second."""
    return None


@pytest.fixture
def api(clock: VirtualClock, limit: int | None) -> Iterator[SegmentsClient]:
    account = Account(clock=clock)
    with Sandbox(account, requests_per_second=limit) as sandbox, requests.Session() as session:
        yield SegmentsClient(sandbox, session)


@pytest.fixture
def prepared(clock: VirtualClock) -> Iterator[PreparedSegmentsClient]:
    with (
        Sandbox(Account(), clock, requests_per_second=None) as sandbox,
        requests.Session() as session,
    ):
        yield PreparedSegmentsClient(sandbox, session)


@pytest.fixture
def vendor(clock: VirtualClock) -> Iterator[PreparedExportsClient]:
    with Sandbox(clock=clock) as sandbox, requests.Session() as session:
        yield PreparedExportsClient(sandbox, session)
