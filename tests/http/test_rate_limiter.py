"""An account that others use too: the tap slows down, loses nothing, and asks nothing in vain."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http import HTTPStatus
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_activecampaign_segments.clock import Clock
from tap_activecampaign_segments.http.client import Content, Http
from tap_activecampaign_segments.http.rate_limiter import Budget
from tap_activecampaign_segments.sandbox import Account, Sandbox, answers, gate
from tap_activecampaign_segments.sandbox import Clock as SandboxClock
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.sync import Sync, sync

if TYPE_CHECKING:
    from starlette.responses import Response

    from tap_activecampaign_segments.sandbox import Request

SEGMENTS = 60
MEMBERS = 20
CONCURRENCY = 5
GRACE = 0.004
"""Real seconds in which something may happen before the time moves on."""


class IdleClock(Clock, SandboxClock):
    """Time that moves on, to the end of the shortest wait, when nothing else goes on.

    Unlike the shared clock of the other tests, two that wait at once wait no longer than one; and
    while a request is under way the time stands still, however busy the machine is.
    """

    def __init__(self) -> None:
        self._now = 1_750_000_000.0
        self._events = 0
        self._ends: list[float] = []
        self._under_way = 0
        self._asks = threading.local()
        self._changed = threading.Condition()

    @override
    def time(self) -> float:
        self._events += 1
        return self._now

    @override
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), timezone.utc)

    @override
    def monotonic(self) -> float:
        return self.time()

    @override
    async def pause(self, seconds: float) -> None:
        # A request is under way: the time stands still.
        return

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Learn when requests begin and end."""
        take, send = Budget.take, Http._send

        def watched_take(budget: Budget) -> float:
            self._count(1)
            return take(budget)

        def watched_send(http: Http, request: Content) -> Any:
            try:
                return send(http, request)
            finally:
                self._count(-1)

        monkeypatch.setattr(Budget, "take", watched_take)
        monkeypatch.setattr(Http, "_send", watched_send)

    def _count(self, change: int) -> None:
        with self._changed:
            self._under_way += change
            self._asks.now = change > 0

    @override
    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        asks = getattr(self._asks, "now", False)
        with self._changed:
            self._under_way -= asks
            end = self._now + seconds
            self._ends.append(end)
            while self._now < end:
                before = self._events, *self._ends
                is_next = min(self._ends) == end
                self._changed.wait(GRACE if is_next else None)
                if is_next and not self._under_way and (self._events, *self._ends) == before:
                    self._now = end
            self._ends.remove(end)
            self._under_way += asks
            self._changed.notify_all()


class AheadClock(Clock):
    """Another clock, whose date is wrong."""

    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock = clock
        self._ahead = ahead

    @override
    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    @override
    def monotonic(self) -> float:
        return self._clock.monotonic()

    @override
    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> IdleClock:
    clock = IdleClock()
    clock.watch(monkeypatch)
    monkeypatch.setattr(TapActiveCampaignSegments, "clock", clock)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


@pytest.fixture
def shared(idle: IdleClock) -> Account:
    """An account with many segments, a tenth of which takes its time."""
    account = Account(seed=1, clock=idle)
    for place in range(SEGMENTS):
        account.add_segment(
            f"segment {place:02}",
            range(place, place + MEMBERS),
            evaluation_seconds=0 if place % 10 else 30,
        )
    return account


def refused(requests: list[Request]) -> list[Request]:
    return [each for each in requests if each.status == HTTPStatus.TOO_MANY_REQUESTS]


def assert_is_whole(synced: Sync, account: Account) -> None:
    """Hold every stream to the truth: each row is there once."""
    assert synced.exit_code == 0, synced.errors
    members = sorted((each.segment_id, one) for each in account.segments for one in each.members)
    for stream in ("match_all_results", "membership_changes", "memberships"):
        rows = [(row["segment_id"], row["contact_id"]) for row in synced.records(stream)]
        assert sorted(rows) == members
    ids = sorted(each.segment_id for each in account.segments)
    for stream in ("segments", "match_all_runs", "segment_definitions"):
        assert sorted(row["segment_id"] for row in synced.records(stream)) == ids


def assert_nothing_is_asked_in_vain(requests: list[Request], account: Account) -> None:
    """Hold the requests to the rule that what was answered is not asked again."""
    runs = [f"/{run.run_id}" for each in account.segments for run in each.runs]
    answered = Counter(
        f"{each.path}?{each.raw_query}"
        for each in requests
        if each.status != HTTPStatus.TOO_MANY_REQUESTS
        # A run that is not ready is looked at again.
        and not each.path.endswith(tuple(runs))
    )
    assert max(answered.values()) == 1
    assert len(runs) == SEGMENTS


