"""Backfill: kills anywhere in the output of recorded runs leave the log true for every day."""

from __future__ import annotations

import random
import signal
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_activecampaign_segments.sandbox import Fault
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.clocks import DAY, SharedClock
from tests.support.processes import running_tap
from tests.support.sync import RUN_STREAMS, Sync, sync
from tests.support.warehouse import EXACT, FULL, IDLE, LOG, PAST, STALE, TABLE, Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox

DAYS = 10
GONE = {0, 5}
SHORT = {4}
EVALUATED_ANEW = {2: True, 6: False}
"""Days whose run was evaluated again, and whether that was recorded as well."""
SKIPPED = GONE | SHORT | {*EVALUATED_ANEW}
KILLS = (1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3)
"""Syncs that are killed one after the other, in each case."""


class BusyClock(SharedClock):
    """A clock on which each look at the time takes a while, so that many STATEs are due."""

    @override
    def monotonic(self) -> float:
        self.advance(3)
        return super().monotonic()


def members_on(day: int, size: int = 40) -> list[int]:
    """Return contacts of whom some leave each day, and some of those join again."""
    always = range(1, size // 2)
    return [
        *always,
        *sorted(random.Random(day).sample(range(size, 2 * size), size // 2 + day % 10)),
    ]


class RecordedDays:
    """A segment whose evaluations of ten days were recorded, some of them not usable."""

    def __init__(self, sandbox: Sandbox, clock: SharedClock, size: int = 40) -> None:
        account = sandbox.account
        self.sandbox = sandbox
        self.clock = clock
        self.size = size
        # Few pages, since those of a short result are requests in vain.
        self.settings: dict[str, Any] = {"backfill_days": 30, "page_size": size // 2}
        self.segment = account.add_segment("some", ())
        self.noons = [(clock.time() // DAY - DAYS + day - 0.5) * DAY for day in range(DAYS)]
        self.runs = [
            self.segment.record_run(noon, members_on(day, size), seconds=5, is_kept=day not in GONE)
            for day, noon in enumerate(self.noons)
        ]
        for day in SHORT:
            self.runs[day].deleted.add(1)
        for day, account.records_runs in EVALUATED_ANEW.items():
            # As many contacts as were recorded, but not those.
            self.segment.members = range(1, len(self.runs[day].members) + 1)
            account.restart(self.segment, self.runs[day], "email")
            account.settle()
        account.records_runs = True
        # A sync that finds later runs of this day would not read this one.
        self.segment.record_run(clock.time() - 60, members_on(DAYS, size))
        self.segment.members = members_on(DAYS + 1, size)

    def sync(self, warehouse: Warehouse) -> Sync:
        return sync(self.sandbox, streams=RUN_STREAMS, state=warehouse.state, **self.settings)

    def sync_to_the_end(self, warehouse: Warehouse) -> None:
        synced = self.sync(warehouse)
        assert synced.exit_code == 0
        warehouse.load(synced.messages)

    def pass_time(self, seconds: float) -> None:
        """Let time pass; shortly before its end an evaluation is recorded."""
        self.clock.advance(seconds)
        self.segment.members = members_on(DAYS + len(self.segment.runs), self.size)
        self.segment.record_run(self.clock.time() - 600, self.segment.members)

    def check(self, warehouse: Warehouse) -> None:
        """Check each run and each day against what was true."""
        rows = sorted(warehouse.rows("match_all_runs"), key=lambda row: str(row["run_id_start"]))
        followed = {row["previous_run_id"] for row in rows}
        # A run without changes needs no successor: a kill may lose its commit.
        chain = [
            row
            for row in rows
            if row is rows[-1]
            or row["run_id"] in followed
            or row["joined_count"]
            or row["left_count"]
        ]
        run_ids = [row["run_id"] for row in chain]
        assert [row["previous_run_id"] for row in chain] == [None, *run_ids[:-1]]
        assert [row["run_number"] for row in chain] == list(range(1, len(chain) + 1))
        usable = [run.run_id for day, run in enumerate(self.runs) if day not in SKIPPED]
        assert run_ids[: len(usable)] == usable
        assert not {self.runs[day].run_id for day in SKIPPED} & {*(row["run_id"] for row in rows)}
        for at, expected in self._find_past(rows):
            assert warehouse.members(PAST, at=at) == expected, at
        truth = {self.segment.segment_id: {*self.segment.members}}
        for title in (LOG, TABLE, FULL):
            assert warehouse.members(title) == truth, title
        for title in (STALE, EXACT, IDLE):
            assert warehouse.query(title) == [], title

    def _find_past(self, rows: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, set[int]]]]:
        """Yield instants and who was a member then, as far as a usable run tells."""
        segment_id = self.segment.segment_id
        expected: dict[str, set[int]] = {}
        for day, noon in enumerate(self.noons):
            if day not in SKIPPED:
                expected = {segment_id: {*self.runs[day].members}}
            yield str(datetime.fromtimestamp(noon + 3600, timezone.utc))[:19], expected
        found = {run.run_id: {*run.members} for run in self.segment.runs if run not in self.runs}
        for row in rows:
            if row["run_id"] in found:
                yield row["run_id_end"].rstrip("Z"), {segment_id: found[row["run_id"]]}


def find_cuts(synced: Sync) -> list[list[int]]:
    """Return numbers of messages, by what a kill after them loses."""
    anywhere = [*range(len(synced.messages))]
    baseline: list[int] = []
    difference: list[int] = []
    recorded: list[int] = []
    commit: list[int] = []
    runs = synced.records("match_all_runs")
    newest = [row["run_id"] for row in runs if row["origin"] == "activecampaign"][-1:]
    for number in anywhere:
        message = synced.messages[number - 1]
        if message["type"] == "RECORD" and message["stream"] == "match_all_runs":
            commit.append(number)
        elif message["type"] == "RECORD" and message["stream"] != "match_all_results":
            record = message["record"]
            is_baseline = record["run_id"] == record.get("baseline_run_id", runs[0]["run_id"])
            (baseline if is_baseline else difference).append(number)
            if record["run_id"] in newest:
                recorded.append(number)
    return [anywhere, *(each or anywhere for each in (baseline, difference, recorded, commit))]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SharedClock:
    busy = BusyClock()
    monkeypatch.setattr(TapActiveCampaignSegments, "clock", busy)
    return busy


@pytest.fixture
def days(sandbox: Sandbox, clock: SharedClock) -> RecordedDays:
    return RecordedDays(sandbox, clock)


@pytest.mark.parametrize(("seed", "kills"), [*enumerate(KILLS)])
def test_syncs_killed_anywhere_and_again_tell_every_day_in_the_end(
    days: RecordedDays, warehouse: Warehouse, seed: int, kills: int
) -> None:
    chance = random.Random(seed)
    if seed % 2:
        # Recorded runs are then emitted before others are read.
        days.sandbox.faults.add(Fault("slow", "read", seconds=50, times=None))
    for kill in range(kills):
        synced = days.sync(warehouse)
        cuts = find_cuts(synced)
        warehouse.load(synced.messages[: chance.choice(cuts[(seed + kill) % len(cuts)])])
        days.pass_time(chance.choice([3600, DAY]))
    days.sync_to_the_end(warehouse)
    days.check(warehouse)


def test_sigkill_within_recorded_runs_loses_nothing(
    sandbox: Sandbox, clock: SharedClock, warehouse: Warehouse, tmp_path: Path
) -> None:
    # The output has to be longer than what a pipe holds.
    days = RecordedDays(sandbox, clock, size=400)
    for lines in (400, 1400):
        with running_tap(
            sandbox, tmp_path, state=warehouse.state, streams=RUN_STREAMS, **days.settings
        ) as tap:
            tap.read_lines(lines)
            tap.signal(signal.SIGKILL)
            killed = tap.finish()
        assert killed.exit_code == -signal.SIGKILL
        warehouse.load(killed.messages)
    days.sync_to_the_end(warehouse)
    days.check(warehouse)
