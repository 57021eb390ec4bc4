"""Faults of ActiveCampaign's runs and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.sandbox.client import MEMBERS

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment, VirtualClock
    from tests.sandbox.client import PreparedSegmentsClient, SegmentsClient


@pytest.fixture
def vip(api: SegmentsClient) -> Segment:
    return api.account.add_segment("VIP", range(1, 31))


class TestRun:
    def test_run_fails_has_an_end_and_no_result(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("run_fails"))
        run = prepared.attributes(f"segmentMatchAll/{prepared.vip}")
        assert not run["is_ready"]
        assert "run_id_end" in run
        assert prepared.attributes(f"segmentMatchAll/{prepared.vip}")["is_ready"]

    def test_run_fails_on_read(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("run_fails", "read"))
        assert not prepared.attributes(prepared.run_path)["is_ready"]

    def test_run_never_ends_is_never_ready(
        self, prepared: PreparedSegmentsClient, clock: VirtualClock
    ) -> None:
        prepared.faults.add(Fault("run_never_ends"))
        run = prepared.attributes(f"segmentMatchAll/{prepared.vip}")
        clock.advance(86_400 * 80)
        later = prepared.attributes(f"segmentMatchAll/{prepared.vip}/{run['run_id']}")
        assert later["is_ready"] is False
        assert "run_id_end" not in later

    def test_run_expires_on_read(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("run_expires"))
        assert prepared.status(f"segmentMatchAll/{prepared.vip}") == 200
        assert [prepared.status(prepared.run_path) for _ in range(2)] == [404, 404]

    def test_run_expires_on_start(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("run_expires", "start"))
        run = prepared.attributes(f"segmentMatchAll/{prepared.vip}")
        assert prepared.status(f"segmentMatchAll/{prepared.vip}/{run['run_id']}") == 404

    def page(self, prepared: PreparedSegmentsClient, kind: str) -> dict[str, Any]:
        """Return the second of three pages, altered, after the first, unaltered."""
        prepared.faults.add(Fault(kind, "read", page=2))
        assert prepared.attributes(f"{prepared.run_path}?page_size=10")["matches"] == MEMBERS[:10]
        return prepared.attributes(f"{prepared.run_path}?page_size=10&page=2")

    def test_total_changes_by_one(self, prepared: PreparedSegmentsClient) -> None:
        assert self.page(prepared, "total_changes")["page"]["total"] == 31

    def test_duplicate_replaces_an_id_by_another(self, prepared: PreparedSegmentsClient) -> None:
        assert self.page(prepared, "duplicate")["matches"] == [*MEMBERS[10:19], 11]

    def test_missing_row_omits_one_id(self, prepared: PreparedSegmentsClient) -> None:
        assert self.page(prepared, "missing_row")["matches"] == MEMBERS[10:19]

    def test_text_id_is_not_a_number(self, prepared: PreparedSegmentsClient) -> None:
        assert self.page(prepared, "text_id")["matches"] == ["abc", *MEMBERS[11:20]]

    def test_no_page_is_still_ready(self, prepared: PreparedSegmentsClient) -> None:
        page = self.page(prepared, "no_page")
        assert page["is_ready"]
        assert not {"page", "matches"} & set(page)

    def test_page_faults_need_a_ready_run(self, prepared: PreparedSegmentsClient) -> None:
        fault = prepared.faults.add(Fault("no_page"))
        prepared.attributes(f"segmentMatchAll/{prepared.vip}?instant")
        assert fault.applied == 0


@pytest.mark.parametrize(("kind", "key"), [("not_found", "errors"), ("gateway_404", "message")])
def test_404_has_two_forms(api: SegmentsClient, vip: Segment, kind: str, key: str) -> None:
    api.sandbox.faults.add(Fault(kind, "segment"))
    answer = api.get(f"audiences/{vip.segment_id}")
    assert (answer.status_code, list(answer.json())) == (404, [key])
    assert api.get(f"audiences/{vip.segment_id}").status_code == 200


def test_same_run_answers_with_the_last_run(api: SegmentsClient, vip: Segment) -> None:
    path = f"segmentMatchAll/{vip.segment_id}"
    api.sandbox.faults.add(Fault("same_run"))
    first = api.attributes(path)["run_id"]
    assert api.attributes(path)["run_id"] == first
    assert api.attributes(path)["run_id"] != first


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
def test_page_numbers_can_be_set(
    api: SegmentsClient, vip: Segment, fault: Fault, numbers: dict[str, object]
) -> None:
    api.sandbox.faults.add(fault)
    page = api.attributes(f"segmentMatchAll/{vip.segment_id}")
    assert numbers.items() <= page["page"].items()
    assert (page["matches"] == []) == (fault.kind == "empty_result")


@pytest.mark.parametrize("digits", [0, 1, 3, 9])
def test_digits_sets_the_fraction_digits(api: SegmentsClient, vip: Segment, digits: int) -> None:
    api.sandbox.faults.add(Fault("digits", value=digits))
    text = api.attributes(f"segmentMatchAll/{vip.segment_id}")["run_id_end"]
    fraction = text.removesuffix("Z").partition(".")[2]
    assert len(fraction) == digits


def test_no_end_omits_run_id_end(api: SegmentsClient, vip: Segment) -> None:
    api.sandbox.faults.add(Fault("no_end"))
    found = api.attributes(f"segmentMatchAll/{vip.segment_id}")
    assert found["is_ready"]
    assert "run_id_end" not in found
