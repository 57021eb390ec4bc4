"""Requests for an export."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tap_activecampaign_segments.sandbox import Sandbox, VirtualClock
from tests.sandbox.client import NOW, PROFILES, SCHEME, ExportsClient, stamp


class TestInitiate:
    def test_access_token_is_an_integer(self, vendor: ExportsClient) -> None:
        answer = vendor.initiate().json()
        assert set(answer) == {"AccessToken"}
        assert type(answer["AccessToken"]) is int

    def test_repeating_starts_another_export(self, vendor: ExportsClient) -> None:
        assert vendor.export() is not vendor.export()
        assert len({export.token for export in vendor.preferences.exports}) == 2

    def test_tokens_depend_on_the_seed(self, vendor: ExportsClient) -> None:
        with Sandbox(clock=VirtualClock(NOW)) as sandbox, requests.Session() as session:
            other = ExportsClient(sandbox, session)
            sandbox.preferences.add_group("VIP")
            assert other.export().token == vendor.export().token

    def test_keeps_the_body(self, vendor: ExportsClient) -> None:
        body: dict[str, Any] = {"MatchCriteria": "ProfileId", "Values": ["3"]}
        export = vendor.export(**body)
        assert export.body == body
        request = vendor.sandbox.requests[-1]
        assert json.loads(request.body) == body
        assert request.headers["authorization"].startswith(SCHEME)

    @pytest.mark.parametrize(
        "body",
        [
            {"LastDateTime": "2025-06-15"},
            {"LastDateTime": "2025-06-15T10:00:00Z"},
            {"LastDateTime": "2025-06-15T10:00:00.12Z"},
            {"LastDateTime": "2025-06-15T10:00:00.1234Z"},
            {"LastDateTime": "2025-06-15T10:00:00.123+00:00"},
            {"LastDateTime": "2025-06-31T10:00:00.123Z"},
            {"LastDateTime": ""},
            {"LastDateTime": 1_750_000_000},
            {"lastDateTime": "2025-06-15T10:00:00.123Z"},
            {"CallbackURL": "https://example.com"},
            {"MatchCriteria": "Email", "Values": ["a"]},
            {"MatchCriteria": "EmailAddress"},
            {"MatchCriteria": "EmailAddress", "Values": []},
            {"MatchCriteria": "EmailAddress", "Values": "a"},
            {"MatchCriteria": "EmailAddress", "Values": None},
            {"MatchCriteria": "ProfileId", "Values": [1]},
            {"MatchCriteria": "AlternateId", "Values": ["a"]},
            {"MatchCriteria": "AlternateId", "MatchType": "", "Values": ["a"]},
            {"MatchCriteria": "AlternateId", "MatchType": None, "Values": ["a"]},
            {"MatchType": "CrmId"},
            {"Values": ["a"]},
        ],
    )
    def test_rejects_an_invalid_body(self, vendor: ExportsClient, body: dict[str, Any]) -> None:
        response = vendor.initiate(**body)
        assert (response.status_code, set(response.json())) == (400, {"Message"})
        assert not vendor.preferences.exports

    @pytest.mark.parametrize("body", ["", "x", "[]", "null", '"x"'])
    def test_rejects_a_body_that_is_no_object(self, vendor: ExportsClient, body: str) -> None:
        headers = {"Content-Type": "application/json"}
        response = vendor.request("POST", "SegmentGroup/VIP", data=body, headers=headers)
        assert response.status_code == 400

    def test_rejects_another_media_type(self, vendor: ExportsClient) -> None:
        assert vendor.request("POST", "SegmentGroup/VIP", data="{}").status_code == 400

    def test_null_means_absent_where_documented(self, vendor: ExportsClient) -> None:
        export = vendor.export(LastDateTime=None, MatchCriteria=None, Values=None)
        assert len(export.rows) == 7


class TestLastDateTime:
    @pytest.mark.parametrize(
        ("sent", "found"),
        [(0, 3), (2, 3), (3, 7), (6, 7), (7, 10), (9, 10), (120, 123), (997, 1000)],
    )
    def test_milliseconds_are_rounded_up(
        self, vendor: ExportsClient, sent: int, found: int
    ) -> None:
        group = vendor.preferences.find_group("VIP")
        assert group
        group.touch(2, NOW + (found - 1) / 1000)
        group.touch(5, NOW + found / 1000)
        export = vendor.export(LastDateTime=stamp(NOW + sent / 1000))
        assert vendor.ids(export) == [5]

    def test_the_zone_is_optional(self, vendor: ExportsClient) -> None:
        export = vendor.export(LastDateTime=stamp(NOW).removesuffix("Z"))
        assert vendor.ids(export) == []

    def test_selects_changed_profiles_only(
        self, vendor: ExportsClient, clock: VirtualClock
    ) -> None:
        group = vendor.preferences.find_group("VIP")
        assert group
        clock.advance(60)
        group.profiles = [*group.profiles[:2], {"ProfileId": 3, "IsActive": False}]
        group.profiles = [*group.profiles, {"ProfileId": 99}]
        assert vendor.ids(vendor.export(LastDateTime=stamp(NOW))) == [3, 99]
        assert vendor.ids(vendor.export()) == [1, 2, 3, 99]

    def test_selects_deleted_profiles(self, vendor: ExportsClient, clock: VirtualClock) -> None:
        group = vendor.preferences.find_group("VIP")
        assert group
        clock.advance(60)
        group.delete(4, reason="Moved")
        (profile,) = vendor.data(vendor.export(LastDateTime=stamp(NOW))).json()[PROFILES]
        assert profile == {
            "ProfileId": 4,
            "DateDeleted": stamp(NOW + 60),
            "ReasonCode": "Moved",
        }

    def test_touch_needs_a_known_profile(self, vendor: ExportsClient) -> None:
        with pytest.raises(KeyError, match="no profile 8"):
            vendor.preferences.groups[0].touch(8)


class TestMatchCriteria:
    @pytest.mark.parametrize(
        ("criterion", "kind", "values", "found"),
        [
            ("ProfileId", None, ["1", "2", "99"], [1, 2]),
            ("ProfileId", "Business", ["1", "2"], [2]),
            ("EmailAddress", None, ["A@example.com"], [1]),
            ("EmailAddress", "Work", ["a@example.com"], []),
            ("EmailAddress", "Home", ["a@example.com", "b@example.com"], [1]),
            ("PhoneNumber", None, ["+15550001"], [2]),
            ("AlternateId", "CrmId", ["C-1"], [1]),
            ("AlternateId", "ShopId", ["C-1"], [2]),
        ],
    )
    def test_narrow_the_group(
        self,
        vendor: ExportsClient,
        criterion: str,
        kind: str | None,
        values: list[str],
        found: list[int],
    ) -> None:
        vendor.preferences.add_group(
            "typed",
            [
                {
                    "ProfileId": 1,
                    "CustomerType": "Consumer",
                    "Emails": [{"Type": "Home", "Value": "a@example.com"}],
                    "AlternateIds": [{"Type": "CrmId", "Value": "C-1"}],
                    "PhoneNumbers": None,
                },
                {
                    "ProfileId": 2,
                    "CustomerType": "Business",
                    "PhoneNumbers": [{"Type": "Mobile", "Value": "+15550001"}],
                    "AlternateIds": [{"Type": "ShopId", "Value": "C-1"}],
                },
            ],
        )
        typed = {} if kind is None else {"MatchType": kind}
        export = vendor.export("typed", MatchCriteria=criterion, Values=values, **typed)
        assert vendor.ids(export) == found
