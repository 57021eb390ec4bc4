"""Traits of an account: less is shown, and less is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.client import DAY, NOW

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment, VirtualClock
    from tests.sandbox.client import SegmentsClient


@pytest.fixture
def vip(api: SegmentsClient) -> Segment:
    return api.account.add_segment("VIP", range(1, 31))


def test_tokens_show_what_their_user_may_see(api: SegmentsClient, vip: Segment) -> None:
    token = api.account.add_token("7", hides=lambda contact: contact > 10)
    assert api.get("users/me").json()["user"]["id"] == "1"
    assert api.get("users/me", token=token).json()["user"]["id"] == "7"
    path = f"segmentMatchAll/{vip.segment_id}"
    first = api.attributes(f"{path}?page_size=7", token=token)
    assert first["matches"] == [*range(1, 8)]
    assert first["page"] == {"current_page": 1, "last_page": 2, "per_page": 7, "total": 10}
    whole = api.attributes(f"{path}/{first['run_id']}?page_size=100")
    assert whole["page"]["total"] == 30
    assert api.get("audiences", token="nobody's").status_code == 403


def test_names_user_can_be_switched_off(api: SegmentsClient) -> None:
    api.account.names_user = False
    assert api.get("users/me").status_code == 403


def test_a_deleted_contact_leaves_earlier_results(api: SegmentsClient, vip: Segment) -> None:
    path = f"segmentMatchAll/{vip.segment_id}"
    before = api.attributes(path)["run_id"]
    api.account.delete_contact(3)
    old = api.attributes(f"{path}/{before}?page_size=100")
    assert (3 in old["matches"], old["page"]["total"]) == (False, 30)
    assert api.attributes(path)["page"]["total"] == 29


def test_runs_appear_after_a_delay(api: SegmentsClient, clock: VirtualClock, vip: Segment) -> None:
    api.account.runs_appear_after = 2
    path = f"segmentMatchAll/{vip.segment_id}"
    read = f"{path}/{api.attributes(path)['run_id']}"
    assert api.get(read).status_code == 404
    clock.advance(2)
    assert api.get(read).status_code == 200


def test_edits_can_seem_to_come_with_each_run(
    api: SegmentsClient, clock: VirtualClock, vip: Segment
) -> None:
    api.account.edits_seem = True
    path = f"segmentMatchAll/{vip.segment_id}"
    first = api.attributes(path)["segment_timestamp"]
    clock.advance(60)
    assert api.attributes(path)["segment_timestamp"] > first


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        (True, {"page": {"current_page": 1, "last_page": 3}}),
        ("text", {"page": {"current_page": "1", "last_page": "3"}}),
        ("total", {"total": "5"}),
        (False, None),
    ],
)
def test_listing_cap_and_paging_meta(api: SegmentsClient, meta: Any, told: object) -> None:
    api.account.listing_cap = 2
    api.account.listing_meta = meta
    for place in range(5):
        api.account.add_segment(f"number {place}")
    answer = api.get("audiences?page_size=100").json()
    assert len(answer["data"]) == 2
    assert answer.get("meta") == told


def test_counts_per_answer_limits_the_history(api: SegmentsClient, vip: Segment) -> None:
    api.account.counts_per_answer = 3
    for place in range(9):
        vip.add_count(1000.0 + place, place)
    history = api.get(f"segmentsV2/{vip.segment_id}/count-history").json()["data"]
    assert [row["attributes"]["result_count"] for row in history] == [8, 7, 6]


@pytest.mark.parametrize("digits", range(7))
def test_timestamp_digits(api: SegmentsClient, vip: Segment, digits: int) -> None:
    api.account.timestamps.digits = digits
    text = api.attributes(f"segmentMatchAll/{vip.segment_id}")["run_id_start"]
    assert len(text.removesuffix("Z").partition(".")[2]) == digits


def test_results_can_be_filtered_when_they_are_made(api: SegmentsClient, vip: Segment) -> None:
    api.account.filters_when_made = True
    token = api.account.add_token("7", hides=lambda contact: contact > 10)
    path = f"segmentMatchAll/{vip.segment_id}"
    run_id = api.attributes(path, token=token)["run_id"]
    assert api.attributes(f"{path}/{run_id}?page_size=100")["page"]["total"] == 10
    recorded = vip.record_run(NOW - DAY, range(1, 31))
    whole = api.attributes(f"segmentMatchSome/{vip.segment_id}/{recorded.run_id}", token=token)
    assert whole["page"]["total"] == 30


def test_one_contact_is_matched_as_the_tokens_user(api: SegmentsClient, vip: Segment) -> None:
    token = api.account.add_token("7", hides=lambda contact: contact > 10)
    api.account.delete_contact(4)
    path = f"segmentMatch/{vip.segment_id}"
    assert [api.attributes(f"{path}/{each}")["match"] for each in (3, 31)] == [True, False]
    assert api.get(f"{path}/4").status_code == 404
    assert api.get(f"{path}/11").status_code == 200
    assert api.get(f"{path}/11", token=token).status_code == 404


@pytest.mark.usefixtures("vip")
def test_contacts_are_listed_with_their_subscriptions(api: SegmentsClient) -> None:
    found = api.get("contacts?ids[]=5&ids[]=7&include=contactLists").json()
    assert [each["id"] for each in found["contacts"]] == ["5", "7"]
    assert [each["contact"] for each in found["contactLists"]] == ["5", "7"]
    assert "contactLists" not in api.get("contacts?limit=1").json()
    token = api.account.add_token("7", hides=lambda contact: contact > 10)
    later = api.get("contacts?id_greater=8&limit=100", token=token).json()["contacts"]
    assert [each["id"] for each in later] == ["9", "10"]
    assert api.get("contacts?ids=5,x").status_code == 400
