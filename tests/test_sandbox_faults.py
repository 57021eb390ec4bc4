"""The sandbox's faults, and its switches over HTTP."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMBERS = list(range(1, 31))


class Api:
    """A client that has a segment named VIP with thirty members, and a run of it."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.faults = sandbox.faults
        self.segment = sandbox.account.add_segment("VIP", MEMBERS)
        self.segment.add_count(sandbox.account.clock.time(), 30)
        self.vip = self.segment.segment_id
        self._session = session
        self.run_id: str = self.attributes(f"segmentMatchAll/{self.vip}")["run_id"]
        self.run = f"segmentMatchAll/{self.vip}/{self.run_id}"

    def get(
        self, path: str, timeout: float = 10, prefix: str = "/api/3", **options: Any
    ) -> requests.Response:
        return self._session.request(
            options.pop("method", "GET"),
            f"{self.sandbox.url}{prefix}/{path}",
            headers={"Api-Token": self.sandbox.token},
            timeout=timeout,
            allow_redirects=False,
            **options,
        )

    def status(self, path: str = "audiences") -> int:
        return self.get(path).status_code

    def attributes(self, path: str) -> dict[str, Any]:
        attributes: dict[str, Any] = self.get(path).json()["data"][0]["attributes"]
        return attributes

    def switch(self, path: str, method: str, **options: Any) -> requests.Response:
        return self.get(path, prefix="/sandbox", method=method, **options)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def api(clock: VirtualClock) -> Iterator[Api]:
    with (
        Sandbox(Account(), clock, requests_per_second=None) as sandbox,
        requests.Session() as session,
    ):
        yield Api(sandbox, session)


class TestTurn:
    def test_it_comes_so_many_times(self, api: Api) -> None:
        fault = api.faults.add(Fault("status", times=2))
        assert [api.status() for _ in range(3)] == [500, 500, 200]
        assert fault.applied == 2

    def test_it_spares_so_many_first(self, api: Api) -> None:
        api.faults.add(Fault("status", after=2))
        assert [api.status() for _ in range(4)] == [200, 200, 500, 200]

    def test_it_may_last_for_ever_until_cleared(self, api: Api) -> None:
        api.faults.add(Fault("status", times=None))
        assert {api.status() for _ in range(9)} == {500}
        api.faults.clear()
        assert api.status() == 200

    def test_they_take_turns_in_their_order(self, api: Api) -> None:
        api.faults.add(Fault("status", status=502))
        api.faults.add(Fault("status", status=503))
        assert len(api.faults) == 2
        assert [api.status() for _ in range(3)] == [502, 503, 200]

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
    def test_it_can_be_meant_for_one_operation(self, api: Api, operation: str, path: str) -> None:
        place = path.format(vip=api.vip, run=api.run, run_id=api.run_id)
        fault = api.faults.add(Fault("status", operation, times=None))
        assert api.status(place) == 500
        others = {"audiences", f"segmentMatchAll/{api.vip}"} - {place}
        assert {api.status(other) for other in others} == {200}
        assert fault.applied == 1

    def test_it_can_be_meant_for_one_segment(self, api: Api) -> None:
        other = api.sandbox.account.add_segment("other")
        api.faults.add(Fault("status", segment_id=other.segment_id))
        assert api.status(f"segmentsV2/{api.vip}") == 200
        assert api.status(f"segmentsV2/{other.segment_id}") == 500

    def test_it_can_be_meant_for_one_page(self, api: Api) -> None:
        api.faults.add(Fault("status", page=2))
        assert api.status(f"{api.run}?page=1") == 200
        assert api.status(f"{api.run}?page=x") == 400
        assert api.status(f"{api.run}?page=2") == 500

    @pytest.mark.parametrize(
        "fields",
        [{"kind": "gremlin"}, {"kind": "status", "operation": "delete"}, {"kind": "edit"}],
    )
    def test_what_does_not_exist_is_refused(self, fields: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"fault|operation"):
            Fault(**fields)


