"""STATE messages: few and small."""

from __future__ import annotations

import json
from concurrent.futures import Future

from tap_activecampaign_segments.logs.wait_timer import TimedClock
from tap_activecampaign_segments.sandbox import Account, Sandbox
from tap_activecampaign_segments.singer.message_writer import MessageWriter
from tap_activecampaign_segments.singer.state_writer import ThrottledStateWriter
from tests.support.clocks import ManualClock
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


def test_wait_for_another_thread_is_measured_once() -> None:
    manual = ManualClock()
    clock = TimedClock(manual)
    writer = ThrottledStateWriter(MessageWriter(), clock, clock.wait_timer, {})
    future: Future[str] = Future()

    def on_wakeup() -> None:
        if not future.done():
            manual.advance(7)
            with clock.wait_timer.waiting():
                manual.advance(5)
            future.set_result("done")

    assert writer.wait_for(future, on_wakeup) == "done"
    assert clock.wait_timer.seconds == 12
