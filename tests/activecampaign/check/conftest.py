"""An account that shows every fact, and the command against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.activecampaign.check.invoke import Checked, check
from tests.support.clocks import DAY, SharedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORDED = (0.5, 1.5, 8, 31, 61, 86)
"""Ages in days of the recorded runs."""


def fill(account: Account) -> None:
    """Add segments: one with a past, an empty one, and one with an external condition."""
    now = account.clock.time()
    for name, size in (("some", 60), ("nobody", 0)):
        segment = account.add_segment(
            name, range(1001, 1001 + size), created=now - 100 * DAY, evaluation_seconds=1
        )
        segment.edit(now - 95 * DAY)
        for days in RECORDED:
            # In each, some are members that are none today.
            segment.record_run(now - days * DAY, range(1001, 1001 + size + min(size, 9)), seconds=1)
    account.add_segment("outside", range(1, 20), created=now - 90 * DAY).external = True


@pytest.fixture
def account(clock: SharedClock) -> Account:
    made = Account(seed=1, clock=clock)
    fill(made)
    return made


@pytest.fixture
def sandbox(account: Account, clock: SharedClock) -> Iterator[Sandbox]:
    """`account`, served with the account's rate limit."""
    with Sandbox(account, clock=clock) as served:
        yield served


@pytest.fixture
def run_check(sandbox: Sandbox) -> Callable[..., Checked]:
    """Runs the command against `sandbox`."""
    return lambda *arguments, **settings: check(sandbox, *arguments, **settings)
