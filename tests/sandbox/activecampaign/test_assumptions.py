"""Assumptions about the API that an account makes otherwise.

`tests/activecampaign/check` shows that each of them is noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox.activecampaign.traits import TRAITS

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment
    from tests.sandbox.client import SegmentsClient


@pytest.mark.parametrize("name", TRAITS)
def test_segments_can_still_be_listed(api: SegmentsClient, vip: Segment, name: str) -> None:
    vip.record_run(api.account.clock.time() - 60, range(1, 31))
    api.account.set_otherwise(name)
    assert api.names() == ["VIP"]


def test_several_are_otherwise_at_once(api: SegmentsClient, vip: Segment) -> None:
    api.account.set_otherwise("empty_listing_is_404", "ready_run_has_end")
    assert api.get("audiences?search=nobody").json() == {"data": []}
    assert "run_id_end" not in api.run(vip)


def test_all_else_stays_as_it_was(api: SegmentsClient, vip: Segment) -> None:
    before = api.get(f"segmentsV2/{vip.segment_id}").json()
    api.account.set_otherwise("history_is_newest_first")
    assert api.get(f"segmentsV2/{vip.segment_id}").json() == before


def test_unknown_names_are_refused(api: SegmentsClient) -> None:
    with pytest.raises(KeyError):
        api.account.set_otherwise("nothing_is_certain")
