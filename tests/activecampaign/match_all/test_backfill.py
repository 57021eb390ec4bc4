"""Backfill: what ActiveCampaign evaluated by itself gives joined and left of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support.clocks import DAY
from tests.support.nightly import changes, nightly_sync, run_state
from tests.support.recorded import (
    members_at,
    members_on,
    origins,
    record_days,
    requested_runs,
    run_ids,
)
from tests.support.sync import CHANGE_STREAMS, RUN_STREAMS, config_of, run_tap, sync
from tests.support.warehouse import FULL, INCOMPLETE, LOG, STALE, TABLE

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.clocks import SharedClock
    from tests.support.warehouse import Warehouse


def assert_true(warehouse: Warehouse, segment: Segment) -> None:
    """Check that log and table have the present members."""
    truth = {segment.segment_id: {*segment.members}}
    assert warehouse.members(LOG) == truth
    assert warehouse.members(TABLE) == truth
    assert warehouse.query(STALE) == []


class TestFirstSync:
    def test_ten_recorded_days_give_eleven_runs(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 10)
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert run_ids(synced) == [*(run.run_id for run in runs), segment.runs[-1].run_id]
        assert origins(synced) == ["activecampaign"] * 10 + ["tap"]
        rows = synced.records("match_all_runs")
        assert [row["run_number"] for row in rows] == [*range(1, 12)]
        assert [row["is_baseline"] for row in rows] == [True] + [False] * 10
        assert [row["sort"] for row in rows] == [None] * 10 + ["id"]
        for day, run in enumerate(runs, start=1):
            assert members_at(warehouse, run.ended + 60) == {*members_on(day)}
        assert_true(warehouse, segment)
        assert requested_runs(sandbox) == {run.run_id: 1 for run in runs}
        assert "recorded runs read 10" in synced.log

    def test_without_the_setting_nothing_recorded_is_read(
        self, account: Account, sandbox: Sandbox, segment: Segment
    ) -> None:
        record_days(account, segment, 10)
        assert origins(sync(sandbox)) == ["tap"]
        assert requested_runs(sandbox) == {}

    def test_the_last_run_of_each_utc_day_counts(
        self, account: Account, sandbox: Sandbox, segment: Segment
    ) -> None:
        midnight = account.clock.time() // DAY * DAY
        early, late, next_day = (
            segment.record_run(midnight - 2 * DAY + seconds, range(size))
            for seconds, size in ((60, 20), (DAY - 1, 21), (DAY + 1, 22))
        )
        found = run_ids(sync(sandbox, backfill_days=5))
        assert found[:2] == [late.run_id, next_day.run_id]
        assert early.run_id not in found

    @pytest.mark.parametrize(
        "settings", [{"backfill_days": 3}, {"backfill_days": 90, "start_date": "DAYS"}]
    )
    def test_older_runs_are_not_read(
        self, account: Account, sandbox: Sandbox, segment: Segment, settings: dict[str, Any]
    ) -> None:
        runs = record_days(account, segment, 10)
        if "start_date" in settings:
            settings = {**settings, "start_date": account.timestamps.format(runs[7].started)}
        found = run_ids(sync(sandbox, **settings))
        expected = [run.run_id for run in runs if run.started >= runs[7].started]
        assert found[:-1] == [each for each in expected if each in found]
        assert 2 <= len(found) - 1 <= 3

    def test_a_connection_test_reads_none(
        self, account: Account, sandbox: Sandbox, segment: Segment
    ) -> None:
        record_days(account, segment, 3)
        assert run_tap(config_of(sandbox, backfill_days=90), "--test").exit_code == 0
        assert requested_runs(sandbox) == {}

    def test_pages_of_the_history_are_shared_with_count_history(
        self, account: Account, sandbox: Sandbox, segment: Segment
    ) -> None:
        record_days(account, segment, 60)
        # The count of the tap's own run may come before the history is read, or after.
        account.records_runs = False
        streams = {*CHANGE_STREAMS, "count_history"}
        synced = sync(sandbox, streams=streams, backfill_days=90)
        assert len(synced.records("count_history")) == 60
        assert len(synced.records("match_all_runs")) == 61
        history = [request for request in sandbox.requests if "count-history" in request.path]
        alone = [request.path for request in history]
        assert len(alone) == len(set(alone))

    def test_the_full_result_is_that_of_the_taps_own_run(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        record_days(account, segment, 3)
        synced = nightly_sync(sandbox, warehouse, streams=RUN_STREAMS, backfill_days=9)
        own = segment.runs[-1].run_id
        assert {row["run_id"] for row in synced.records("match_all_results")} == {own}
        assert warehouse.members(FULL) == {segment.segment_id: {*segment.members}}
        assert warehouse.query(INCOMPLETE) == []


class TestSkippedRuns:
    """What cannot be proved is left out and counted, never guessed."""

    def test_a_gone_result(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 10)
        for run in (runs[0], runs[4], runs[9]):
            run.expires_at = run.started
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        kept = [run for number, run in enumerate(runs) if number not in {0, 4, 9}]
        assert run_ids(synced)[:-1] == [run.run_id for run in kept]
        assert "recorded runs gone 3, recorded runs read 7" in synced.log
        assert members_at(warehouse, runs[4].ended + 60) == {*members_on(4)}
        assert_true(warehouse, segment)

    def test_a_short_result(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 5)
        runs[2].members = runs[2].members[:-1]
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert runs[2].run_id not in run_ids(synced)
        assert "recorded runs incomplete 1" in synced.log
        assert_true(warehouse, segment)

    @pytest.mark.parametrize("records", [True, False])
    def test_a_result_that_was_evaluated_anew(
        self,
        account: Account,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        *,
        records: bool,
    ) -> None:
        runs = record_days(account, segment, 5)
        account.records_runs = records
        # As many contacts as were counted then, but others.
        segment.members = range(1000, 1000 + len(runs[2].members))
        account.restart(segment, runs[2], "email")
        segment.members = members_on(6)
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert runs[2].run_id not in run_ids(synced)
        assert len(run_ids(synced)) == 5
        assert_true(warehouse, segment)

    @pytest.mark.parametrize("kind", ["missing_row", "duplicate", "text_id", "total_changes"])
    def test_a_corrupt_page(
        self,
        account: Account,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        kind: str,
    ) -> None:
        record_days(account, segment, 5)
        # The newest one is read first.
        sandbox.faults.add(Fault(kind, "read", times=1, after=1))
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert len(run_ids(synced)) == 5
        assert "recorded runs incomplete 1" in synced.log
        assert_true(warehouse, segment)

    def test_a_mass_departure_is_left_out_with_a_warning(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 3)
        at = runs[1].started + 3600
        broken = segment.record_run(at, range(1, 40))
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert broken.run_id not in run_ids(synced)
        [line] = synced.warnings
        assert f"recorded run {broken.run_id} is left out: 6" in line
        assert "recorded runs implausible 1" in synced.log
        assert_true(warehouse, segment)

    def test_a_run_that_overlaps_the_one_before(
        self,
        account: Account,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        clock: SharedClock,
    ) -> None:
        nightly_sync(sandbox, warehouse, backfill_days=30)
        began = account.clock.time()
        clock.advance(60)
        # It began before the tap's run, and ended after it.
        overlapping = segment.record_run(began - 60, [1], seconds=90)
        clock.advance(2 * DAY)
        later = segment.record_run(account.clock.time() - 60, range(1, 201))
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert run_ids(synced)[0] == later.run_id
        assert overlapping.run_id not in run_ids(synced)
        assert "recorded runs out of order 1" in synced.log

    def test_a_large_result_that_is_short_is_not_read_to_the_end(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 3)
        runs[1].deleted.add(members_on(2)[0])
        synced = nightly_sync(sandbox, warehouse, backfill_days=30, page_size=5)
        assert runs[1].run_id not in run_ids(synced)
        assert requested_runs(sandbox)[runs[1].run_id] <= 8
        assert_true(warehouse, segment)

    def test_few_requests_are_in_vain(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 89)
        for run in runs[:70]:
            run.expires_at = run.started
        synced = nightly_sync(sandbox, warehouse, backfill_days=90)
        assert run_ids(synced)[:-1] == [run.run_id for run in runs[70:]]
        assert max(requested_runs(sandbox).values()) == 1
        assert len(requested_runs(sandbox)) <= 19 + 10
        assert_true(warehouse, segment)

    def test_nothing_is_read_on_and_on_in_vain(
        self, account: Account, sandbox: Sandbox, segment: Segment
    ) -> None:
        for run in record_days(account, segment, 80):
            run.expires_at = run.started
        synced = sync(sandbox, streams=CHANGE_STREAMS, backfill_days=90)
        assert origins(synced) == ["tap"]
        assert len(requested_runs(sandbox)) <= 10


class TestBetweenTheNights:
    def test_missed_nights_are_filled(
        self,
        account: Account,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        clock: SharedClock,
    ) -> None:
        segment.members = members_on(0)
        nightly_sync(sandbox, warehouse, backfill_days=30)
        clock.advance(6 * DAY)
        runs = record_days(account, segment, 4)
        sandbox.clear_requests()
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert run_ids(synced)[:-1] == [run.run_id for run in runs]
        assert [row["run_number"] for row in synced.records("match_all_runs")] == [2, 3, 4, 5, 6]
        for day, run in enumerate(runs, start=1):
            assert members_at(warehouse, run.ended + 60) == {*members_on(day)}
        assert_true(warehouse, segment)

    def test_nothing_new_costs_no_request(
        self, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
    ) -> None:
        nightly_sync(sandbox, warehouse, backfill_days=30)
        clock.advance(DAY)
        sandbox.clear_requests()
        nightly_sync(sandbox, warehouse, backfill_days=30)
        assert segment.members
        assert not [request for request in sandbox.requests if "count-history" in request.path]

    def test_rebaseline_begins_with_the_oldest_recorded_run_since(
        self,
        account: Account,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        clock: SharedClock,
    ) -> None:
        segment.members = members_on(0)
        nightly_sync(sandbox, warehouse, backfill_days=30)
        clock.advance(4 * DAY)
        runs = record_days(account, segment, 2)
        synced = nightly_sync(sandbox, warehouse, backfill_days=30, rebaseline=["some"])
        rows = synced.records("match_all_runs")
        assert [row["is_baseline"] for row in rows] == [True, False, False]
        assert rows[0]["run_id"] == runs[0].run_id
        assert_true(warehouse, segment)


class TestOtherEyes:
    """A recorded run may show contacts that the token's user does not see."""

    def test_nothing_recorded_is_emitted(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        account.filters_when_made = True
        record_days(account, segment, 5)
        token = account.add_token("7", hides=lambda contact: contact % 2 == 0)
        synced = nightly_sync(sandbox, warehouse, api_token=token, backfill_days=30)
        assert origins(synced) == ["tap"]
        assert changes(synced)["left"] == set()
        [line] = synced.warnings
        assert "recorded runs are left out" in line
        assert "Admin" in line
        matches = [request for request in sandbox.requests if "/segmentMatch/" in request.path]
        assert len(matches) == 5

    def test_contacts_that_left_are_visible(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        record_days(account, segment, 5)
        segment.members = range(50, 112)
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert len(origins(synced)) == 6
        assert synced.warnings == []
        matches = [request for request in sandbox.requests if "/segmentMatch/" in request.path]
        assert len(matches) == 5
        assert run_state(synced.state)["view"]


class TestFailures:
    """What was compared is emitted, and the next sync goes on from there."""

    def test_a_gateway_that_does_not_know_the_endpoint(
        self, account: Account, sandbox: Sandbox, segment: Segment
    ) -> None:
        record_days(account, segment, 5)
        sandbox.faults.add(Fault("gateway_404", "read", times=None))
        synced = sync(sandbox, streams=CHANGE_STREAMS, backfill_days=30)
        assert (synced.exit_code, origins(synced)) == (0, ["tap"])
        assert "recorded runs gone 2" in synced.log

    def test_an_api_that_does_not_answer_fails_the_segment(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 8)
        # The newest run is read first, then three at a time.
        sandbox.faults.add(Fault("status", "read", status=503, times=None, after=5))
        broken = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert broken.exit_code == 1
        emitted = run_ids(broken)
        assert emitted == [run.run_id for run in runs[: len(emitted)]]
        assert emitted
        sandbox.faults.clear()
        sandbox.clear_requests()
        assert nightly_sync(sandbox, warehouse, backfill_days=30).exit_code == 0
        assert not {*requested_runs(sandbox)} & {*emitted[:-1]}
        for day, run in enumerate(runs, start=1):
            assert members_at(warehouse, run.ended + 60) == {*members_on(day)}
        assert_true(warehouse, segment)

    def test_the_syncs_own_run_fails(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        runs = record_days(account, segment, 3)
        segment.members = range(90, 106)
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert synced.exit_code == 1
        assert run_ids(synced) == [run.run_id for run in runs]
        assert members_at(warehouse, runs[-1].ended + 60) == {*members_on(3)}
        segment.members = members_on(4)
        assert nightly_sync(sandbox, warehouse, backfill_days=30).exit_code == 0
        assert_true(warehouse, segment)

    def test_a_long_backfill_is_emitted_in_parts(
        self,
        account: Account,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        clock: SharedClock,
    ) -> None:
        runs = record_days(account, segment, 12)
        for number in range(1, 12):
            slow = Fault("slow", "read", times=1, after=number, seconds=100.0)
            sandbox.faults.add(slow)
        synced = nightly_sync(sandbox, warehouse, backfill_days=30)
        assert run_ids(synced)[:-1] == [run.run_id for run in runs]
        begun = {
            len(run_state(state).get("recorded", ()))
            for state in synced.states
            if "match_all_runs" in state["bookmarks"]
        }
        assert 0 < max(begun) < 12
        assert_true(warehouse, segment)
        assert clock.time()
