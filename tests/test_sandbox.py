"""The sandbox through HTTP: every strictness, every trap."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Sandbox, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.sandbox import Segment

NOW = 1_750_000_000.0
DAY = 86_400.0


class Api:
    """A client that asks for paths below the prefix."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account
        self._session = session

    def get(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        return self._session.request(
            method,
            f"{self.sandbox.url}/api/3/{path}",
            headers={"Api-Token": self.sandbox.token, **headers},
            timeout=10,
            allow_redirects=False,
        )

    def status(self, path: str) -> int:
        return self.get(path).status_code

    def data(self, path: str) -> list[dict[str, Any]]:
        response = self.get(path)
        assert response.status_code == 200, response.text
        rows: list[dict[str, Any]] = response.json()["data"]
        return rows

    def attributes(self, path: str) -> dict[str, Any]:
        (row,) = self.data(path)
        attributes: dict[str, Any] = row["attributes"]
        return attributes

    def names(self, query: str = "") -> list[str]:
        return [row["attributes"]["name"] for row in self.data(f"audiences?{query}")]

    def run(self, segment: Segment, query: str = "") -> dict[str, Any]:
        return self.attributes(f"segmentMatchAll/{segment.segment_id}?{query}")

    def read(self, run: dict[str, Any], query: str = "", verb: str = "All") -> dict[str, Any]:
        return self.attributes(f"segmentMatch{verb}/{run['segment_id']}/{run['run_id']}?{query}")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def limit() -> int | None:
    return None


@pytest.fixture
def api(clock: VirtualClock, limit: int | None) -> Iterator[Api]:
    account = Account(clock=clock)
    with Sandbox(account, requests_per_second=limit) as sandbox, requests.Session() as session:
        yield Api(sandbox, session)


@pytest.fixture
def vip(api: Api) -> Segment:
    return api.account.add_segment("VIP", [3, 5, 8, 13, 21])


class TestAccess:
    @pytest.mark.parametrize("token", ["", "wrong"])
    def test_a_wrong_token_is_refused_without_a_word(self, api: Api, token: str) -> None:
        response = api.get("audiences", **{"Api-Token": token})
        assert (response.status_code, response.content) == (403, b"")

    def test_a_missing_token_is_refused(self, api: Api) -> None:
        response = requests.get(f"{api.sandbox.url}/api/3/audiences", timeout=10)
        assert response.status_code == 403

    def test_the_refusal_can_be_401(self, api: Api) -> None:
        api.account.refusal_status = 401
        assert api.get("audiences", **{"Api-Token": "wrong"}).status_code == 401

    def test_the_token_follows_from_the_seed(self) -> None:
        assert Account(7).token == Account(7).token != Account(8).token

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_only_get_is_allowed(self, api: Api, method: str) -> None:
        response = api.get("audiences", method=method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET")

    def test_head_is_not_allowed_either(self, api: Api) -> None:
        assert api.get("audiences", method="HEAD").status_code == 405

    @pytest.mark.parametrize("path", ["segments", "audiences/", "segmentMatchAll", ""])
    def test_what_does_not_exist_is_404_in_the_old_form(self, api: Api, path: str) -> None:
        response = api.get(path)
        assert response.status_code == 404
        assert set(response.json()) == {"message"}

    def test_an_error_has_the_form_of_json_api(self, api: Api) -> None:
        (error,) = api.get("segmentsV2/nobody").json()["errors"]
        assert set(error) == {"code", "detail", "source", "status", "title"}
        assert error["status"] == "404 NOT_FOUND"
        assert error["source"] == {"pointer": ""}


class TestRateLimit:
    @pytest.fixture
    def limit(self) -> int:
        return 5

    def test_the_sixth_request_within_a_second_is_too_many(
        self, api: Api, clock: VirtualClock
    ) -> None:
        assert [api.status("segmentsV2/x") for _ in range(6)] == [404] * 5 + [429]
        clock.advance(0.99)
        assert api.status("segmentsV2/x") == 429
        clock.advance(0.02)
        assert api.status("segmentsV2/x") == 404

    def test_the_window_slides(self, api: Api, clock: VirtualClock) -> None:
        for _ in range(5):
            assert api.status("segmentsV2/x") == 404
            clock.advance(0.19)
        assert api.status("segmentsV2/x") == 429
        clock.advance(0.06)
        assert [api.status("segmentsV2/x") for _ in range(2)] == [404, 429]

    def test_it_says_when_to_come_again_and_what_is_left(self, api: Api) -> None:
        answers = [api.get("segmentsV2/x") for _ in range(6)]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == list("432100")
        assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"5"}
        assert [answer.headers.get("Retry-After") for answer in answers] == [None] * 5 + ["1"]

    def test_strangers_and_the_own_switches_spend_nothing(self, api: Api) -> None:
        for _ in range(9):
            api.get("audiences", **{"Api-Token": "wrong"})
            requests.get(
                f"{api.sandbox.url}/sandbox/faults",
                headers={"Api-Token": api.sandbox.token},
                timeout=10,
            )
        assert api.status("segmentsV2/x") == 404


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
def test_what_the_api_does_not_know_is_refused(api: Api, path: str) -> None:
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
def test_an_unknown_segment_is_not_found(api: Api, path: str) -> None:
    response = api.get(path)
    assert response.status_code == 404
    assert response.json()["errors"][0]["status"] == "404 NOT_FOUND"


def test_an_id_in_a_path_is_decoded_after_the_path_was_split(api: Api) -> None:
    strange = "a/b c%2F?#ü"
    segment = api.account.add_segment("strange", [1], segment_id=strange)
    assert api.attributes(f"segmentsV2/{quote(strange, safe='')}")["segment_id"] == strange
    run = api.attributes(f"segmentMatchAll/{quote(strange, safe='')}")
    assert run["run_id"] == segment.runs[0].run_id


class TestListing:
    def test_an_account_without_saved_segments_is_not_found(self, api: Api) -> None:
        api.account.add_segment(None, [1])
        assert api.status("audiences") == 404

    def test_unsaved_segments_work_by_id_but_are_listed_nowhere(
        self, api: Api, vip: Segment
    ) -> None:
        unsaved = api.account.add_segment(None, [1, 2])
        assert [row["id"] for row in api.data("audiences")] == [vip.segment_id]
        assert api.status(f"audiences/{unsaved.segment_id}") == 404
        assert "name" not in api.attributes(f"segmentsV2/{unsaved.segment_id}")
        assert api.run(unsaved)["matches"] == [1, 2]

    def test_pages_end_with_404(self, api: Api) -> None:
        for number in range(7):
            api.account.add_segment(f"{number}")
        assert api.names("sort=name&page_size=3") == ["0", "1", "2"]
        assert api.names("sort=name&page_size=3&page=3") == ["6"]
        assert api.status("audiences?page_size=3&page=4") == 404
        assert api.status("audiences?page_size=10000&page=2") == 404

    def test_twenty_rows_are_a_page_by_default(self, api: Api) -> None:
        for number in range(21):
            api.account.add_segment(f"{number}")
        assert len(api.names()) == 20

    def test_the_number_of_pages_comes_with_it_unless_switched_off(
        self, api: Api, vip: Segment
    ) -> None:
        assert vip.name
        assert api.get("audiences").json()["meta"] == {"page": {"current_page": 1, "last_page": 1}}
        api.account.listing_meta = False
        assert set(api.get("audiences").json()) == {"data"}

    def test_search_takes_part_of_a_name_in_any_case(self, api: Api, vip: Segment) -> None:
        api.account.add_segment("Newsletter")
        assert api.names("search=vi") == [vip.name]
        assert api.status("audiences?search=nothing") == 404

    def test_it_sorts_by_name_size_and_change(self, api: Api, clock: VirtualClock) -> None:
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

    def test_a_row_has_its_last_run(self, api: Api, vip: Segment) -> None:
        assert api.attributes(f"audiences/{vip.segment_id}")["counts"] == {}
        run = api.run(vip)
        row = api.attributes(f"audiences/{vip.segment_id}")
        assert row["category"] == "audience"
        total = row["counts"]["last_total"]
        assert (total["count"], total["run_id"]) == (5, run["run_id"])
        assert total["run_id_start"] == total["last_total_updated"] == run["run_id_start"]
        assert total["run_id_end"] == run["run_id_end"]
        assert row["counts"]["last_active_total"]["count"] == 4

    def test_ids_are_unique(self, api: Api, vip: Segment) -> None:
        with pytest.raises(ValueError, match=vip.segment_id):
            api.account.add_segment("other", segment_id=vip.segment_id)


class TestDefinition:
    def test_every_version_is_found_by_walking_back(self, api: Api, clock: VirtualClock) -> None:
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

    def test_a_version_is_in_force_from_its_very_millisecond(self, api: Api) -> None:
        segment = api.account.add_segment("VIP", created=NOW)
        path = f"segmentsV2/{segment.segment_id}/createdDate"
        assert api.status(f"{path}/{round(NOW * 1000)}") == 200
        assert api.status(f"{path}/{round(NOW * 1000) - 1}") == 404

    def test_numeric_ids_have_no_history(self, api: Api) -> None:
        api.account.add_segment("legacy", segment_id="17")
        assert api.status("segmentsV2/17") == 200
        assert api.status("segmentsV2/17/createdDate/1750000000000") == 404

    def test_without_a_date_it_is_the_newest_one(self, api: Api, vip: Segment) -> None:
        newest = vip.edit(NOW - DAY, description="mine")
        answer = api.attributes(f"segmentsV2/{vip.segment_id}")
        assert answer["segment_hash"] == newest.segment_hash
        assert answer["description"] == "mine"
        assert answer["category"] == "AUDIENCE"

    def test_an_edit_is_the_segment_timestamp_of_later_runs(self, api: Api, vip: Segment) -> None:
        before = api.run(vip)["segment_timestamp"]
        vip.edit()
        after = api.run(vip)["segment_timestamp"]
        assert before < after
        assert after == api.attributes(f"segmentsV2/{vip.segment_id}")["created_date"]

    def test_an_external_condition_shows_and_refuses_every_run(
        self, api: Api, vip: Segment
    ) -> None:
        vip.external = True
        conditions = api.attributes(f"segmentsV2/{vip.segment_id}")["segment_conditions"]
        assert conditions[0]["fields"][0]["external"] is True
        assert api.status(f"segmentMatchAll/{vip.segment_id}") == 400
        vip.external = False
        assert api.status(f"segmentMatchAll/{vip.segment_id}") == 200

    def test_only_a_saved_segment_can_change_its_name(self, api: Api, vip: Segment) -> None:
        vip.edit(name="VIPs")
        assert api.names() == ["VIPs"]
        with pytest.raises(ValueError, match="not saved"):
            api.account.add_segment(None).edit(name="saved")


class TestRun:
    def test_a_quick_one_brings_its_first_page_at_once(self, api: Api, vip: Segment) -> None:
        run = api.run(vip, "page_size=3")
        assert run["is_ready"]
        assert run["matches"] == [3, 5, 8]
        assert run["page"] == {"current_page": 1, "last_page": 2, "per_page": 3, "total": 5}
        assert api.read(run, "page_size=3&page=2")["matches"] == [13, 21]

    def test_twenty_ids_are_a_page_by_default(self, api: Api) -> None:
        run = api.run(api.account.add_segment("many", range(1, 100)))
        assert run["matches"] == list(range(1, 21))

    @pytest.mark.parametrize(("seconds", "ready"), [(3.9, True), (4.0, True), (4.1, False)])
    def test_it_is_waited_for_four_seconds(
        self, api: Api, clock: VirtualClock, seconds: float, *, ready: bool
    ) -> None:
        run = api.run(api.account.add_segment("slow", [1], evaluation_seconds=seconds))
        assert clock.time() - NOW == pytest.approx(min(seconds, 4.0))
        assert run["is_ready"] is ready
        assert ("matches" in run) is ("page" in run) is ("run_id_end" in run) is ready

    def test_a_late_result_is_there_when_its_time_has_come(
        self, api: Api, clock: VirtualClock
    ) -> None:
        run = api.run(api.account.add_segment("slow", [1], evaluation_seconds=6))
        assert not api.read(run)["is_ready"]
        clock.advance(2)
        assert api.read(run)["matches"] == [1]

    @pytest.mark.parametrize("query", ["instant", "instant="])
    def test_instant_never_waits_and_never_has_the_result(
        self, api: Api, clock: VirtualClock, vip: Segment, query: str
    ) -> None:
        run = api.run(vip, query)
        assert not run["is_ready"]
        assert not {"matches", "page", "run_id_end"} & set(run)
        assert clock.time() == NOW
        assert api.read(run)["matches"] == [3, 5, 8, 13, 21]

    def test_another_sort_evaluates_again_under_the_same_id(
        self, api: Api, clock: VirtualClock, vip: Segment
    ) -> None:
        run = api.run(vip, "sort=-id")
        assert run["matches"] == [21, 13, 8, 5, 3]
        vip.members = [1]
        vip.evaluation_seconds = 2
        broken = api.read(run)
        assert broken["run_id"] == run["run_id"]
        assert not broken["is_ready"]
        assert "matches" not in broken
        clock.advance(2)
        assert api.read(run)["matches"] == [1]
        assert not api.read(run, "sort=-id")["is_ready"]

    def test_a_missing_sort_is_id(self, api: Api, vip: Segment) -> None:
        assert api.read(api.run(vip, "sort=id"))["is_ready"]
        assert api.read(api.run(vip), "sort=id")["is_ready"]

    def test_match_some_keeps_the_sort_and_starts_nothing(self, api: Api, vip: Segment) -> None:
        run = api.run(vip, "sort=-id")
        vip.members = [1]
        assert api.read(run, verb="Some") == run
        assert api.read(run, "page_size=2&page=2", verb="Some")["matches"] == [8, 5]
        assert len(vip.runs) == 1

    def test_a_run_belongs_to_its_segment(self, api: Api, vip: Segment) -> None:
        other = api.account.add_segment("other", [1])
        run = api.run(vip)
        assert api.status(f"segmentMatchAll/{other.segment_id}/{run['run_id']}") == 404
        assert api.status(f"segmentMatchAll/{vip.segment_id}/unknown") == 404

    def test_results_are_kept_for_90_days(
        self, api: Api, clock: VirtualClock, vip: Segment
    ) -> None:
        run = api.run(vip)
        path = f"segmentMatchAll/{vip.segment_id}/{run['run_id']}"
        clock.advance(90 * DAY - 1)
        assert api.status(path) == 200
        clock.advance(1)
        assert api.status(path) == 404

    def test_runs_can_expire_at_once_or_at_a_set_time(
        self, api: Api, clock: VirtualClock, vip: Segment
    ) -> None:
        first, second = api.run(vip), api.run(vip)
        paths = [f"segmentMatchAll/{vip.segment_id}/{run['run_id']}" for run in (first, second)]
        vip.runs[0].expires_at = clock.time()
        assert [api.status(path) for path in paths] == [404, 200]
        api.account.expire_runs()
        assert [api.status(path) for path in paths] == [404, 404]

    def test_a_failed_one_has_an_end_and_no_result(self, api: Api, vip: Segment) -> None:
        run = api.run(vip, "instant")
        vip.runs[0].fails = True
        failed = api.read(run)
        assert not failed["is_ready"]
        assert "run_id_end" in failed
        assert "matches" not in failed
        assert not vip.counts

    def test_it_keeps_the_members_it_started_with(self, api: Api, vip: Segment) -> None:
        run = api.run(vip)
        vip.members = [1]
        assert api.read(run)["matches"] == [3, 5, 8, 13, 21]
        assert api.run(vip)["matches"] == [1]
        assert [run.members for run in vip.runs] == [(3, 5, 8, 13, 21), (1,)]

    def test_members_drift_with_every_run(self, api: Api) -> None:
        segment = api.account.add_segment("many", range(1, 2001), churn=0.01)
        for _ in range(3):
            api.run(segment)
        first, second, third = (set(run.members) for run in segment.runs)
        assert first == set(range(1, 2001))
        assert len(first - second) == len(second - first) == 10
        assert len(second - third) == len(third - second) == 10

    def test_it_goes_with_its_segment(self, api: Api, vip: Segment) -> None:
        run = api.run(vip, "instant")
        api.account.remove(vip)
        assert api.status(f"segmentMatchAll/{vip.segment_id}/{run['run_id']}") == 404
        assert api.status("audiences") == 404

    @pytest.mark.parametrize(
        ("omits", "present"),
        [("keep", {"matches", "page"}), ("matches", {"page"}), ("both", set())],
    )
    def test_an_empty_result_may_leave_things_out(
        self, api: Api, omits: Any, present: set[str]
    ) -> None:
        api.account.omits_empty = omits
        run = api.run(api.account.add_segment("empty"))
        assert run["is_ready"]
        assert {"matches", "page"} & set(run) == present
        if "page" in present:
            assert run["page"]["total"] == 0

    def test_beyond_the_last_page_there_is_nobody(self, api: Api, vip: Segment) -> None:
        run = api.run(vip, "page=2")
        assert run["matches"] == []
        assert run["page"] == {"current_page": 2, "last_page": 1, "per_page": 20, "total": 5}

    def test_five_million_members_cost_nothing(self, api: Api) -> None:
        members = range(1, 5_000_001)
        segment = api.account.add_segment("everybody", members)
        run = api.run(segment, "page_size=10000&page=500")
        assert run["matches"][-1] == run["page"]["total"] == 5_000_000
        assert segment.runs[0].members is members
        reversed_run = api.run(segment, "page_size=1&sort=-id")
        assert reversed_run["matches"] == [5_000_000]


class TestSort:
    MEMBERS = range(1, 301)

    def ids(self, api: Api, sort: str) -> list[int]:
        run = api.run(api.account.segments[0], f"page_size=10000&sort={sort}")
        ids: list[int] = run["matches"]
        return ids

    @pytest.mark.parametrize(
        "field", ["email", "phone", "first_name", "cdate", "score", "score2", "field9"]
    )
    def test_every_field_is_a_lasting_order_and_a_dash_reverses_it(
        self, api: Api, field: str
    ) -> None:
        api.account.add_segment("some", self.MEMBERS)
        ids = self.ids(api, field)
        assert sorted(ids) == list(self.MEMBERS) != ids
        assert self.ids(api, field) == ids
        assert self.ids(api, f"-{field}") == ids[::-1]

    def test_fields_and_numbers_differ(self, api: Api) -> None:
        api.account.add_segment("some", self.MEMBERS)
        fields = ["email", "phone", "score1", "score2", "field1", "field2"]
        assert len({tuple(self.ids(api, field)) for field in fields}) == len(fields)

    def test_a_second_field_decides_between_equals(self, api: Api) -> None:
        api.account.add_segment("some", self.MEMBERS)
        by_name = self.ids(api, "account_name")
        by_both = self.ids(api, "account_name,-email")
        assert by_name != by_both
        assert sorted(by_both) == list(self.MEMBERS)

    def test_members_need_not_be_ascending(self, api: Api) -> None:
        api.account.add_segment("some", [8, 3, 5])
        assert self.ids(api, "id") == [3, 5, 8]
        assert self.ids(api, "-id") == [8, 5, 3]


class TestCountHistory:
    def test_fifty_rows_newest_first_and_a_cursor_that_excludes(
        self, api: Api, vip: Segment
    ) -> None:
        for number in range(120):
            vip.add_count(NOW - number * 60, number)
        path = f"segmentsV2/{vip.segment_id}/count-history"
        first = api.data(path)
        assert [row["attributes"]["result_count"] for row in first] == list(range(50))
        second = api.data(f"{path}/{round(NOW - 49 * 60)}")
        assert [row["attributes"]["result_count"] for row in second] == list(range(50, 100))
        assert api.data(f"{path}/1") == []

    def test_the_seconds_of_the_cursor_cut_through_a_second(self, api: Api, vip: Segment) -> None:
        for milliseconds in (100, 500, 900):
            vip.add_count(NOW + milliseconds / 1000, milliseconds)
        path = f"segmentsV2/{vip.segment_id}/count-history"
        assert api.data(f"{path}/{round(NOW)}") == []
        assert len(api.data(f"{path}/{round(NOW) + 1}")) == 3

    def test_sixty_rows_of_one_instant_have_ids_of_their_own(self, api: Api, vip: Segment) -> None:
        for number in range(60):
            vip.add_count(NOW, number)
        rows = api.data(f"segmentsV2/{vip.segment_id}/count-history")
        assert [row["attributes"]["result_count"] for row in rows] == list(range(59, 9, -1))
        assert len({row["id"] for row in rows}) == 50

    def test_a_finished_run_is_recorded_unless_switched_off(self, api: Api, vip: Segment) -> None:
        run = api.run(vip)
        (row,) = api.data(f"segmentsV2/{vip.segment_id}/count-history")
        assert row["attributes"]["run_id"] == run["run_id"]
        assert row["attributes"]["timestamp"] == run["run_id_end"]
        assert row["attributes"]["result_count"] == 5
        assert row["attributes"]["segment_hash"] == vip.versions[-1].segment_hash
        api.account.records_runs = False
        api.run(vip)
        assert len(vip.counts) == 1

    def test_the_newest_row_says_that_a_newer_one_is_coming(
        self, api: Api, clock: VirtualClock, vip: Segment
    ) -> None:
        vip.add_count(NOW - DAY, 1)
        vip.add_count(NOW - 2 * DAY, 2)
        vip.evaluation_seconds = 60
        run = api.run(vip, "instant")
        path = f"segmentsV2/{vip.segment_id}/count-history"
        rows = [row["attributes"] for row in api.data(path)]
        assert rows[0]["count_updating_with_runid"] == run["run_id"]
        assert "count_updating_with_runid" not in rows[1]
        clock.advance(60)
        rows = [row["attributes"] for row in api.data(path)]
        assert len(rows) == 3
        assert not any("count_updating_with_runid" in row for row in rows)

    def test_rows_may_be_taken_away(self, api: Api, vip: Segment) -> None:
        vip.counts.append(vip.add_count(NOW, 1))
        vip.counts.clear()
        assert api.data(f"segmentsV2/{vip.segment_id}/count-history") == []

    def test_the_newest_ones_of_many_segments_come_at_once(self, api: Api, vip: Segment) -> None:
        other = api.account.add_segment("other")
        api.account.add_segment("never counted", segment_id="never")
        for number in range(3):
            vip.add_count(NOW + number, number)
            other.add_count(NOW - number, number, active_result_count=7)
        ids = f"{other.segment_id},nobody,never,{vip.segment_id},{vip.segment_id}"
        rows = api.data(f"segmentsV2/count-history?segmentIds={ids}")
        assert [row["attributes"]["segment_id"] for row in rows] == [
            other.segment_id,
            vip.segment_id,
        ]
        assert [row["attributes"]["result_count"] for row in rows] == [0, 2]
        assert rows[0]["attributes"]["active_result_count"] == 7

    def test_a_hundred_ids_are_allowed(self, api: Api) -> None:
        ids = ",".join(map(str, range(100)))
        assert api.data(f"segmentsV2/count-history?segmentIds={ids}") == []


class TestTimestamps:
    def fractions(self, api: Api, vip: Segment) -> set[int]:
        for number in range(40):
            vip.add_count(NOW - number - 0.1234, 1)
        rows = api.data(f"segmentsV2/{vip.segment_id}/count-history")
        return {len(row["attributes"]["timestamp"].split(".")[1]) - 1 for row in rows}

    def test_they_have_three_digits_and_sometimes_four(self, api: Api, vip: Segment) -> None:
        assert self.fractions(api, vip) == {3, 4}

    @pytest.mark.parametrize("digits", [3, 4])
    def test_the_number_of_digits_can_be_fixed(self, api: Api, vip: Segment, digits: int) -> None:
        api.account.fraction_digits = digits
        assert self.fractions(api, vip) == {digits}

    def test_answers_are_dated_by_the_clock(self, api: Api) -> None:
        assert api.get("segmentsV2/x").headers["Date"] == "Sun, 15 Jun 2025 15:06:40 GMT"


class TestDemo:
    def test_it_follows_from_its_seed(self) -> None:
        first, second, other = (Account.demo(seed, NOW) for seed in (1, 1, 2))
        assert [s.segment_id for s in first.segments] == [s.segment_id for s in second.segments]
        assert [s.members for s in first.segments] == [s.members for s in second.segments]
        assert [s.counts for s in first.segments] == [s.counts for s in second.segments]
        assert first.segments[0].members != other.segments[0].members

    def test_there_is_something_to_see(self) -> None:
        account = Account.demo(now=NOW)
        saved = [segment for segment in account.segments if segment.name]
        assert len(saved) == 8
        assert len(account.segments) == 9
        assert {0, 1} < {len(segment.members) for segment in saved}
        assert max(len(segment.members) for segment in saved) > 20_000
        assert max(len(segment.versions) for segment in saved) > 3
        assert all(50 < len(segment.counts) < 170 for segment in saved)
        assert [s.name for s in saved if s.evaluation_seconds > 4] == ["Newsletter"]
        for segment in saved:
            assert all(version.created < NOW for version in segment.versions)
            assert all(segment.versions[0].created < count.at < NOW for count in segment.counts)
            last = max(segment.counts, key=lambda count: count.at)
            assert last.result_count == pytest.approx(len(segment.members), rel=0.05, abs=1)


class TestServer:
    def test_requests_are_written_down_in_order(self, api: Api, clock: VirtualClock) -> None:
        api.get("audiences?search=a%20b")
        clock.advance(1)
        api.get("segmentsV2/a%2Fb")
        api.get("audiences", method="POST")
        first, second, third = api.sandbox.requests
        assert (first.method, first.path, first.raw_query, first.status, first.at) == (
            "GET",
            "/api/3/audiences",
            "search=a%20b",
            404,
            NOW,
        )
        assert (second.path, second.at) == ("/api/3/segmentsV2/a%2Fb", NOW + 1)
        assert (third.method, third.status) == ("POST", 405)
        assert first.headers["api-token"] == api.sandbox.token
        api.sandbox.clear_requests()
        assert api.sandbox.requests == []

    def test_it_listens_on_loopback_and_stops_with_its_block(self) -> None:
        with Sandbox() as sandbox:
            assert sandbox.url.startswith("http://127.0.0.1:")
            requests.get(sandbox.url, timeout=10)
        with pytest.raises(requests.ConnectionError):
            requests.get(sandbox.url, timeout=10)
        assert "sandbox" not in {thread.name for thread in threading.enumerate()}

    def test_a_port_can_be_chosen_once(self) -> None:
        with Sandbox() as sandbox:
            port = int(sandbox.url.rpartition(":")[2])
            with pytest.raises(OSError, match="in use"), Sandbox(port=port):
                pass
        with Sandbox(port=port) as again:
            assert again.url == sandbox.url

    def test_two_can_run_at_once(self) -> None:
        with Sandbox(Account(1)) as first, Sandbox(Account(2)) as second:
            headers = {"Api-Token": first.token}
            statuses = [
                requests.get(f"{each.url}/api/3/audiences", headers=headers, timeout=10).status_code
                for each in (first, second)
            ]
        assert statuses == [404, 403]

    def test_real_time_is_the_default(self) -> None:
        account = Account()
        segment = account.add_segment("slow", [1], evaluation_seconds=0.05)
        with Sandbox(account) as sandbox, requests.Session() as session:
            run = Api(sandbox, session).run(segment)
        assert run["matches"] == [1]
        assert segment.runs[0].ended - segment.runs[0].started == pytest.approx(0.05)
