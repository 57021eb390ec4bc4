"""When a fault applies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault

if TYPE_CHECKING:
    from tests.sandbox.client import PreparedSegmentsClient


class TestFaults:
    def test_applies_a_number_of_times(self, prepared: PreparedSegmentsClient) -> None:
        fault = prepared.faults.add(Fault("status", times=2))
        assert [prepared.status() for _ in range(3)] == [500, 500, 200]
        assert fault.applied == 2

    def test_skips_a_number_of_requests(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("status", after=2))
        assert [prepared.status() for _ in range(4)] == [200, 200, 500, 200]

    def test_applies_until_cleared_without_a_limit(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("status", times=None))
        assert {prepared.status() for _ in range(9)} == {500}
        prepared.faults.clear()
        assert prepared.status() == 200

    def test_faults_apply_in_order_of_addition(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("status", status=502))
        prepared.faults.add(Fault("status", status=503))
        assert len(prepared.faults) == 2
        assert [prepared.status() for _ in range(3)] == [502, 503, 200]

    @pytest.mark.parametrize(
        ("operation", "path"),
        [
            ("list", "audiences"),
            ("segment", "audiences/{vip}"),
            ("segment", "segmentsV2/{vip}"),
            ("definition", "segmentsV2/{vip}/createdDate/1750000000000"),
            ("start", "segmentMatchAll/{vip}"),
            ("read", "{run}"),
            ("read", "segmentMatchSome/{vip}/{run_id}"),
            ("count_history", "segmentsV2/{vip}/count-history"),
            ("count_history", "segmentsV2/{vip}/count-history/1750000000"),
            ("recent_counts", "segmentsV2/count-history?segmentIds={vip}"),
        ],
    )
    def test_applies_to_one_operation(
        self, prepared: PreparedSegmentsClient, operation: str, path: str
    ) -> None:
        place = path.format(vip=prepared.vip, run=prepared.run_path, run_id=prepared.run_id)
        fault = prepared.faults.add(Fault("status", operation, times=None))
        assert prepared.status(place) == 500
        others = {"audiences", f"segmentMatchAll/{prepared.vip}"} - {place}
        assert {prepared.status(other) for other in others} == {200}
        assert fault.applied == 1

    def test_applies_to_one_segment(self, prepared: PreparedSegmentsClient) -> None:
        other = prepared.sandbox.account.add_segment("other")
        prepared.faults.add(Fault("status", segment_id=other.segment_id))
        assert prepared.status(f"segmentsV2/{prepared.vip}") == 200
        assert prepared.status(f"segmentsV2/{other.segment_id}") == 500

    def test_applies_to_one_page(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("status", page=2))
        assert prepared.status(f"{prepared.run_path}?page=1") == 200
        assert prepared.status(f"{prepared.run_path}?page=x") == 400
        assert prepared.status(f"{prepared.run_path}?page=2") == 500

    def test_applies_to_requests_for_one_contact(self, prepared: PreparedSegmentsClient) -> None:
        prepared.faults.add(Fault("status", contact=26))
        assert prepared.status("contacts?ids[]=2&ids[]=126") == 200
        assert prepared.status("contacts?id_greater=25") == 200
        assert prepared.status("contacts?ids[]=2&ids[]=26") == 500

    @pytest.mark.parametrize(
        "fields",
        [{"kind": "gremlin"}, {"kind": "status", "operation": "delete"}, {"kind": "edit"}],
    )
    def test_rejects_unknown_kinds_and_operations(self, fields: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"fault|operation"):
            Fault(**fields)
