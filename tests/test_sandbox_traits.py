"""The sandbox's traits and faults of vendors that flicker, contradict themselves or show less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.sandbox import Segment


@pytest.fixture
def served() -> Iterator[Sandbox]:
    with Sandbox(Account(), VirtualClock(), requests_per_second=None) as sandbox:
        yield sandbox


@pytest.fixture
def vip(served: Sandbox) -> Segment:
    return served.account.add_segment("VIP", range(1, 31))


def get(sandbox: Sandbox, path: str, token: str | None = None) -> requests.Response:
    headers = {"Api-Token": token or sandbox.token}
    return requests.get(f"{sandbox.url}/api/3/{path}", headers=headers, timeout=10)


def run(sandbox: Sandbox, path: str, token: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = get(sandbox, path, token).json()["data"][0]["attributes"]
    return found


def test_each_token_has_a_user_who_sees_what_it_may(served: Sandbox, vip: Segment) -> None:
    token = served.account.add_token("7", hides=lambda contact: contact > 10)
    assert get(served, "users/me").json()["user"]["id"] == "1"
    assert get(served, "users/me", token).json()["user"]["id"] == "7"
    path = f"segmentMatchAll/{vip.segment_id}"
    first = run(served, f"{path}?page_size=7", token)
    assert first["matches"] == [*range(1, 8)]
    assert first["page"] == {"current_page": 1, "last_page": 2, "per_page": 7, "total": 10}
    whole = run(served, f"{path}/{first['run_id']}?page_size=100")
    assert whole["page"]["total"] == 30
    assert get(served, "audiences", "nobody's").status_code == 403


def test_a_user_may_not_be_told(served: Sandbox) -> None:
    served.account.names_user = False
    assert get(served, "users/me").status_code == 403


def test_a_deleted_contact_is_missing_in_old_results_whose_total_stays(
    served: Sandbox, vip: Segment
) -> None:
    path = f"segmentMatchAll/{vip.segment_id}"
    before = run(served, path)["run_id"]
    served.account.delete_contact(3)
    old = run(served, f"{path}/{before}?page_size=100")
    assert (3 in old["matches"], old["page"]["total"]) == (False, 30)
    assert run(served, path)["page"]["total"] == 29


def test_a_run_may_be_unknown_at_first(served: Sandbox, vip: Segment) -> None:
    served.account.runs_appear_after = 2
    path = f"segmentMatchAll/{vip.segment_id}"
    read = f"{path}/{run(served, path)['run_id']}"
    assert get(served, read).status_code == 404
    served.account.clock.advance(2)  # type: ignore[attr-defined]
    assert get(served, read).status_code == 200


def test_an_edit_may_seem_to_come_with_each_evaluation(served: Sandbox, vip: Segment) -> None:
    served.account.edits_seem = True
    path = f"segmentMatchAll/{vip.segment_id}"
    first = run(served, path)["segment_timestamp"]
    served.account.clock.advance(60)  # type: ignore[attr-defined]
    assert run(served, path)["segment_timestamp"] > first


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        (True, {"page": {"current_page": 1, "last_page": 3}}),
        ("text", {"page": {"current_page": "1", "last_page": "3"}}),
        ("total", {"total": "5"}),
        (False, None),
    ],
)
def test_a_listing_may_be_capped_and_tell_less_of_its_pages(
    served: Sandbox, meta: Any, told: object
) -> None:
    served.account.listing_cap = 2
    served.account.listing_meta = meta
    for place in range(5):
        served.account.add_segment(f"number {place}")
    answer = get(served, "audiences?page_size=100").json()
    assert len(answer["data"]) == 2
    assert answer.get("meta") == told


def test_a_history_may_come_in_shorter_answers(served: Sandbox, vip: Segment) -> None:
    served.account.counts_per_answer = 3
    for place in range(9):
        vip.add_count(1000.0 + place, place)
    history = get(served, f"segmentsV2/{vip.segment_id}/count-history").json()["data"]
    assert [row["attributes"]["result_count"] for row in history] == [8, 7, 6]


@pytest.mark.parametrize(("kind", "key"), [("not_found", "errors"), ("gateway_404", "message")])
def test_a_404_comes_in_two_forms(served: Sandbox, vip: Segment, kind: str, key: str) -> None:
    served.faults.add(Fault(kind, "segment"))
    answer = get(served, f"audiences/{vip.segment_id}")
    assert (answer.status_code, list(answer.json())) == (404, [key])
    assert get(served, f"audiences/{vip.segment_id}").status_code == 200


def test_a_start_may_answer_with_the_last_run(served: Sandbox, vip: Segment) -> None:
    path = f"segmentMatchAll/{vip.segment_id}"
    served.faults.add(Fault("same_run"))
    first = run(served, path)["run_id"]
    assert run(served, path)["run_id"] == first
    assert run(served, path)["run_id"] != first


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (Fault("total_is", value="9"), {"total": "9"}),
        (Fault("last_page_is", value=4), {"last_page": 4}),
        (Fault("per_page_is", value=0), {"per_page": 0}),
        (Fault("empty_result"), {"total": 0, "last_page": 1}),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_page_may_tell_other_numbers(
    served: Sandbox, vip: Segment, fault: Fault, numbers: dict[str, object]
) -> None:
    served.faults.add(fault)
    page = run(served, f"segmentMatchAll/{vip.segment_id}")
    assert numbers.items() <= page["page"].items()
    assert (page["matches"] == []) == (fault.kind == "empty_result")


@pytest.mark.parametrize("digits", [0, 1, 3, 9])
def test_timestamps_may_have_any_number_of_digits(
    served: Sandbox, vip: Segment, digits: int
) -> None:
    served.faults.add(Fault("digits", value=digits))
    text = run(served, f"segmentMatchAll/{vip.segment_id}")["run_id_end"]
    fraction = text.removesuffix("Z").partition(".")[2]
    assert len(fraction) == digits


@pytest.mark.parametrize("digits", range(7))
def test_an_account_may_write_all_its_instants_with_fewer_digits(
    served: Sandbox, vip: Segment, digits: int
) -> None:
    served.account.timestamps.digits = digits
    text = run(served, f"segmentMatchAll/{vip.segment_id}")["run_id_start"]
    assert len(text.removesuffix("Z").partition(".")[2]) == digits


def test_the_end_of_a_run_may_be_left_out(served: Sandbox, vip: Segment) -> None:
    served.faults.add(Fault("no_end"))
    found = run(served, f"segmentMatchAll/{vip.segment_id}")
    assert found["is_ready"]
    assert "run_id_end" not in found
