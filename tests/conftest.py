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
    """Time of the tap and the sandbox: waits take no real time."""
    shared = SharedClock()
    monkeypatch.setattr(TapActiveCampaignSegments, "clock", shared)
    # backoff sleeps between retries without the tap's clock.
    monkeypatch.setattr(time, "sleep", shared.sleep)
    return shared


@pytest.fixture
def account(clock: SharedClock) -> Account:
    """An empty ActiveCampaign account; add segments to it."""
    return Account(seed=1, clock=clock)


@pytest.fixture
def sandbox(account: Account, clock: SharedClock) -> Iterator[Sandbox]:
    """`account`, served over HTTP without a rate limit."""
    with Sandbox(account, clock=clock, requests_per_second=None) as served:
        yield served


@pytest.fixture
def segment(account: Account) -> Segment:
    """A saved segment of `account` with contacts 1 to 200."""
    return account.add_segment("some", range(1, 201))


@pytest.fixture
def warehouse() -> Warehouse:
    """An empty SQL target in memory."""
    return Warehouse()


@pytest.fixture
def both_vendors(clock: SharedClock) -> Iterator[Sandbox]:
    """Both vendors: a segment and a segment group, of three members each."""
    account, preferences = Account(clock=clock), Preferences(seed=1)
    account.add_segment("some", [1, 2, 3])
    preferences.add_group("Newsletter", 3)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


@pytest.fixture
def mypreferences(clock: SharedClock) -> Iterator[Sandbox]:
    """MyPreferences without segment groups."""
    with Sandbox(
        Account(clock=clock), preferences=Preferences(seed=1), clock=clock, requests_per_second=None
    ) as sandbox:
        yield sandbox


@pytest.fixture
def two_of_each(clock: SharedClock) -> Iterator[Sandbox]:
    """Both vendors: two segments and two segment groups, of three members each."""
    account, preferences = Account(clock=clock), Preferences(seed=1)
    for name in ("A", "B"):
        account.add_segment(name, [1, 2, 3])
        preferences.add_group(name, 3)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


@pytest.fixture
def real_time_sandbox() -> Iterator[Sandbox]:
    """A segment of 20 contacts, on the real clock."""
    account = Account()
    account.add_segment("some", range(1, 21))
    with Sandbox(account, requests_per_second=None) as sandbox:
        yield sandbox


@pytest.fixture(scope="session", autouse=True)
def _versions() -> Iterator[None]:
    """Cache package versions: the SDK reads them at each start, a fifth of a small sync."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("singer_sdk.plugin_base.get_package_version", cache(get_package_version))
        yield


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Restore the signal handlers that the tap replaces."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.fixture(autouse=True)
def _log_levels() -> Iterator[None]:
    """Restore the log levels that the tap sets."""
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "urllib3.connectionpool")]
    levels = [each.level for each in loggers]
    yield
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)