class TestAnswer:
    def test_status_brings_headers_and_a_body(self, api: Api) -> None:
        api.faults.add(
            Fault("status", "list", status=511, headers={"X-Why": "no"}, body="log in first")
        )
        response = api.get("audiences")
        assert (response.status_code, response.text) == (511, "log in first")
        assert response.headers["X-Why"] == "no"

    def test_a_failing_start_starts_nothing(self, api: Api) -> None:
        api.faults.add(Fault("status", "start"))
        assert api.status(f"segmentMatchAll/{api.vip}") == 500
        assert len(api.segment.runs) == 1

    @pytest.mark.parametrize("value", [7, "Sun, 15 Jun 2025 15:06:47 GMT"])
    def test_retry_after_is_seconds_or_a_date(self, api: Api, value: str | int) -> None:
        api.faults.add(Fault("retry_after", value=value))
        response = api.get("audiences")
        assert (response.status_code, response.headers["Retry-After"]) == (429, str(value))

    def test_empty_has_no_body(self, api: Api) -> None:
        api.faults.add(Fault("empty"))
        response = api.get("audiences")
        assert (response.status_code, response.content) == (200, b"")

    def test_html_is_no_json(self, api: Api) -> None:
        api.faults.add(Fault("html"))
        response = api.get("audiences")
        assert response.status_code == 200
        assert response.text.startswith("<html>")
        assert response.headers["Content-Type"].startswith("text/html")

    def test_not_object_is_a_list(self, api: Api) -> None:
        api.faults.add(Fault("not_object"))
        assert isinstance(api.get("audiences").json(), list)

    def test_no_data_leaves_an_object(self, api: Api) -> None:
        api.faults.add(Fault("no_data"))
        assert set(api.get("audiences").json()) == {"meta"}

    def test_data_object_is_the_first_row(self, api: Api) -> None:
        api.faults.add(Fault("data_object"))
        assert api.get("audiences").json()["data"]["id"] == api.vip

    def test_edit_changes_the_document(self, api: Api) -> None:
        api.faults.add(Fault("edit", answer=lambda document: document | {"data": []}))
        assert api.get("audiences").json()["data"] == []

    def test_cut_breaks_off_in_the_body(self, api: Api) -> None:
        api.faults.add(Fault("cut"))
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            api.get("audiences")
        assert api.sandbox.requests[-1].status == 200
        assert api.status() == 200

    def test_reset_closes_the_connection_without_an_answer(self, api: Api) -> None:
        api.faults.add(Fault("reset"))
        with pytest.raises(requests.ConnectionError):
            api.get("audiences")
        assert api.sandbox.requests[-1].status == 0
        assert api.status() == 200

    def test_hang_never_answers(self, api: Api) -> None:
        api.faults.add(Fault("hang", seconds=30))
        with pytest.raises(requests.Timeout):
            api.get("audiences", timeout=0.1)
        assert api.status() == 200

    def test_a_hang_ends_with_a_closed_connection(self, api: Api) -> None:
        api.faults.add(Fault("hang", seconds=0.05))
        with pytest.raises(requests.ConnectionError):
            api.get("audiences")

    def test_a_hang_does_not_outlast_the_sandbox(self) -> None:
        began = time.monotonic()
        with Sandbox() as sandbox:
            sandbox.faults.add(Fault("hang", seconds=60))
            headers = {"Api-Token": sandbox.token}
            with pytest.raises(requests.Timeout):
                requests.get(f"{sandbox.url}/api/3/audiences", headers=headers, timeout=0.1)
        assert time.monotonic() - began < 5

    def test_slow_answers_late_by_the_clock(self, api: Api, clock: VirtualClock) -> None:
        api.faults.add(Fault("slow", seconds=20))
        before = clock.time()
        assert api.status() == 200
        assert clock.time() == before + 20

    def test_redirect_leads_elsewhere(self, api: Api) -> None:
        api.faults.add(Fault("redirect", location="https://127.0.0.1:1/login"))
        response = api.get("audiences")
        assert response.status_code == 302
        assert response.headers["Location"] == "https://127.0.0.1:1/login"

    def test_errors_stay_as_they_are(self, api: Api) -> None:
        api.faults.add(Fault("no_data"))
        assert "errors" in api.get("audiences?limit=1").json()
        assert "data" not in api.get("audiences").json()


