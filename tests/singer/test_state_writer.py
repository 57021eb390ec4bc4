"""STATE messages: few and small."""

from __future__ import annotations

import json

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.support.sync import sync


def test_state_messages_stay_few_and_small() -> None:
    account = Account()
    for place in range(200):
        account.add_segment(f"segment {place}", [place])
    with Sandbox(account, requests_per_second=None) as sandbox:
        first = sync(sandbox)
        second = sync(sandbox, state=first.state)
    for synced in (first, second):
        sizes = [len(json.dumps(state)) for state in synced.states]
        assert len(sizes) <= 8
        assert sum(sizes) < 8 * 200_000
