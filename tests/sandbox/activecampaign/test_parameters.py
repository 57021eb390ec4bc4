"""Parameters and ids that the Segments API refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from tests.sandbox.client import SegmentsClient


@pytest.mark.parametrize(
    "path",
    [
        "audiences?limit=5",
        "audiences?page=0",
        "audiences?page=one",
        "audiences?page=1&page=2",
        "audiences?page_size=0",
        "audiences?page_size=10001",
        "audiences?page_size=1.5",
        "audiences?page_size=",
        "audiences?sort=id",
        "audiences?sort=name,updated_date",
        "audiences/VIP?page=1",
        "segmentsV2/VIP?page=1",
        "segmentsV2/VIP/createdDate/1750000000000?page=1",
        "segmentsV2/VIP/createdDate/now",
        "segmentsV2/VIP/count-history?page=1",
        "segmentsV2/VIP/count-history/1750000000.5",
        "segmentsV2/VIP/count-history/-1",
        "segmentsV2/count-history",
        "segmentsV2/count-history?segmentIds=",
        "segmentsV2/count-history?segmentids=VIP",
        f"segmentsV2/count-history?segmentIds={','.join(map(str, range(101)))}",
        "segmentMatchAll/VIP?limit=5",
        "segmentMatchAll/VIP?page=0",
        "segmentMatchAll/VIP?page=-1",
        "segmentMatchAll/VIP?page_size=0",
        "segmentMatchAll/VIP?page_size=10001",
        "segmentMatchAll/VIP?instant=yes",
        "segmentMatchAll/VIP?sort=",
        "segmentMatchAll/VIP?sort=age",
        "segmentMatchAll/VIP?sort=--id",
        "segmentMatchAll/VIP?sort=email,",
        "segmentMatchAll/VIP?sort=email,%20id",
        "segmentMatchAll/VIP?sort=ID",
        "segmentMatchAll/VIP?sort=field",
        "segmentMatchAll/VIP?sort=score1a",
        "segmentMatchAll/VIP/run?sort=age",
        "segmentMatchAll/VIP/run?instant",
        "segmentMatchSome/VIP/run?sort=id",
        "segmentMatchSome/VIP/run?page_size=10001",
    ],
)
def test_rejects_invalid_parameters(api: SegmentsClient, path: str) -> None:
    segment = api.account.add_segment("VIP", [1], segment_id="VIP")
    response = api.get(path)
    assert response.status_code == 400
    assert response.json()["errors"][0]["status"] == "400 BAD_REQUEST"
    assert not segment.runs


@pytest.mark.parametrize(
    "path",
    [
        "audiences/nobody",
        "segmentsV2/nobody",
        "segmentsV2/nobody/createdDate/1750000000000",
        "segmentsV2/nobody/count-history",
        "segmentsV2/nobody/count-history/1750000000",
        "segmentMatchAll/nobody",
        "segmentMatchAll/nobody/run",
        "segmentMatchSome/nobody/run",
    ],
)
def test_an_unknown_segment_is_not_found(api: SegmentsClient, path: str) -> None:
    response = api.get(path)
    assert response.status_code == 404
    assert response.json()["errors"][0]["status"] == "404 NOT_FOUND"


def test_ids_are_decoded_after_routing(api: SegmentsClient) -> None:
    strange = "a/b c%2F?#ü"
    segment = api.account.add_segment("strange", [1], segment_id=strange)
    assert api.attributes(f"segmentsV2/{quote(strange, safe='')}")["segment_id"] == strange
    run = api.attributes(f"segmentMatchAll/{quote(strange, safe='')}")
    assert run["run_id"] == segment.runs[0].run_id
