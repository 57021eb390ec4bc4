"""Fixtures that tests of several rooms use."""

from __future__ import annotations

import logging
import signal
import time
from functools import cache
from typing import TYPE_CHECKING

import pytest
from singer_sdk.helpers._packaging import get_package_version

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox, Segment
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.clocks import SharedClock
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SharedClock:
    """Time that the tap and the sandbox share."""
    shared = SharedClock()
    monkeypatch.setattr(TapActiveCampaignSegments, "clock", shared)
    # backoff waits between two tries without asking anybody for the time.
    monkeypatch.setattr(time, "sleep", shared.sleep)
    return shared


@pytest.fixture
def account(clock: SharedClock) -> Account:
    """An account without segments."""
    return Account(seed=1, clock=clock)


@pytest.fixture
def sandbox(account: Account, clock: SharedClock) -> Iterator[Sandbox]:
    """The account, served without a rate limit."""
    with Sandbox(account, clock=clock, requests_per_second=None) as served:
        yield served


@pytest.fixture
def segment(account: Account) -> Segment:
    """A saved segment of 200 contacts."""
    return account.add_segment("some", range(1, 201))


@pytest.fixture
def warehouse() -> Warehouse:
    """Where what is synced is kept."""
    return Warehouse()


@pytest.fixture
def both_vendors(clock: SharedClock) -> Iterator[Sandbox]:
    """A segment and a segment group."""
    account, preferences = Account(clock=clock), Preferences(seed=1)
    account.add_segment("some", [1, 2, 3])
    preferences.add_group("Newsletter", 3)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


@pytest.fixture
def mypreferences(clock: SharedClock) -> Iterator[Sandbox]:
    """An account without segments, and MyPreferences without groups."""
    with Sandbox(
        Account(clock=clock), preferences=Preferences(seed=1), clock=clock, requests_per_second=None
    ) as sandbox:
        yield sandbox


@pytest.fixture
def two_of_each(clock: SharedClock) -> Iterator[Sandbox]:
    """Two segments, and two segment groups of three profiles."""
    account, preferences = Account(clock=clock), Preferences(seed=1)
    for name in ("A", "B"):
        account.add_segment(name, [1, 2, 3])
        preferences.add_group(name, 3)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


@pytest.fixture
def real_time_sandbox() -> Iterator[Sandbox]:
    """A small segment, in real time."""
    account = Account()
    account.add_segment("some", range(1, 21))
    with Sandbox(account, requests_per_second=None) as sandbox:
        yield sandbox


@pytest.fixture(scope="session", autouse=True)
def _versions() -> Iterator[None]:
    """The SDK reads two packages' metadata at each start, a fifth of a small sync."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("singer_sdk.plugin_base.get_package_version", cache(get_package_version))
        yield


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The tap takes over the signals of its process: give them back."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.fixture(autouse=True)
def _log_levels() -> Iterator[None]:
    """The tap's process has ended by then: loggers are as they were."""
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "urllib3.connectionpool")]
    levels = [each.level for each in loggers]
    yield
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)