class TestRun:
    def test_one_that_fails_has_an_end_and_no_result(self, api: Api) -> None:
        api.faults.add(Fault("run_fails"))
        run = api.attributes(f"segmentMatchAll/{api.vip}")
        assert not run["is_ready"]
        assert "run_id_end" in run
        assert api.attributes(f"segmentMatchAll/{api.vip}")["is_ready"]

    def test_one_can_fail_when_it_is_read(self, api: Api) -> None:
        api.faults.add(Fault("run_fails", "read"))
        assert not api.attributes(api.run)["is_ready"]

    def test_one_that_never_ends_is_never_ready(self, api: Api, clock: VirtualClock) -> None:
        api.faults.add(Fault("run_never_ends"))
        run = api.attributes(f"segmentMatchAll/{api.vip}")
        clock.advance(86_400 * 80)
        later = api.attributes(f"segmentMatchAll/{api.vip}/{run['run_id']}")
        assert later["is_ready"] is False
        assert "run_id_end" not in later

    def test_one_that_expires_is_not_found_any_more(self, api: Api) -> None:
        api.faults.add(Fault("run_expires"))
        assert api.status(f"segmentMatchAll/{api.vip}") == 200
        assert [api.status(api.run) for _ in range(2)] == [404, 404]

    def test_one_can_be_started_to_expire(self, api: Api) -> None:
        api.faults.add(Fault("run_expires", "start"))
        run = api.attributes(f"segmentMatchAll/{api.vip}")
        assert api.status(f"segmentMatchAll/{api.vip}/{run['run_id']}") == 404

    def page(self, api: Api, kind: str) -> dict[str, Any]:
        """The second of three pages, spoilt; the first was spared."""
        api.faults.add(Fault(kind, "read", page=2))
        assert api.attributes(f"{api.run}?page_size=10")["matches"] == MEMBERS[:10]
        return api.attributes(f"{api.run}?page_size=10&page=2")

    def test_total_changes_on_a_page(self, api: Api) -> None:
        assert self.page(api, "total_changes")["page"]["total"] == 31

    def test_duplicate_puts_an_id_in_place_of_another(self, api: Api) -> None:
        assert self.page(api, "duplicate")["matches"] == [*MEMBERS[10:19], 11]

    def test_missing_row_leaves_one_id_out(self, api: Api) -> None:
        assert self.page(api, "missing_row")["matches"] == MEMBERS[10:19]

    def test_text_id_is_no_number(self, api: Api) -> None:
        assert self.page(api, "text_id")["matches"] == ["abc", *MEMBERS[11:20]]

    def test_no_page_is_ready_all_the_same(self, api: Api) -> None:
        page = self.page(api, "no_page")
        assert page["is_ready"]
        assert not {"page", "matches"} & set(page)

    def test_a_page_that_is_not_there_yet_is_not_spoilt(self, api: Api) -> None:
        fault = api.faults.add(Fault("no_page"))
        api.attributes(f"segmentMatchAll/{api.vip}?instant")
        assert fault.applied == 0


class TestSwitches:
    def test_faults_are_switched_over_http(self, api: Api) -> None:
        fields = {"kind": "status", "operation": "list", "status": 503, "times": None}
        added = api.switch("faults", "POST", json=fields)
        assert added.status_code == 201
        assert api.status() == 503
        (shown,) = api.switch("faults", "GET").json()
        assert fields.items() <= shown.items()
        assert shown["applied"] == 1
        assert api.switch("faults", "DELETE").json() == []
        assert api.status() == 200

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "[]",
            "{}",
            '{"kind": "gremlin"}',
            '{"kind": "edit"}',
            '{"kind": "status", "colour": 1}',
            '{"kind": "status", "times": "often"}',
            '{"kind": "status", "times": true}',
            '{"kind": "status", "applied": 3}',
        ],
    )
    def test_a_wrong_fault_is_refused(self, api: Api, body: str) -> None:
        response = api.switch("faults", "POST", data=body)
        assert response.status_code == 400
        assert response.json()["errors"][0]["detail"]
        assert not len(api.faults)

    def test_requests_are_shown_and_forgotten(self, api: Api) -> None:
        api.status()
        shown = api.switch("requests", "GET").json()
        assert [each["path"] for each in shown] == [
            f"/api/3/segmentMatchAll/{api.vip}",
            "/api/3/audiences",
        ]
        assert json.dumps(shown[-1]["headers"])
        assert api.switch("requests", "DELETE").json() == []

    @pytest.mark.parametrize("path", ["faults", "requests"])
    def test_they_need_the_token_too(self, api: Api, path: str) -> None:
        assert requests.get(f"{api.sandbox.url}/sandbox/{path}", timeout=10).status_code == 403
