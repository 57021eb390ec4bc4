"""SIGKILL at any moment: the next sync restores every view."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.clocks import SharedClock
from tests.support.processes import running_tap
from tests.support.sync import sync
from tests.support.warehouse import LOG, TABLE, Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def five_segments(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
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
def test_killed_at_any_moment_the_next_sync_restores_the_views(
    five_segments: Sandbox, tmp_path: Path, moment: int
) -> None:
    account = five_segments.account
    assert isinstance(account.clock, SharedClock)
    clock = account.clock
    warehouse = Warehouse().load(sync(five_segments).messages)
    clock.advance(3600)
    for segment in account.segments:
        segment.members = range(10, 130)
        segment.edit()
    with running_tap(five_segments, tmp_path, state=warehouse.state) as tap:
        tap.read_lines(random.Random(moment).randrange(1, 560))
        tap.signal(signal.SIGKILL)
        warehouse.load(tap.finish().messages)
    assert warehouse.state
    named = {
        partition["context"]["segment_id"]
        for partition in warehouse.state["bookmarks"]["match_all_runs"]["partitions"]
        if {"running", "pair"} & set(partition["match_all"])
    }
    before = {segment.segment_id: len(segment.runs) for segment in account.segments}
    last = sync(five_segments, state=warehouse.state)
    assert last.exit_code == 0
    warehouse.load(last.messages)
    truth = {segment.segment_id: set(range(10, 130)) for segment in account.segments}
    assert warehouse.members(LOG) == warehouse.members(TABLE) == truth
    assert warehouse.members("current members from the full result") == truth
    assert warehouse.query("stale rows in memberships") == []
    for segment in account.segments:
        started = len(segment.runs) - before[segment.segment_id]
        assert started == (0 if segment.segment_id in named else 1)
    versions = sorted(
        account.timestamps.format(version.created)
        for segment in account.segments
        for version in segment.versions
    )
    assert len(warehouse.query("all definitions")) == len(versions)
    recorded = [
        count.run_id
        for segment in account.segments
        for count in segment.counts
        if count.at < clock.time() - 3000
    ]
    assert {row[0] for row in warehouse.query("all counts")} >= set(recorded)
