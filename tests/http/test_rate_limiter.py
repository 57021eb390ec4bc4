"""Rate limiter: even spacing, Retry-After, and an account that others use too."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.http.rate_limiter import RateLimiter
from tap_activecampaign_segments.sandbox import Account, Fault, Request, Sandbox, responses
from tap_activecampaign_segments.sandbox.activecampaign import rate_limit
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.activecampaign import client_of
from tests.support.clocks import AheadClock, IdleClock, SharedClock
from tests.support.sync import RUN_STREAMS, Sync, sync

if TYPE_CHECKING:
    from starlette.responses import Response


def test_requests_and_retries_are_evenly_spaced(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("some", [1])
    sandbox.faults.add(Fault("status", status=503, after=3, times=2))
    client = client_of(sandbox, clock, requests_per_second=4)
    for _ in range(8):
        client.get("audiences")
    pauses = [later.at - sooner.at for sooner, later in pairwise(sandbox.requests)]
    assert len(pauses) == 9
    assert min(pauses) > 0.2


def test_no_request_is_sent_during_retry_after(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    for place in range(30):
        account.add_segment(f"segment {place}", [place])
    sandbox.faults.add(Fault("retry_after", operation="start", value=50, after=10))
    synced = sync(sandbox, streams=RUN_STREAMS, max_concurrent_requests=3)
    assert synced.exit_code == 0
    [refused] = [request.at for request in sandbox.requests if request.status == 429]
    # Two were in flight when the answer arrived.
    meanwhile = [request for request in sandbox.requests if 0 < request.at - refused < 49]
    assert len(meanwhile) <= 2
    assert clock.time() > refused + 49


# An account that others use too.


def send_retry_after(
    monkeypatch: pytest.MonkeyPatch, clock: IdleClock, form: str, seconds: int = 1
) -> None:
    """Let the sandbox send Retry-After in one of three forms."""

    def refusal(status: HTTPStatus, detail: str, **_: Any) -> Response:
        at = clock.now() + timedelta(seconds=seconds)
        value = {"seconds": str(seconds), "date": format_datetime(at, usegmt=True)}.get(form)
        return responses.render_error(
            status, detail, headers={"Retry-After": value} if value else {}
        )

    monkeypatch.setattr(rate_limit, "render_error", refusal)


def assert_complete(synced: Sync, account: Account) -> None:
    """Check that every stream has each row once."""
    assert synced.exit_code == 0, synced.errors
    members = sorted((each.segment_id, one) for each in account.segments for one in each.members)
    for stream in ("match_all_results", "membership_changes", "memberships"):
        rows = [(row["segment_id"], row["contact_id"]) for row in synced.records(stream)]
        assert sorted(rows) == members
    ids = sorted(each.segment_id for each in account.segments)
    for stream in ("segments", "match_all_runs", "segment_definitions"):
        assert sorted(row["segment_id"] for row in synced.records(stream)) == ids


SEGMENTS = 60


def assert_no_request_is_repeated(requests: list[Request], account: Account) -> None:
    """Check that no answered request is repeated."""
    runs = [f"/{run.run_id}" for each in account.segments for run in each.runs]
    answered = Counter(
        f"{each.path}?{each.raw_query}"
        for each in requests
        if each.status != HTTPStatus.TOO_MANY_REQUESTS
        # A run that is not ready is polled.
        and not each.path.endswith(tuple(runs))
    )
    assert max(answered.values()) == 1
    assert len(runs) == SEGMENTS


CONCURRENCY = 5


def refused(requests: list[Request]) -> list[Request]:
    return [each for each in requests if each.status == HTTPStatus.TOO_MANY_REQUESTS]


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> IdleClock:
    clock = IdleClock()
    clock.watch(monkeypatch)
    monkeypatch.setattr(TapActiveCampaignSegments, "clock", clock)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


MEMBERS = 20


@pytest.fixture
def shared(idle: IdleClock) -> Account:
    """An account with many segments, a tenth of which is slow."""
    account = Account(seed=1, clock=idle)
    for place in range(SEGMENTS):
        account.add_segment(
            f"segment {place:02}",
            range(place, place + MEMBERS),
            evaluation_seconds=0 if place % 10 else 30,
        )
    return account


@pytest.mark.parametrize(
    ("granted", "form"), [(1, "seconds"), (2, "seconds"), (2, "date"), (3, "absent")]
)
def test_lower_limit_loses_no_row_and_causes_few_429s(
    monkeypatch: pytest.MonkeyPatch, idle: IdleClock, shared: Account, granted: int, form: str
) -> None:
    send_retry_after(monkeypatch, idle, form)
    with Sandbox(shared, clock=idle, requests_per_second=granted) as sandbox:
        synced = sync(sandbox, requests_per_second=4, max_concurrent_requests=CONCURRENCY)
        requests = sandbox.requests
    assert_complete(synced, shared)
    assert_no_request_is_repeated(requests, shared)
    assert 0 < len(refused(requests)) < len(requests) / 8


def test_varying_load_of_others_only_slows_the_sync_down(
    monkeypatch: pytest.MonkeyPatch, idle: IdleClock, shared: Account
) -> None:
    grant = rate_limit.RateLimiter.grant

    def what_is_left(budget: rate_limit.RateLimiter, now: float) -> int | None:
        budget.limit = 1 if now % 60 < 30 else 5
        return grant(budget, now)

    monkeypatch.setattr(rate_limit.RateLimiter, "grant", what_is_left)
    with Sandbox(shared, clock=idle) as sandbox:
        synced = sync(sandbox, requests_per_second=4, max_concurrent_requests=CONCURRENCY)
        requests = sandbox.requests
    assert_complete(synced, shared)
    assert_no_request_is_repeated(requests, shared)
    assert 0 < len(refused(requests)) < len(requests) / 8


def refuse(
    monkeypatch: pytest.MonkeyPatch, clock: IdleClock, places: set[int], form: str, seconds: int
) -> None:
    """Let the sandbox refuse requests by their number."""
    numbers = count()
    monkeypatch.setattr(
        rate_limit.RateLimiter, "grant", lambda *_: None if next(numbers) in places else 1
    )
    send_retry_after(monkeypatch, clock, form, seconds)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_no_request_arrives_before_retry_after_has_passed(
    monkeypatch: pytest.MonkeyPatch, idle: IdleClock, shared: Account, form: str
) -> None:
    # If all three hit the same request, it waits for a minute at most.
    seconds = 20
    refuse(monkeypatch, idle, {30, 90, 150}, form, seconds)
    with Sandbox(shared, clock=idle) as sandbox:
        synced = sync(sandbox, requests_per_second=4, max_concurrent_requests=CONCURRENCY)
        requests = sandbox.requests
    assert_complete(synced, shared)
    assert_no_request_is_repeated(requests, shared)
    places = [place for place, each in enumerate(requests) if each in refused(requests)]
    assert len(places) == 3
    for place in places:
        # A date has whole seconds.
        end = requests[place].at + seconds - 1
        in_flight = [each for each in requests[place + 1 :] if each.at < end]
        assert len(in_flight) < CONCURRENCY


def test_retry_after_date_is_read_by_the_servers_clock(
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


def test_single_429_costs_a_few_seconds() -> None:
    clock, instants = IdleClock(), []
    limiter = RateLimiter(4, clock)
    for place in range(200):
        instants.append(limiter.acquire())
        if place == 30:
            limiter.decrease_rate(instants[-1])
        else:
            limiter.increase_rate()
    assert instants[30] - instants[0] == pytest.approx(30 / 4)
    assert instants[-1] - instants[0] < 200 / 4 + 5
    assert instants[-1] - instants[-2] == pytest.approx(1 / 4)
