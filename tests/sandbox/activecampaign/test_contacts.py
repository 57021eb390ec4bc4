"""`GET contacts`: which contacts come, in which order and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox.activecampaign.contacts import build_contact
from tests.sandbox.client import DAY, NOW

if TYPE_CHECKING:
    from tests.sandbox.client import SegmentsClient

NOW_DATE = "2025-06-15T10:06:40-05:00"
"""`NOW` as contacts have it."""


def get(api: SegmentsClient, query: str = "", token: str | None = None) -> dict[str, Any]:
    response = api.get(f"contacts?{query}", token=token)
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def ids(api: SegmentsClient, query: str = "", token: str | None = None) -> list[int]:
    return [int(each["id"]) for each in get(api, query, token)["contacts"]]


def total(api: SegmentsClient, query: str = "", token: str | None = None) -> str:
    text: str = get(api, query, token)["meta"]["total"]
    return text


class TestWhoExists:
    def test_nobody(self, api: SegmentsClient) -> None:
        assert get(api) == {"contacts": [], "meta": {"total": "0"}}
        assert get(api, "ids=5&include=contactLists")["contactLists"] == []

    def test_members_of_segments_and_of_earlier_results(self, api: SegmentsClient) -> None:
        segment = api.account.add_segment("VIP", [9, 3, 3, 700])
        api.account.add_segment("other", range(3, 6))
        segment.record_run(NOW - DAY, [8])
        assert ids(api) == [3, 4, 5, 8, 9, 700]
        assert total(api) == "6"

    def test_contacts_that_were_added(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(10, 14))
        api.account.add_contacts([2, 12, 20])
        assert ids(api) == [2, 10, 11, 12, 13, 20]
        assert total(api, "limit=1") == "6"

    def test_members_that_change_are_noticed(self, api: SegmentsClient) -> None:
        segment = api.account.add_segment("VIP", [1, 2])
        assert ids(api) == [1, 2]
        segment.members = range(2, 5)
        assert ids(api) == [2, 3, 4]
        api.run(segment)
        segment.members = [7, 2]
        assert ids(api) == [2, 3, 4, 7]
        assert ids(api, "ids=1,4,7") == [4, 7]
        api.account.remove(segment)
        assert get(api)["meta"] == {"total": "0"}

    @pytest.mark.parametrize("members", [range(1, 9), [*range(1, 9)]], ids=["range", "list"])
    def test_a_deleted_contact_is_gone(self, api: SegmentsClient, members: Any) -> None:
        segment = api.account.add_segment("VIP", members)
        api.run(segment)
        api.account.add_contacts(range(3, 6))
        assert total(api) == "8"
        api.account.delete_contact(4)
        assert ids(api) == [1, 2, 3, 5, 6, 7, 8]
        assert ids(api, "id_greater=2&limit=2") == [3, 5]
        assert ids(api, "orders[id]=DESC&offset=3&limit=2") == [5, 3]
        assert ids(api, "ids[]=4&ids[]=5") == [5]
        assert total(api) == "7"

    def test_users_see_their_contacts_only(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 101))
        token = api.account.add_token("7", hides=lambda contact: contact % 10 > 0)
        assert ids(api, "id_greater=20&limit=3", token) == [30, 40, 50]
        assert ids(api, "ids=19,20", token) == [20]
        assert (total(api, token=token), total(api)) == ("10", "100")
        api.account.delete_contact(50)
        assert ids(api, "id_greater=40", token) == [60, 70, 80, 90, 100]


class TestPaging:
    @pytest.mark.parametrize("order", ["", "&orders[id]=ASC"])
    def test_id_greater_reaches_every_contact_once(self, api: SegmentsClient, order: str) -> None:
        members = [*range(1, 200, 2), *range(500, 600)]
        api.account.add_segment("VIP", members)
        api.account.add_contacts(range(1000, 1050))
        read: list[int] = []
        left = 250
        while page := ids(api, f"limit=100&id_greater={read[-1] if read else 0}{order}"):
            assert total(api, f"id_greater={read[-1] if read else 0}") == str(left)
            left -= len(page)
            read += page
        assert read == [*members, *range(1000, 1050)]

    def test_id_less_pages_downwards(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 251))
        assert ids(api, "orders[id]=DESC&limit=3") == [250, 249, 248]
        assert ids(api, "orders[id]=DESC&limit=3&id_less=248") == [247, 246, 245]
        assert ids(api, "orders[id]=DESC&limit=3&id_less=3") == [2, 1]
        assert ids(api, "id_less=3") == [1, 2]
        assert ids(api, "id_greater=5&id_less=8") == [6, 7]
        assert total(api, "id_greater=5&id_less=8&limit=1") == "2"
        assert get(api, "id_greater=8&id_less=5")["meta"] == {"total": "0"}

    def test_offset_skips(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 41))
        assert ids(api, "offset=5&limit=2") == [6, 7]
        assert ids(api, "offset=39") == [40]
        assert ids(api, "offset=40") == []
        assert ids(api, "offset=38&orders[id]=DESC") == [2, 1]
        assert ids(api, "offset=40&orders[id]=DESC") == []
        assert ids(api, "offset=1&ids=9,7,8&limit=1") == [8]
        assert total(api, "offset=40") == "40"

    def test_limit_is_20_by_default_and_100_at_most(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 151))
        assert len(ids(api)) == 20
        assert len(ids(api, "limit=100")) == 100
        assert api.status("contacts?limit=101") == 400

    def test_ids_come_in_order_and_to_the_limit(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 151))
        assert ids(api, "ids[]=30&ids[]=7&ids[]=7&ids[]=999") == [7, 30]
        assert ids(api, "ids=30,7&orders[id]=DESC") == [30, 7]
        assert ids(api, "ids=1,2,3&id_greater=1&id_less=3") == [2]
        many = f"ids={','.join(map(str, range(1, 101)))}"
        assert ids(api, many) == [*range(1, 21)]
        assert total(api, many) == "100"
        assert ids(api, f"{many}&limit=100") == [*range(1, 101)]

    def test_millions_of_contacts_cost_no_more_than_few(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 2_000_000_001))
        api.account.delete_contact(1_999_999_998)
        assert ids(api, "id_greater=1999999996") == [1_999_999_997, 1_999_999_999, 2_000_000_000]
        assert ids(api, "ids=1999999998,1999999999") == [1_999_999_999]
        assert ids(api, "offset=1999999998") == [2_000_000_000]
        assert total(api) == "1999999999"


class TestFilters:
    @pytest.fixture(autouse=True)
    def contacts(self, api: SegmentsClient) -> None:
        """Thirty contacts, one of which was updated at `NOW`."""
        api.account.add_contacts(range(1, 31))
        api.account.update_contact(7)

    def test_udate_is_the_bound(self, api: SegmentsClient) -> None:
        assert get(api, "ids=7")["contacts"][0]["udate"] == NOW_DATE
        assert ids(api, "filters[updated_after]=2025-06-15T15:06:39Z") == [7]
        assert ids(api, "filters[updated_after]=2025-06-15T15:06:40Z") == []
        assert total(api, "filters[updated_before]=2025-06-15T15:06:40Z") == "29"
        assert total(api, "filters[updated_before]=2025-06-15T15:06:41Z&limit=1") == "30"

    def test_cdate_is_a_bound_too(self, api: SegmentsClient) -> None:
        created = {each: build_contact(each)["cdate"] for each in range(1, 31)}
        middle = created[15].replace("+", "%2B")
        later = [each for each, date in created.items() if date > created[15]]
        earlier = [each for each, date in created.items() if date < created[15]]
        assert ids(api, f"filters[created_after]={middle}&limit=100") == later
        assert ids(api, f"filters[created_before]={middle}&limit=100") == earlier
        query = f"filters[created_after]={middle}&id_greater={later[0]}&limit=100"
        assert ids(api, query) == later[1:]
        assert ids(api, f"filters[created_before]={middle}&ids=15,{earlier[0]}") == earlier[:1]

    @pytest.mark.parametrize(
        "text",
        [
            *("2025-06-15", "2025-06-15 10:06:39", "2025-06-15T10:06:39", "2025-06-15T10:06"),
            *("2025-06-15T10:06:39-05:00", "2025-06-15T17:06:39%2B02:00"),
            *("2025-06-15T17:06:39+02:00", "2025-06-15T10:06:39-0500"),
            "2025-06-15T15:06:39.999Z",
        ],
    )
    def test_forms_of_dates(self, api: SegmentsClient, text: str) -> None:
        assert ids(api, f"filters[updated_after]={text}") == [7]
        assert total(api, f"filters[updated_before]={text}") == "29"

    @pytest.mark.parametrize(
        "text", ["2025-06-15T15:07Z", "2025-06-16", "2025-06-15 10:06:40", "2025-06-15T10:06:41"]
    )
    def test_later_dates(self, api: SegmentsClient, text: str) -> None:
        assert ids(api, f"filters[updated_after]={text}") == []

    def test_a_new_update_is_noticed(self, api: SegmentsClient) -> None:
        query = "filters[updated_after]=2020-01-01&filters[created_before]=2099-01-01&id_greater=29"
        assert ids(api, query) == [30]
        api.account.update_contact(30, at=NOW - 9999 * DAY)
        assert ids(api, query) == []

    def test_status_of_a_subscription(self, api: SegmentsClient) -> None:
        api.account.subscribe(3, 9, 2)
        api.account.add_contacts([53])
        assert ids(api, "status=2") == [3]
        assert total(api, "status=1") == "30"
        assert total(api, "status=-1") == total(api) == "31"


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=ten", "offset=-1", "id_greater=-1", "id_less=x"),
        *(
            "ids=5,x",
            "ids[]=x",
            "ids[]=-1",
            f"ids={'9' * 19}",
            "orders[id]=up",
            "orders[email]=ASC",
        ),
        *("status=4", "status=", "segmentid=1", "search=x", "filters[id]=1", "filters[email]=x"),
        *("id_greater=1&id_greater=2", "page=1"),
        *(
            f"filters[updated_after]={text}"
            for text in (
                *("", "yesterday", "2025-13-01", "2025-02-30", "1750000000", "2025-6-15"),
                *("2025-06-15T25:00:00Z", "2025-06-15T10:00:00%2B99:00", "2025-06-15Z"),
            )
        ),
        *(f"filters[{name}]=no" for name in ("updated_before", "created_after", "created_before")),
    ],
)
def test_what_is_refused(api: SegmentsClient, query: str) -> None:
    assert api.status(f"contacts?{query}") == 400


class TestTraits:
    def test_updated_after_can_be_ignored(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 4))
        api.account.set_otherwise("updated_after_selects_contacts")
        assert ids(api, "filters[updated_after]=2099-01-01&id_greater=1") == [2, 3]

    def test_id_greater_can_be_ignored(self, api: SegmentsClient) -> None:
        api.account.add_contacts(range(1, 4))
        api.account.set_otherwise("id_greater_pages_contacts")
        assert ids(api, "id_greater=2") == [1, 2, 3]
        assert ids(api, "filters[updated_after]=2099-01-01") == []
