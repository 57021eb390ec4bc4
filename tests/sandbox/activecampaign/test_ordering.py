"""The order of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.client import SegmentsClient


class TestSort:
    MEMBERS = range(1, 301)

    def ids(self, api: SegmentsClient, sort: str) -> list[int]:
        run = api.run(api.account.segments[0], f"page_size=10000&sort={sort}")
        ids: list[int] = run["matches"]
        return ids

    @pytest.mark.parametrize(
        "field", ["email", "phone", "first_name", "cdate", "score", "score2", "field9"]
    )
    def test_order_is_stable_and_a_dash_reverses_it(self, api: SegmentsClient, field: str) -> None:
        api.account.add_segment("some", self.MEMBERS)
        ids = self.ids(api, field)
        assert sorted(ids) == list(self.MEMBERS) != ids
        assert self.ids(api, field) == ids
        assert self.ids(api, f"-{field}") == ids[::-1]

    def test_fields_and_numbers_differ(self, api: SegmentsClient) -> None:
        api.account.add_segment("some", self.MEMBERS)
        fields = ["email", "phone", "score1", "score2", "field1", "field2"]
        assert len({tuple(self.ids(api, field)) for field in fields}) == len(fields)

    def test_a_second_field_breaks_ties(self, api: SegmentsClient) -> None:
        api.account.add_segment("some", self.MEMBERS)
        by_name = self.ids(api, "account_name")
        by_both = self.ids(api, "account_name,-email")
        assert by_name != by_both
        assert sorted(by_both) == list(self.MEMBERS)

    def test_members_need_not_be_ascending(self, api: SegmentsClient) -> None:
        api.account.add_segment("some", [8, 3, 5])
        assert self.ids(api, "id") == [3, 5, 8]
        assert self.ids(api, "-id") == [8, 5, 3]
