"""HTTP client: what is sent, and how long an answer may take."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tests.support.mypreferences import oauth_config
from tests.support.servers import Trickling
from tests.support.sync import config_of, run_tap, sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


@pytest.mark.parametrize("name", [None, "our-nightly/1.0 (data@example.com)"])
def test_every_request_sends_the_user_agent(
    account: Account, clock: SharedClock, name: str | None
) -> None:
    account.add_segment("some", [1])
    preferences = Preferences(seed=1)
    preferences.add_group("Newsletter", 3)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as both:
        config = {**config_of(both), "mypreferences": oauth_config(both), "user_agent": name}
        assert run_tap(config).exit_code == 0
        said = {each.headers["user-agent"] for each in both.requests}
    expected = name or f"tap-activecampaign-segments/{version('tap-activecampaign-segments')}"
    assert said == {expected}


def test_slow_response_body_times_out(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    with Trickling() as trickling:
        before = time.monotonic()
        synced = sync(sandbox, api_url=trickling.url, request_timeout=1)
        taken = time.monotonic() - before
    assert synced.exit_code == 1
    assert "longer than 1 s" in synced.errors[0]
    assert taken < 5 * 3