def refuse(
    monkeypatch: pytest.MonkeyPatch, clock: IdleClock, places: set[int], form: str, seconds: int
) -> None:
    """Have the sandbox refuse some of the requests, by their number."""
    numbers = count()
    monkeypatch.setattr(gate.Budget, "grant", lambda *_: None if next(numbers) in places else 1)
    say_retry_after(monkeypatch, clock, form, seconds)


def say_retry_after(
    monkeypatch: pytest.MonkeyPatch, clock: IdleClock, form: str, seconds: int = 1
) -> None:
    """Have the sandbox say in one of three forms when a refused request may come again."""

    def refusal(status: HTTPStatus, detail: str, **_: Any) -> Response:
        at = clock.now() + timedelta(seconds=seconds)
        value = {"seconds": str(seconds), "date": format_datetime(at, usegmt=True)}.get(form)
        return answers.refusal(status, detail, headers={"Retry-After": value} if value else {})

    monkeypatch.setattr(gate, "refusal", refusal)


@pytest.mark.parametrize(
    ("granted", "form"), [(1, "seconds"), (2, "seconds"), (2, "date"), (3, "absent")]
)
def test_where_less_is_granted_nothing_is_lost_and_little_is_refused(
    monkeypatch: pytest.MonkeyPatch, idle: IdleClock, shared: Account, granted: int, form: str
) -> None:
    say_retry_after(monkeypatch, idle, form)
    with Sandbox(shared, clock=idle, requests_per_second=granted) as sandbox:
        synced = sync(sandbox, requests_per_second=4, max_concurrent_requests=CONCURRENCY)
        requests = sandbox.requests
    assert_is_whole(synced, shared)
    assert_nothing_is_asked_in_vain(requests, shared)
    assert 0 < len(refused(requests)) < len(requests) / 8


def test_an_integration_that_comes_and_goes_only_slows_the_sync_down(
    monkeypatch: pytest.MonkeyPatch, idle: IdleClock, shared: Account
) -> None:
    grant = gate.Budget.grant

    def what_is_left(budget: gate.Budget, now: float) -> int | None:
        budget.limit = 1 if now % 60 < 30 else 5
        return grant(budget, now)

    monkeypatch.setattr(gate.Budget, "grant", what_is_left)
    with Sandbox(shared, clock=idle) as sandbox:
        synced = sync(sandbox, requests_per_second=4, max_concurrent_requests=CONCURRENCY)
        requests = sandbox.requests
    assert_is_whole(synced, shared)
    assert_nothing_is_asked_in_vain(requests, shared)
    assert 0 < len(refused(requests)) < len(requests) / 8


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_nothing_arrives_before_the_time_that_a_429_named(
    monkeypatch: pytest.MonkeyPatch, idle: IdleClock, shared: Account, form: str
) -> None:
    # Should all three meet the same request, it waits for no more than a minute.
    seconds = 20
    refuse(monkeypatch, idle, {30, 90, 150}, form, seconds)
    with Sandbox(shared, clock=idle) as sandbox:
        synced = sync(sandbox, requests_per_second=4, max_concurrent_requests=CONCURRENCY)
        requests = sandbox.requests
    assert_is_whole(synced, shared)
    assert_nothing_is_asked_in_vain(requests, shared)
    places = [place for place, each in enumerate(requests) if each in refused(requests)]
    assert len(places) == 3
    for place in places:
        # A date has whole seconds.
        end = requests[place].at + seconds - 1
        in_flight = [each for each in requests[place + 1 :] if each.at < end]
        assert len(in_flight) < CONCURRENCY


def test_a_date_is_understood_by_the_servers_clock(
    monkeypatch: pytest.MonkeyPatch, idle: IdleClock, shared: Account
) -> None:
    refuse(monkeypatch, idle, {30}, "date", 40)
    ahead = AheadClock(idle, timedelta(minutes=5))
    monkeypatch.setattr(TapActiveCampaignSegments, "clock", ahead)
    with Sandbox(shared, clock=idle) as sandbox:
        synced = sync(sandbox, requests_per_second=4)
        requests = sandbox.requests
    assert synced.exit_code == 0
    assert max(later.at - sooner.at for sooner, later in pairwise(requests)) > 38


def test_a_single_refusal_costs_a_few_seconds() -> None:
    clock, instants = IdleClock(), []
    budget = Budget(4, clock)
    for place in range(200):
        instants.append(budget.take())
        if place == 30:
            budget.slow_down(instants[-1])
        else:
            budget.speed_up()
    assert instants[30] - instants[0] == pytest.approx(30 / 4)
    assert instants[-1] - instants[0] < 200 / 4 + 5
    assert instants[-1] - instants[-2] == pytest.approx(1 / 4)
