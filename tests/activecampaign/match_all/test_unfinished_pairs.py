"""Crashes: whatever ends a sync, the next one loses nothing and says nothing false."""

from __future__ import annotations

import fcntl
import random
import signal
import struct
import termios
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.processes import PATIENT_TAP, running
from tests.support.sync import RUN_STREAMS, SharedClock, sync
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Segment

LOG = "current members from the log"
TABLE = "current members from memberships"
CHANGES = {"match_all_runs", "membership_changes", "memberships"}


@pytest.fixture
def segment(account: Account) -> Segment:
    return account.add_segment("some", range(1, 201))


def entry(state: dict[str, Any]) -> dict[str, Any]:
    [partition] = state["bookmarks"]["match_all_runs"]["partitions"]
    found: dict[str, Any] = partition["match_all"]
    return found


def cut_in_the_difference(messages: list[dict[str, Any]], rows: int) -> list[dict[str, Any]]:
    """Return the messages that came before the tap was killed, some rows into a difference."""
    places = [
        place
        for place, message in enumerate(messages)
        if message.get("stream") == "membership_changes" and message["type"] == "RECORD"
    ]
    return messages[: places[rows]]


# A difference that was cut short.


@pytest.fixture
def lost_night(sandbox: Sandbox, segment: Segment, clock: SharedClock) -> Warehouse:
    """A target after three nights; the third died three rows into its difference."""
    house = Warehouse()
    house.load(sync(sandbox, streams=CHANGES).messages)
    clock.advance(3600)
    segment.members = [*range(6, 201), 300]
    house.load(sync(sandbox, streams=CHANGES, state=house.state).messages)
    clock.advance(3600)
    # Contact 10 leaves in the night that is lost, and comes back after it.
    segment.members = [each for each in segment.members if each not in {10, 11, 12}] + [301, 302]
    third = sync(sandbox, streams=CHANGES, state=house.state)
    house.load(cut_in_the_difference(third.messages, 3))
    segment.members = [*segment.members, 10, 400]
    clock.advance(60)
    return house


@pytest.mark.parametrize(
    "settings", [{}, {"resume_within": 1}, {"sort": "email"}, {"max_left_share": 0.0}]
)
def test_a_difference_cut_short_is_finished_first(
    sandbox: Sandbox, segment: Segment, lost_night: Warehouse, settings: dict[str, Any]
) -> None:
    assert lost_night.state
    pair = entry(lost_night.state)["pair"]["run_id"]
    fourth = sync(sandbox, streams=CHANGES, state=lost_night.state, **settings)
    assert fourth.exit_code == 0
    lost_night.load(fourth.messages)
    rows = fourth.records("match_all_runs")
    assert rows[0]["run_id"] == pair
    assert len(rows) == (2 if settings == {"resume_within": 1} else 1)
    assert not any(row["is_baseline"] for row in rows)
    truth = {*segment.runs[-1].members}
    assert lost_night.members(LOG) == {segment.segment_id: truth}
    assert lost_night.members(TABLE) == {segment.segment_id: truth}
    assert lost_night.ask("stale rows in memberships") == []


