"""Runs: start, read, expiry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.client import DAY, NOW

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment, VirtualClock
    from tests.sandbox.client import SegmentsClient


class TestRun:
    def test_start_returns_the_first_page(self, api: SegmentsClient, vip: Segment) -> None:
        run = api.run(vip, "page_size=3")
        assert run["is_ready"]
        assert run["matches"] == [3, 5, 8]
        assert run["page"] == {"current_page": 1, "last_page": 2, "per_page": 3, "total": 5}
        assert api.read(run, "page_size=3&page=2")["matches"] == [13, 21]

    def test_default_page_size_is_20(self, api: SegmentsClient) -> None:
        run = api.run(api.account.add_segment("many", range(1, 100)))
        assert run["matches"] == list(range(1, 21))

    @pytest.mark.parametrize(("seconds", "ready"), [(3.9, True), (4.0, True), (4.1, False)])
    def test_start_waits_for_up_to_four_seconds(
        self, api: SegmentsClient, clock: VirtualClock, seconds: float, *, ready: bool
    ) -> None:
        run = api.run(api.account.add_segment("slow", [1], evaluation_seconds=seconds))
        assert clock.time() - NOW == pytest.approx(min(seconds, 4.0))
        assert run["is_ready"] is ready
        assert ("matches" in run) is ("page" in run) is ("run_id_end" in run) is ready

    def test_a_late_result_can_be_read_later(
        self, api: SegmentsClient, clock: VirtualClock
    ) -> None:
        run = api.run(api.account.add_segment("slow", [1], evaluation_seconds=6))
        assert not api.read(run)["is_ready"]
        clock.advance(2)
        assert api.read(run)["matches"] == [1]

    @pytest.mark.parametrize("query", ["instant", "instant="])
    def test_instant_neither_waits_nor_has_a_result(
        self, api: SegmentsClient, clock: VirtualClock, vip: Segment, query: str
    ) -> None:
        run = api.run(vip, query)
        assert not run["is_ready"]
        assert not {"matches", "page", "run_id_end"} & set(run)
        assert clock.time() == NOW
        assert api.read(run)["matches"] == [3, 5, 8, 13, 21]

    def test_another_sort_evaluates_again_under_the_same_id(
        self, api: SegmentsClient, clock: VirtualClock, vip: Segment
    ) -> None:
        run = api.run(vip, "sort=-id")
        assert run["matches"] == [21, 13, 8, 5, 3]
        vip.members = [1]
        vip.evaluation_seconds = 2
        broken = api.read(run)
        assert broken["run_id"] == run["run_id"]
        assert not broken["is_ready"]
        assert "matches" not in broken
        clock.advance(2)
        assert api.read(run)["matches"] == [1]
        assert not api.read(run, "sort=-id")["is_ready"]

    def test_default_sort_is_id(self, api: SegmentsClient, vip: Segment) -> None:
        assert api.read(api.run(vip, "sort=id"))["is_ready"]
        assert api.read(api.run(vip), "sort=id")["is_ready"]

    def test_match_some_keeps_the_sort(self, api: SegmentsClient, vip: Segment) -> None:
        run = api.run(vip, "sort=-id")
        vip.members = [1]
        assert api.read(run, verb="Some") == run
        assert api.read(run, "page_size=2&page=2", verb="Some")["matches"] == [8, 5]
        assert len(vip.runs) == 1

    def test_unknown_under_another_segment(self, api: SegmentsClient, vip: Segment) -> None:
        other = api.account.add_segment("other", [1])
        run = api.run(vip)
        assert api.status(f"segmentMatchAll/{other.segment_id}/{run['run_id']}") == 404
        assert api.status(f"segmentMatchAll/{vip.segment_id}/unknown") == 404

    def test_results_are_kept_for_90_days(
        self, api: SegmentsClient, clock: VirtualClock, vip: Segment
    ) -> None:
        run = api.run(vip)
        path = f"segmentMatchAll/{vip.segment_id}/{run['run_id']}"
        clock.advance(90 * DAY - 1)
        assert api.status(path) == 200
        clock.advance(1)
        assert api.status(path) == 404

    def test_can_expire_at_a_set_time_or_at_once(
        self, api: SegmentsClient, clock: VirtualClock, vip: Segment
    ) -> None:
        first, second = api.run(vip), api.run(vip)
        paths = [f"segmentMatchAll/{vip.segment_id}/{run['run_id']}" for run in (first, second)]
        vip.runs[0].expires_at = clock.time()
        assert [api.status(path) for path in paths] == [404, 200]
        api.account.expire_runs()
        assert [api.status(path) for path in paths] == [404, 404]

    def test_a_failed_run_has_an_end_and_no_result(self, api: SegmentsClient, vip: Segment) -> None:
        run = api.run(vip, "instant")
        vip.runs[0].fails = True
        failed = api.read(run)
        assert not failed["is_ready"]
        assert "run_id_end" in failed
        assert "matches" not in failed
        assert not vip.counts

    def test_keeps_the_members_of_its_start(self, api: SegmentsClient, vip: Segment) -> None:
        run = api.run(vip)
        vip.members = [1]
        assert api.read(run)["matches"] == [3, 5, 8, 13, 21]
        assert api.run(vip)["matches"] == [1]
        assert [run.members for run in vip.runs] == [(3, 5, 8, 13, 21), (1,)]

    def test_churn_changes_the_members(self, api: SegmentsClient) -> None:
        segment = api.account.add_segment("many", range(1, 2001), churn=0.01)
        for _ in range(3):
            api.run(segment)
        first, second, third = (set(run.members) for run in segment.runs)
        assert first == set(range(1, 2001))
        assert len(first - second) == len(second - first) == 10
        assert len(second - third) == len(third - second) == 10

    def test_is_removed_with_its_segment(self, api: SegmentsClient, vip: Segment) -> None:
        run = api.run(vip, "instant")
        api.account.remove(vip)
        assert api.status(f"segmentMatchAll/{vip.segment_id}/{run['run_id']}") == 404
        assert api.status("audiences") == 404

    @pytest.mark.parametrize(
        ("omits", "present"),
        [("keep", {"matches", "page"}), ("matches", {"page"}), ("both", set())],
    )
    def test_an_empty_result_can_omit_keys(
        self, api: SegmentsClient, omits: Any, present: set[str]
    ) -> None:
        api.account.omits_empty = omits
        run = api.run(api.account.add_segment("empty"))
        assert run["is_ready"]
        assert {"matches", "page"} & set(run) == present
        if "page" in present:
            assert run["page"]["total"] == 0

    def test_pages_after_the_last_are_empty(self, api: SegmentsClient, vip: Segment) -> None:
        run = api.run(vip, "page=2")
        assert run["matches"] == []
        assert run["page"] == {"current_page": 2, "last_page": 1, "per_page": 20, "total": 5}

    def test_five_million_members_cost_nothing(self, api: SegmentsClient) -> None:
        members = range(1, 5_000_001)
        segment = api.account.add_segment("everybody", members)
        run = api.run(segment, "page_size=10000&page=500")
        assert run["matches"][-1] == run["page"]["total"] == 5_000_000
        assert segment.runs[0].members is members
        reversed_run = api.run(segment, "page_size=1&sort=-id")
        assert reversed_run["matches"] == [5_000_000]


class TestRecordedRun:
    """An evaluation that nobody asked for is in the count history, and can be read."""

    def test_it_is_read_in_its_own_order(self, api: SegmentsClient, vip: Segment) -> None:
        run = vip.record_run(NOW - DAY, [1, 2, 3], seconds=5, sort="-id")
        (count,) = api.data(f"segmentsV2/{vip.segment_id}/count-history")
        assert count["attributes"]["run_id"] == run.run_id
        assert count["attributes"]["result_count"] == 3
        read = api.attributes(f"segmentMatchSome/{vip.segment_id}/{run.run_id}")
        assert read["matches"] == [3, 2, 1]
        assert read["run_id_end"] == count["attributes"]["timestamp"]

    def test_its_result_may_be_gone(self, api: SegmentsClient, vip: Segment) -> None:
        gone = vip.record_run(NOW - DAY, [1], is_kept=False)
        old = vip.record_run(NOW - 91 * DAY, [1])
        for run in (gone, old):
            path = f"segmentMatchSome/{vip.segment_id}/{run.run_id}"
            assert api.get(path).status_code == 404
        assert len(api.data(f"segmentsV2/{vip.segment_id}/count-history")) == 2

    def test_another_sort_evaluates_it_anew(self, api: SegmentsClient, vip: Segment) -> None:
        run = vip.record_run(NOW - DAY, [1])
        assert not api.attributes(f"segmentMatchAll/{vip.segment_id}/{run.run_id}?sort=email")[
            "is_ready"
        ]
        read = api.attributes(f"segmentMatchSome/{vip.segment_id}/{run.run_id}")
        assert sorted(read["matches"]) == [3, 5, 8, 13, 21]
