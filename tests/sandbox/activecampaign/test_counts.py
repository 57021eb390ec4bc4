"""The count history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.client import DAY, NOW

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment, VirtualClock
    from tests.sandbox.client import SegmentsClient


class TestCountHistory:
    def test_50_rows_newest_first_and_an_exclusive_cursor(
        self, api: SegmentsClient, vip: Segment
    ) -> None:
        for number in range(120):
            vip.add_count(NOW - number * 60, number)
        path = f"segmentsV2/{vip.segment_id}/count-history"
        first = api.data(path)
        assert [row["attributes"]["result_count"] for row in first] == list(range(50))
        second = api.data(f"{path}/{round(NOW - 49 * 60)}")
        assert [row["attributes"]["result_count"] for row in second] == list(range(50, 100))
        assert api.data(f"{path}/1") == []

    def test_the_cursor_has_whole_seconds(self, api: SegmentsClient, vip: Segment) -> None:
        for milliseconds in (100, 500, 900):
            vip.add_count(NOW + milliseconds / 1000, milliseconds)
        path = f"segmentsV2/{vip.segment_id}/count-history"
        assert api.data(f"{path}/{round(NOW)}") == []
        assert len(api.data(f"{path}/{round(NOW) + 1}")) == 3

    def test_rows_of_one_instant_have_distinct_ids(self, api: SegmentsClient, vip: Segment) -> None:
        for number in range(60):
            vip.add_count(NOW, number)
        rows = api.data(f"segmentsV2/{vip.segment_id}/count-history")
        assert [row["attributes"]["result_count"] for row in rows] == list(range(59, 9, -1))
        assert len({row["id"] for row in rows}) == 50

    def test_records_finished_runs_unless_switched_off(
        self, api: SegmentsClient, vip: Segment
    ) -> None:
        run = api.run(vip)
        (row,) = api.data(f"segmentsV2/{vip.segment_id}/count-history")
        assert row["attributes"]["run_id"] == run["run_id"]
        assert row["attributes"]["timestamp"] == run["run_id_end"]
        assert row["attributes"]["result_count"] == 5
        assert row["attributes"]["segment_hash"] == vip.versions[-1].segment_hash
        api.account.records_runs = False
        api.run(vip)
        assert len(vip.counts) == 1

    def test_newest_row_names_the_running_evaluation(
        self, api: SegmentsClient, clock: VirtualClock, vip: Segment
    ) -> None:
        vip.add_count(NOW - DAY, 1)
        vip.add_count(NOW - 2 * DAY, 2)
        vip.evaluation_seconds = 60
        run = api.run(vip, "instant")
        path = f"segmentsV2/{vip.segment_id}/count-history"
        rows = [row["attributes"] for row in api.data(path)]
        assert rows[0]["count_updating_with_runid"] == run["run_id"]
        assert "count_updating_with_runid" not in rows[1]
        clock.advance(60)
        rows = [row["attributes"] for row in api.data(path)]
        assert len(rows) == 3
        assert not any("count_updating_with_runid" in row for row in rows)

    def test_rows_can_be_removed(self, api: SegmentsClient, vip: Segment) -> None:
        vip.counts.append(vip.add_count(NOW, 1))
        vip.counts.clear()
        assert api.data(f"segmentsV2/{vip.segment_id}/count-history") == []

    def test_recent_counts_of_many_segments(self, api: SegmentsClient, vip: Segment) -> None:
        other = api.account.add_segment("other")
        api.account.add_segment("never counted", segment_id="never")
        for number in range(3):
            vip.add_count(NOW + number, number)
            other.add_count(NOW - number, number, active_result_count=7)
        ids = f"{other.segment_id},nobody,never,{vip.segment_id},{vip.segment_id}"
        rows = api.data(f"segmentsV2/count-history?segmentIds={ids}")
        assert [row["attributes"]["segment_id"] for row in rows] == [
            other.segment_id,
            vip.segment_id,
        ]
        assert [row["attributes"]["result_count"] for row in rows] == [0, 2]
        assert rows[0]["attributes"]["active_result_count"] == 7

    def test_recent_counts_accept_100_ids(self, api: SegmentsClient) -> None:
        ids = ",".join(map(str, range(100)))
        assert api.data(f"segmentsV2/count-history?segmentIds={ids}") == []