def test_the_state_of_two_syncs_ago_falsifies_no_member_of_the_log(
    account: Account, sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    house = Warehouse()
    house.load(sync(sandbox, streams=CHANGES).messages)
    old = house.state
    for members in ([*range(11, 201), 600], [*range(1, 181), 600]):
        clock.advance(3600)
        segment.members = members
        house.load(sync(sandbox, streams=CHANGES, state=house.state).messages)
    clock.advance(3600)
    segment.members = [*range(11, 181), 500]
    house.load(sync(sandbox, streams=CHANGES, state=old).messages)
    truth = {segment.segment_id: {*segment.members}}
    assert house.members(LOG) == truth
    # The table cannot know; the README's query finds it, and rebaseline heals it.
    assert house.members(TABLE) != truth
    assert house.ask("stale rows in memberships") != []
    clock.advance(3600)
    house.load(sync(sandbox, streams=CHANGES, state=house.state, rebaseline=["some"]).messages)
    assert house.members(TABLE) == house.members(LOG) == truth
    assert house.ask("stale rows in memberships") == []
    assert account.segments


def test_a_pair_whose_results_are_gone_is_followed_by_a_baseline(
    account: Account, sandbox: Sandbox, segment: Segment, lost_night: Warehouse
) -> None:
    account.expire_runs()
    fourth = sync(sandbox, streams=CHANGES, state=lost_night.state)
    lost_night.load(fourth.messages)
    [row] = fourth.records("match_all_runs")
    assert row["is_baseline"] is True
    assert any("a baseline follows" in line for line in fourth.warnings)
    truth = {segment.segment_id: {*segment.members}}
    assert lost_night.members(LOG) == lost_night.members(TABLE) == truth


def test_a_member_list_of_the_past_is_what_it_was(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    house = Warehouse()
    past: list[tuple[str, set[int]]] = []
    for members in (range(1, 50), range(20, 60), range(10, 55)):
        segment.members = members
        house.load(sync(sandbox, streams=CHANGES, state=house.state, max_left_share=1).messages)
        clock.advance(1800)
        past.append((str(clock.now().replace(tzinfo=None)), set(members)))
        clock.advance(1800)
    for at, members_then in past:
        assert house.members("members at a past date", at=at) == {segment.segment_id: members_then}


# A run that goes on without the tap.


def test_a_run_in_progress_is_in_the_state_before_the_first_wait(
    sandbox: Sandbox, segment: Segment, tmp_path: Path
) -> None:
    segment.evaluation_seconds = 5000
    with running(sandbox, tmp_path, streams=RUN_STREAMS, command=PATIENT_TAP) as tap:
        tap.read_until(b'"running"')
        assert sum("/segmentMatchAll/" in request.path for request in sandbox.requests) == 1
        tap.signal(signal.SIGKILL)
        killed = tap.finish()
    assert entry(killed.state)["running"]["run_id"] == segment.runs[0].run_id


@pytest.fixture
def interrupted(sandbox: Sandbox, segment: Segment, clock: SharedClock) -> dict[str, Any]:
    """The state of a sync that gave up waiting, its run done since."""
    segment.evaluation_seconds = 600
    synced = sync(sandbox, streams=CHANGES, run_timeout=30)
    segment.evaluation_seconds = 0
    clock.advance(900)
    sandbox.clear_requests()
    return synced.state


def test_an_unfinished_run_is_taken_up_again(
    sandbox: Sandbox, segment: Segment, interrupted: dict[str, Any]
) -> None:
    synced = sync(sandbox, streams=CHANGES, state=interrupted)
    assert synced.exit_code == 0
    assert len(segment.runs) == 1
    assert synced.records("match_all_runs")[0]["run_id"] == segment.runs[0].run_id
    assert "running" not in entry(synced.state)


def test_an_unfinished_run_that_goes_on_is_waited_for(sandbox: Sandbox, segment: Segment) -> None:
    segment.evaluation_seconds = 600
    first = sync(sandbox, streams=CHANGES, run_timeout=30)
    second = sync(sandbox, streams=CHANGES, state=first.state)
    assert second.exit_code == 0
    assert [row["run_id"] for row in second.records("match_all_runs")] == [segment.runs[0].run_id]
    assert len(segment.runs) == 1


def test_an_unfinished_run_of_a_later_night_is_taken_up_again(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    first = sync(sandbox, streams=CHANGES)
    clock.advance(60)
    segment.evaluation_seconds = 600
    second = sync(sandbox, streams=CHANGES, state=first.state, run_timeout=30)
    clock.advance(900)
    third = sync(sandbox, streams=CHANGES, state=second.state)
    assert [row["run_id"] for row in third.records("match_all_runs")] == [segment.runs[1].run_id]
    assert len(segment.runs) == 2


@pytest.mark.parametrize("settings", [{"sort": "email"}, {"resume_within": 60}])
def test_an_unfinished_run_of_another_sort_or_too_old_is_left_alone(
    sandbox: Sandbox, segment: Segment, interrupted: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert sync(sandbox, streams=CHANGES, state=interrupted, **settings).exit_code == 0
    assert len(segment.runs) == 2


@pytest.mark.parametrize("end", ["expired", "failed"])
def test_an_unfinished_run_that_came_to_nothing_is_started_anew(
    account: Account, sandbox: Sandbox, segment: Segment, interrupted: dict[str, Any], end: str
) -> None:
    if end == "expired":
        account.expire_runs()
    else:
        segment.runs[0].fails = True
    assert sync(sandbox, streams=CHANGES, state=interrupted).exit_code == 0
    assert len(segment.runs) == 2


# Runs that were evaluated again under their id, and runs that others overtook.


@pytest.fixture
def half_a_difference(sandbox: Sandbox, segment: Segment, clock: SharedClock) -> Warehouse:
    """A target of which the second night died in its difference, after a slow run."""
    house = Warehouse().load(sync(sandbox, streams=RUN_STREAMS).messages)
    clock.advance(3600)
    segment.evaluation_seconds = 30
    segment.members = [*range(6, 201), 300, 301, 302]
    second = sync(sandbox, streams=RUN_STREAMS, state=house.state)
    house.load(cut_in_the_difference(second.messages, 2))
    segment.evaluation_seconds = 0
    clock.advance(60)
    return house


@pytest.mark.parametrize("settings", [{}, {"rebaseline": ["some"]}])
def test_a_run_that_was_evaluated_again_is_not_taken_up(
    account: Account,
    sandbox: Sandbox,
    segment: Segment,
    half_a_difference: Warehouse,
    clock: SharedClock,
    settings: dict[str, Any],
) -> None:
    house = half_a_difference
    segment.members = range(20, 150)
    account.restart(segment, segment.runs[1], "id")
    clock.advance(60)
    last = sync(sandbox, streams=RUN_STREAMS, state=house.state, max_left_share=1, **settings)
    assert last.exit_code == 0
    house.load(last.messages)
    truth = {segment.segment_id: {*segment.members}}
    assert house.members(LOG) == house.members(TABLE) == truth
    assert last.records("match_all_runs")[-1]["run_id"] != segment.runs[1].run_id


def test_a_baseline_whose_run_was_evaluated_again_begins_anew(
    account: Account, sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    segment.evaluation_seconds = 30
    first = sync(sandbox, streams=CHANGES)
    house = Warehouse().load(cut_in_the_difference(first.messages, 150))
    segment.evaluation_seconds = 0
    segment.members = range(100, 300)
    account.restart(segment, segment.runs[0], "id")
    clock.advance(60)
    second = sync(sandbox, streams=CHANGES, state=house.state)
    house.load(second.messages)
    assert house.members(LOG) == {segment.segment_id: set(range(100, 300))}


@pytest.mark.parametrize("fails", [False, True], ids=["then well", "then failing"])
def test_an_older_run_does_not_overwrite_a_newer_full_result(
    sandbox: Sandbox,
    segment: Segment,
    half_a_difference: Warehouse,
    clock: SharedClock,
    *,
    fails: bool,
) -> None:
    house = half_a_difference
    segment.members = range(10, 207)
    streams = {"match_all_runs", "match_all_results"}
    house.load(sync(sandbox, streams=streams, state=house.state).messages)
    clock.advance(60)
    if fails:
        sandbox.faults.add(Fault("run_fails", times=None))
    last = sync(sandbox, streams=RUN_STREAMS, state=house.state)
    assert last.exit_code == fails
    house.load(last.messages)
    truth = {segment.segment_id: set(range(10, 207))}
    assert house.members("current members from the full result") == truth
    if not fails:
        assert house.members(LOG) == house.members(TABLE) == truth


def test_an_outage_does_not_forget_the_run_in_progress(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    segment.evaluation_seconds = 600
    sandbox.faults.add(Fault("status", operation="read", status=503, times=5))
    first = sync(sandbox, streams=CHANGES)
    assert first.exit_code == 1
    clock.advance(1000)
    assert sync(sandbox, streams=CHANGES, state=first.state).exit_code == 0
    assert len(segment.runs) == 1


# Signals.


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("where", ["run", "retry-after", "emission"])
def test_a_signal_ends_it_in_time_with_whole_lines_and_a_true_state(
    account: Account,
    sandbox: Sandbox,
    tmp_path: Path,
    number: int,
    exit_code: int,
    where: str,
) -> None:
    segment = account.add_segment("some", range(1, 200_001))
    if where == "run":
        segment.evaluation_seconds = 5000
    if where == "retry-after":
        sandbox.faults.add(Fault("retry_after", operation="start", value=50, times=None))
    with running(sandbox, tmp_path, streams=RUN_STREAMS, command=PATIENT_TAP) as tap:
        tap.read_until(
            {"run": b'"running"', "retry-after": b'"SCHEMA"', "emission": b'"RECORD"'}[where]
        )
        while where == "retry-after" and not any(r.status == 429 for r in sandbox.requests):
            pass
        before = time.monotonic()
        tap.signal(number)
        stopped = tap.finish()
        taken = time.monotonic() - before
    assert stopped.exit_code == exit_code
    assert taken < 2
    assert not tap.was_cut
    assert stopped.messages[-1]["type"] == "STATE"
    facts = stopped.state["bookmarks"].get("match_all_runs", {}).get("partitions", [{}])[0]
    assert "predecessor" not in facts.get("match_all", {})
    assert "Traceback" not in stopped.log


@pytest.mark.skipif(not hasattr(fcntl, "F_GETPIPE_SZ"), reason="Linux tells how full a pipe is")
@pytest.mark.parametrize(
    ("lines", "lines_read"), [("short", 1), ("short", 500), ("long", 1), ("state", 500)]
)
def test_a_signal_while_the_target_reads_nothing_leaves_whole_lines(
    account: Account, sandbox: Sandbox, tmp_path: Path, lines: str, lines_read: int
) -> None:
    settings: dict[str, Any] = {}
    if lines == "short":
        account.add_segment("some", range(1, 50_001))
        streams = RUN_STREAMS
    elif lines == "long":
        streams = {"segments", "segment_definitions"}
        for place in range(200):
            segment = account.add_segment(f"number {place}")
            segment.edit(name=f"number {place} " + "x" * (3000 + 37 * place))
        settings = {"max_concurrent_requests": 32}
    else:
        streams = {"segments", "match_all_runs", "memberships"}
        for place in range(100):
            account.add_segment(f"number {place}", range(300))
        settings = {"max_concurrent_requests": 32}
    with running(sandbox, tmp_path, streams=streams, command=PATIENT_TAP, **settings) as tap:
        tap.read_lines(lines_read)
        wait_until_it_is_stuck(tap.stdout.fileno())
        before = time.monotonic()
        tap.signal(signal.SIGTERM)
        exit_code, _ = tap.end()
        assert time.monotonic() - before < 2
        stopped = tap.finish()
    assert exit_code == 143
    assert not tap.was_cut
    assert stopped.messages


def wait_until_it_is_stuck(pipe: int) -> None:
    """Return when nothing more is written to a pipe that nobody reads."""
    unread, same = -1, 0
    while same < 10:
        before, unread = unread, *struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
        same = same + 1 if unread == before and unread > 4096 else 0
        threading.Event().wait(0.02)


def test_a_signal_during_the_listing_ends_it_with_its_own_exit_code(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    hanging = sandbox.faults.add(Fault("hang", operation="list", seconds=5))
    with running(sandbox, tmp_path, command=PATIENT_TAP) as tap:
        while not hanging.applied:
            pass
        tap.signal(signal.SIGTERM)
        stopped = tap.finish()
    assert stopped.exit_code == 143
    assert stopped.messages == []
    assert "Traceback" not in stopped.log


def test_a_signal_leaves_no_bookmark_ahead_of_rows_that_wait_in_a_batch(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    for place in range(3):
        account.add_segment(f"segment {place}", [1]).add_count(1_700_000_000.0 + place, 1)
    slow = account.segments[2]
    sandbox.faults.add(
        Fault("retry_after", "count_history", times=None, value=50, segment_id=slow.segment_id)
    )
    batches = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri()},
    }
    with running(
        sandbox,
        tmp_path,
        command=PATIENT_TAP,
        streams={"count_history"},
        batch_config=batches,
        max_concurrent_requests=1,
    ) as tap:
        while not any(request.status == 429 for request in sandbox.requests):
            pass
        tap.signal(signal.SIGTERM)
        stopped = tap.finish()
    assert stopped.exit_code == 143
    assert not [kind for kind, _ in stopped.types if kind == "BATCH"]
    assert "replication_key_value" not in str(stopped.states)


def test_a_target_that_goes_away_is_told_in_one_line(
    sandbox: Sandbox, account: Account, tmp_path: Path
) -> None:
    account.add_segment("many", range(300_000))
    with running(sandbox, tmp_path, streams=RUN_STREAMS, command=PATIENT_TAP) as tap:
        tap.read_lines(5)
        tap.stdout.close()
        exit_code, log = tap.end()
    assert exit_code == 1
    assert "Traceback" not in log
    assert sum("the target is gone" in line for line in log.splitlines()) == 1


# Kill -9, anywhere.


@pytest.fixture
def five(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    clock = SharedClock(pace=20)
    monkeypatch.setattr(TapActiveCampaignSegments, "clock", clock)
    account = Account(seed=5, clock=clock)
    for number in range(5):
        segment = account.add_segment(f"segment {number}", range(100))
        segment.add_count(1_700_000_000.0 + number, 1)
        segment.evaluation_seconds = 4.05 if number % 2 else 0
    with Sandbox(account, clock=clock, requests_per_second=None) as served:
        yield served


@pytest.mark.parametrize("moment", range(20))
def test_killed_at_any_moment_the_next_sync_makes_the_views_right(
    five: Sandbox, tmp_path: Path, moment: int
) -> None:
    account = five.account
    assert isinstance(account.clock, SharedClock)
    clock = account.clock
    house = Warehouse().load(sync(five).messages)
    clock.advance(3600)
    for segment in account.segments:
        segment.members = range(10, 130)
        segment.edit()
    with running(five, tmp_path, state=house.state) as tap:
        tap.read_lines(random.Random(moment).randrange(1, 560))
        tap.signal(signal.SIGKILL)
        house.load(tap.finish().messages)
    assert house.state
    named = {
        partition["context"]["segment_id"]
        for partition in house.state["bookmarks"]["match_all_runs"]["partitions"]
        if {"running", "pair"} & set(partition["match_all"])
    }
    before = {segment.segment_id: len(segment.runs) for segment in account.segments}
    last = sync(five, state=house.state)
    assert last.exit_code == 0
    house.load(last.messages)
    truth = {segment.segment_id: set(range(10, 130)) for segment in account.segments}
    assert house.members(LOG) == house.members(TABLE) == truth
    assert house.members("current members from the full result") == truth
    assert house.ask("stale rows in memberships") == []
    for segment in account.segments:
        started = len(segment.runs) - before[segment.segment_id]
        assert started == (0 if segment.segment_id in named else 1)
    versions = sorted(
        account.timestamps.text(version.created)
        for segment in account.segments
        for version in segment.versions
    )
    assert len(house.ask("all definitions")) == len(versions)
    recorded = [
        count.run_id
        for segment in account.segments
        for count in segment.counts
        if count.at < clock.time() - 3000
    ]
    assert {row[0] for row in house.ask("all counts")} >= set(recorded)
