"""The versions of a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.client import DAY, NOW

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment, VirtualClock
    from tests.sandbox.client import SegmentsClient


class TestDefinition:
    def test_walking_back_finds_every_version(
        self, api: SegmentsClient, clock: VirtualClock
    ) -> None:
        segment = api.account.add_segment("VIP", created=NOW - 9 * DAY)
        segment.edit(NOW - 5 * DAY, description="first edit")
        segment.edit(NOW - 2 * DAY + 0.0001)
        found = []
        at = round(clock.time() * 1000)
        while (answer := api.get(f"segmentsV2/{segment.segment_id}/createdDate/{at}")).ok:
            (row,) = answer.json()["data"]
            found.append(row["attributes"]["segment_hash"])
            version = next(v for v in segment.versions if v.segment_hash == found[-1])
            at = -(-round(version.created * 10_000) // 10) - 1
        assert found == [version.segment_hash for version in reversed(segment.versions)]
        assert len(set(found)) == 3

    def test_a_version_is_in_force_from_its_millisecond(self, api: SegmentsClient) -> None:
        segment = api.account.add_segment("VIP", created=NOW)
        path = f"segmentsV2/{segment.segment_id}/createdDate"
        assert api.status(f"{path}/{round(NOW * 1000)}") == 200
        assert api.status(f"{path}/{round(NOW * 1000) - 1}") == 404

    def test_numeric_ids_have_no_history(self, api: SegmentsClient) -> None:
        api.account.add_segment("legacy", segment_id="17")
        assert api.status("segmentsV2/17") == 200
        assert api.status("segmentsV2/17/createdDate/1750000000000") == 404

    def test_default_version_is_the_newest(self, api: SegmentsClient, vip: Segment) -> None:
        newest = vip.edit(NOW - DAY, description="mine")
        answer = api.attributes(f"segmentsV2/{vip.segment_id}")
        assert answer["segment_hash"] == newest.segment_hash
        assert answer["description"] == "mine"
        assert answer["category"] == "AUDIENCE"

    def test_an_edit_sets_segment_timestamp_of_later_runs(
        self, api: SegmentsClient, vip: Segment
    ) -> None:
        before = api.run(vip)["segment_timestamp"]
        vip.edit()
        after = api.run(vip)["segment_timestamp"]
        assert before < after
        assert after == api.attributes(f"segmentsV2/{vip.segment_id}")["created_date"]

    def test_an_external_condition_prevents_runs(self, api: SegmentsClient, vip: Segment) -> None:
        vip.external = True
        conditions = api.attributes(f"segmentsV2/{vip.segment_id}")["segment_conditions"]
        assert conditions[0]["fields"][0]["external"] is True
        assert api.status(f"segmentMatchAll/{vip.segment_id}") == 400
        vip.external = False
        assert api.status(f"segmentMatchAll/{vip.segment_id}") == 200

    def test_only_saved_segments_can_be_renamed(self, api: SegmentsClient, vip: Segment) -> None:
        vip.edit(name="VIPs")
        assert api.names() == ["VIPs"]
        with pytest.raises(ValueError, match="not saved"):
            api.account.add_segment(None).edit(name="saved")
