"""Faults of MyPreferences' exports and pages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from tap_activecampaign_segments.sandbox import Fault
from tests.sandbox.client import OPERATIONS, PROFILES

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import VirtualClock
    from tests.sandbox.client import PreparedExportsClient


class TestEveryOperation:
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_applies_to_one_operation(self, vendor: PreparedExportsClient, operation: str) -> None:
        vendor.faults.add(Fault("status", operation, status=503, headers={"Retry-After": "7"}))
        statuses = {each: vendor.operate(each).status_code for each in OPERATIONS}
        assert statuses == {each: 503 if each == operation else 200 for each in OPERATIONS}

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_replaces_responses(self, vendor: PreparedExportsClient, operation: str) -> None:
        for kind in ("empty", "html", "redirect", "retry_after"):
            vendor.faults.add(Fault(kind, operation))
        empty, html, redirect, busy = (vendor.operate(operation) for _ in range(4))
        assert (empty.status_code, empty.content) == (200, b"")
        assert html.headers["Content-Type"].startswith("text/html")
        assert redirect.status_code == 302
        assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
        assert set(busy.json()) == {"Message"}

    @pytest.mark.parametrize("kind", ["reset", "cut"])
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_breaks_connections(
        self, vendor: PreparedExportsClient, operation: str, kind: str
    ) -> None:
        vendor.faults.add(Fault(kind, operation))
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            vendor.operate(operation)

    def test_slow_delays_by_the_sandbox_clock(
        self, vendor: PreparedExportsClient, clock: VirtualClock
    ) -> None:
        before, real = clock.time(), time.monotonic()
        vendor.faults.add(Fault("slow", "data", seconds=30))
        assert vendor.operate("data").status_code == 200
        assert clock.time() == before + 30
        assert time.monotonic() < real + 5

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_reshapes_responses(self, vendor: PreparedExportsClient, operation: str) -> None:
        whole = vendor.operate(operation).json()
        vendor.first.retrieved = False
        substance = {"data": PROFILES, "token": "access_token", "initiate": "AccessToken"}.get(
            operation, "Status"
        )
        vendor.faults.add(Fault("no_data", operation))
        vendor.faults.add(Fault("data_object", operation, after=1))
        vendor.faults.add(Fault("not_object", operation, after=2))
        answers = []
        for _ in range(3):
            answers.append(vendor.operate(operation).json())
            vendor.first.retrieved = False
        assert answers[0].keys() == whole.keys() - {substance}
        assert isinstance(answers[1][substance], dict)
        assert isinstance(answers[2], list)

    def test_edits_a_response(self, vendor: PreparedExportsClient) -> None:
        vendor.faults.add(Fault("edit", "data", answer=lambda page: {**page, "Extra": 1}))
        assert vendor.operate("data").json()["Extra"] == 1

    def test_applies_to_one_group(self, vendor: PreparedExportsClient) -> None:
        vendor.preferences.add_group("other")
        other = vendor.export("other")
        vendor.faults.add(Fault("status", segment_id="other", times=None))
        assert {vendor.operate(each).status_code for each in OPERATIONS} == {200}
        assert vendor.initiate("other").status_code == 500
        assert vendor.data(other).status_code == 500

    def test_applies_to_one_page(self, vendor: PreparedExportsClient) -> None:
        fault = vendor.faults.add(Fault("status", "data", page=2))
        query = "limit=2&keepAlive=true&offset="
        statuses = [vendor.data(vendor.first, f"{query}{at}").status_code for at in (1, 3, 5)]
        assert (statuses, fault.applied) == ([200, 500, 200], 1)
        vendor.faults.add(Fault("status", "data", page=2))
        assert vendor.data(vendor.first, "limit=x&offset=3").status_code == 400

    def test_does_not_apply_without_authorization(self, vendor: PreparedExportsClient) -> None:
        fault = vendor.faults.add(Fault("status"))
        assert vendor.request("GET", "1/Status", "Bearer x").status_code == 401
        assert fault.applied == 0


class TestExports:
    @pytest.mark.parametrize(
        ("kind", "status"), [("export_fails", "Failed"), ("export_errors", "Error")]
    )
    def test_ends_badly_from_the_start(
        self, vendor: PreparedExportsClient, kind: str, status: str
    ) -> None:
        vendor.faults.add(Fault(kind))
        exports = vendor.export(), vendor.export()
        assert [vendor.status(each)["Status"] for each in exports] == [status, "Complete"]

    def test_never_ends(self, vendor: PreparedExportsClient, clock: VirtualClock) -> None:
        vendor.faults.add(Fault("export_never_ends"))
        export = vendor.export()
        clock.advance(10**7)
        assert vendor.status(export)["Status"] == "Processing"

    @pytest.mark.parametrize(
        ("kind", "status"), [("export_expires", "Expired"), ("export_retrieved", "Retrieved")]
    )
    def test_is_lost_at_the_next_status(
        self, vendor: PreparedExportsClient, kind: str, status: str
    ) -> None:
        vendor.faults.add(Fault(kind))
        assert vendor.status(vendor.first)["Status"] == status
        assert vendor.data(vendor.first).status_code == 400
        assert vendor.status(vendor.export())["Status"] == "Complete"

    @pytest.mark.parametrize("kind", ["export_expires", "export_retrieved"])
    @pytest.mark.parametrize("operation", ["data", "commit"])
    def test_is_lost_at_a_chosen_operation(
        self, vendor: PreparedExportsClient, kind: str, operation: str
    ) -> None:
        vendor.faults.add(Fault(kind, operation))
        assert vendor.status(vendor.first)["Status"] == "Complete"
        assert vendor.operate(operation).status_code == 400

    @pytest.mark.parametrize(("body", "word"), [("", "Archiving"), ("Queued", "Queued")])
    def test_unknown_status_sets_the_status(
        self, vendor: PreparedExportsClient, body: str, word: str
    ) -> None:
        vendor.faults.add(Fault("unknown_status", body=body))
        assert vendor.status(vendor.first)["Status"] == word
        assert vendor.status(vendor.first)["Status"] == "Complete"


class TestPages:
    def test_has_more_can_always_be_true(self, vendor: PreparedExportsClient) -> None:
        fault = vendor.faults.add(Fault("has_more_wrong", times=None))
        assert [page["HasMore"] for page in vendor.pages(vendor.first)] == [True] * 3
        assert fault.applied == 1
        beyond = vendor.data(vendor.first, "offset=6&keepAlive=true").json()
        assert (beyond["Count"], beyond["HasMore"]) == (0, True)

    def test_has_more_can_always_be_false(self, vendor: PreparedExportsClient) -> None:
        vendor.faults.add(Fault("has_more_wrong", value=0))
        assert [page["HasMore"] for page in vendor.pages(vendor.first)] == [False, True, False]

    def test_count_zero_empties_a_page(self, vendor: PreparedExportsClient) -> None:
        vendor.faults.add(Fault("count_zero", page=2))
        pages = vendor.pages(vendor.first)
        assert [(page["Count"], len(page[PROFILES])) for page in pages] == [(2, 2), (0, 0), (1, 1)]
        assert pages[1]["HasMore"]

    def test_total_wrong_adds_one(self, vendor: PreparedExportsClient) -> None:
        vendor.faults.add(Fault("total_wrong"))
        assert [page["TotalResults"] for page in vendor.pages(vendor.first)] == [6, 5, 5]

    def test_repeats_profiles_on_a_page(self, vendor: PreparedExportsClient) -> None:
        vendor.faults.add(Fault("repeats_profiles"))
        page = vendor.pages(vendor.first)[0]
        assert [each["ProfileId"] for each in page[PROFILES]] == [1, 1]
        assert page["Count"] == 2

    def test_lower_case_keys(self, vendor: PreparedExportsClient) -> None:
        for operation in (None, "initiate", "status"):
            vendor.faults.add(Fault("lower_case_keys", operation))
        vendor.faults.add(Fault("total_wrong"))
        page = vendor.operate("data").json()
        assert {"hasmore", "count", PROFILES.lower()} < set(page)
        assert (page["totalresults"], page[PROFILES.lower()][0]) == (6, {"ProfileId": 1})
        assert set(vendor.operate("initiate").json()) == {"accesstoken"}
        assert "status" in vendor.operate("status").json()

    def test_does_not_apply_to_the_segments_api(self, vendor: PreparedExportsClient) -> None:
        account = vendor.sandbox.account
        segment = account.add_segment("VIP", [1])
        for kind in ("export_fails", "total_wrong", "lower_case_keys"):
            vendor.faults.add(Fault(kind, times=None))
        response = requests.get(
            f"{vendor.sandbox.url}/api/3/segmentMatchAll/{segment.segment_id}",
            headers={"Api-Token": account.token},
            timeout=10,
        )
        assert response.json()["data"][0]["attributes"]["matches"] == [1]
        assert {fault.applied for fault in vendor.faults} == {0}
