"""The listing of saved segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment, VirtualClock
    from tests.sandbox.client import SegmentsClient


class TestListing:
    def test_is_404_without_saved_segments(self, api: SegmentsClient) -> None:
        api.account.add_segment(None, [1])
        assert api.status("audiences") == 404

    def test_unsaved_segments_work_by_id_only(self, api: SegmentsClient, vip: Segment) -> None:
        unsaved = api.account.add_segment(None, [1, 2])
        assert [row["id"] for row in api.data("audiences")] == [vip.segment_id]
        assert api.status(f"audiences/{unsaved.segment_id}") == 404
        assert "name" not in api.attributes(f"segmentsV2/{unsaved.segment_id}")
        assert api.run(unsaved)["matches"] == [1, 2]

    def test_pages_end_with_404(self, api: SegmentsClient) -> None:
        for number in range(7):
            api.account.add_segment(f"{number}")
        assert api.names("sort=name&page_size=3") == ["0", "1", "2"]
        assert api.names("sort=name&page_size=3&page=3") == ["6"]
        assert api.status("audiences?page_size=3&page=4") == 404
        assert api.status("audiences?page_size=10000&page=2") == 404

    def test_default_page_size_is_20(self, api: SegmentsClient) -> None:
        for number in range(21):
            api.account.add_segment(f"{number}")
        assert len(api.names()) == 20

    def test_paging_meta_can_be_switched_off(self, api: SegmentsClient, vip: Segment) -> None:
        assert vip.name
        assert api.get("audiences").json()["meta"] == {"page": {"current_page": 1, "last_page": 1}}
        api.account.listing_meta = False
        assert set(api.get("audiences").json()) == {"data"}

    def test_search_ignores_case(self, api: SegmentsClient, vip: Segment) -> None:
        api.account.add_segment("Newsletter")
        assert api.names("search=vi") == [vip.name]
        assert api.status("audiences?search=nothing") == 404

    def test_sorts_by_name_size_and_change(self, api: SegmentsClient, clock: VirtualClock) -> None:
        small = api.account.add_segment("b", [1])
        large = api.account.add_segment("A", range(1, 10))
        api.account.add_segment("c")
        assert api.names("sort=name") == ["A", "b", "c"]
        assert api.names("sort=-name") == ["c", "b", "A"]
        api.run(large)
        clock.advance(60)
        api.run(small)
        assert api.names("sort=-last_total") == ["A", "b", "c"]
        assert api.names("sort=last_active_total") == ["c", "b", "A"]
        assert api.names("sort=-recent") == ["b", "A", "c"]
        assert api.names() == api.names("sort=-updated_date") == ["b", "A", "c"]

    def test_rows_show_the_last_run(self, api: SegmentsClient, vip: Segment) -> None:
        assert api.attributes(f"audiences/{vip.segment_id}")["counts"] == {}
        run = api.run(vip)
        row = api.attributes(f"audiences/{vip.segment_id}")
        assert row["category"] == "audience"
        total = row["counts"]["last_total"]
        assert (total["count"], total["run_id"]) == (5, run["run_id"])
        assert total["run_id_start"] == total["last_total_updated"] == run["run_id_start"]
        assert total["run_id_end"] == run["run_id_end"]
        assert row["counts"]["last_active_total"]["count"] == 4

    def test_ids_are_unique(self, api: SegmentsClient, vip: Segment) -> None:
        with pytest.raises(ValueError, match=vip.segment_id):
            api.account.add_segment("other", segment_id=vip.segment_id)
