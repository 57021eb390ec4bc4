"""The sandbox's second half through HTTP: every strictness, every trap of MyPreferences."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.sandbox import Export

NOW = 1_750_000_000.0
SCHEME = "PNAUTHINFO3-HMAC-SHA256"
PROFILES = "UserProfilePreferences"
KNOWN_FIELDS = {
    "ProfileId",
    "IsActive",
    "RegistrationConfirmed",
    "PreservePreferences",
    "PreserveConsents",
    "CustomerType",
    "DefaultLocale",
    "CustomerName",
    "Edited",
    "Consents",
    "ProfilePreferences",
    "AlternateIds",
    "Addresses",
    "PhoneNumbers",
    "Emails",
    "Groups",
    "ProfileTags",
    "CustomFields",
    "ReasonCode",
}


def stamp(at: float) -> str:
    moment = datetime.fromtimestamp(at, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Vendor:
    """A client that signs, and asks for paths below ``/Async/{clientId}/Export/``."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.preferences = sandbox.preferences
        self.session = session

    def signed(self, at: float | None = None, **changes: Any) -> str:
        known = self.preferences
        parts = {
            "secret": known.shared_secret,
            "client": known.client_id,
            "user": known.user_id,
            "timestamp": stamp(known.time() if at is None else at),
            **changes,
        }
        message = f"{parts['client']}:{parts['user']}:{parts['timestamp']}"
        digest = hmac.new(parts["secret"].encode(), message.encode(), hashlib.sha256).digest()
        credential = f"{parts['user']}/{parts['timestamp']}"
        return f"{SCHEME} Credential={credential} Signature={base64.b64encode(digest).decode()}"

    def ask(
        self, method: str, path: str, authorization: str | None = None, **options: Any
    ) -> requests.Response:
        headers = {"Authorization": authorization or self.signed(), **options.pop("headers", {})}
        client = quote(self.preferences.client_id, safe="")
        return self.session.request(
            method,
            f"{self.sandbox.mypreferences_url}/Async/{client}/Export/{path}",
            headers=headers,
            timeout=10,
            allow_redirects=False,
            **options,
        )

    def initiate(self, name: str = "VIP", **body: Any) -> requests.Response:
        return self.ask("POST", f"SegmentGroup/{quote(name, safe='')}", json=body)

    def export(self, name: str = "VIP", **body: Any) -> Export:
        response = self.initiate(name, **body)
        assert response.status_code == 200, response.text
        export = self.preferences.find_export(response.json()["AccessToken"])
        assert export
        return export

    def status(self, export: Export) -> dict[str, Any]:
        content: dict[str, Any] = self.ask("GET", f"{export.token}/Status").json()
        return content

    def data(self, export: Export, query: str = "keepAlive=true") -> requests.Response:
        return self.ask("GET", f"SegmentGroup/{export.token}?{query}")

    def ids(self, export: Export, query: str = "keepAlive=true") -> list[int]:
        return [each["ProfileId"] for each in self.data(export, query).json()[PROFILES]]

    def commit(self, export: Export, query: str = "keepFiles=false") -> requests.Response:
        return self.ask("POST", f"SegmentGroup/Commit/{export.token}?{query}")

    def token(self, **changes: Any) -> requests.Response:
        known = self.preferences
        scope = f"{known.client_id}/{known.user_id}"
        return self.session.post(
            self.sandbox.oauth_token_url + changes.pop("query", ""),
            data={"grant_type": "client_credentials", "scope": scope, **changes.pop("form", {})},
            auth=changes.pop("auth", (known.oauth_client_id, known.oauth_client_secret)),
            headers=changes.pop("headers", {}),
            timeout=10,
            allow_redirects=False,
        )


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def vendor(clock: VirtualClock) -> Iterator[Vendor]:
    with Sandbox(Account(), clock) as sandbox, requests.Session() as session:
        sandbox.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1, 8)])
        yield Vendor(sandbox, session)


class TestSigned:
    def test_a_signature_of_now_is_good(self, vendor: Vendor) -> None:
        assert vendor.initiate().status_code == 200

    @pytest.mark.parametrize(
        ("age", "status"), [(0, 200), (5, 200), (900, 200), (901, 401), (-1, 401)]
    )
    def test_it_is_valid_for_15_minutes_and_never_before(
        self, vendor: Vendor, age: float, status: int
    ) -> None:
        authorization = vendor.signed(NOW - age)
        assert vendor.ask("POST", "SegmentGroup/VIP", authorization, json={}).status_code == status

    @pytest.mark.parametrize("skew", [-3600.0, 3600.0])
    def test_it_is_the_vendors_clock_that_counts(self, vendor: Vendor, skew: float) -> None:
        vendor.preferences.clock_skew = skew
        response = vendor.ask("POST", "SegmentGroup/VIP", vendor.signed(NOW), json={})
        assert response.status_code == 401
        date = parsedate_to_datetime(response.headers["Date"]).timestamp()
        assert date == NOW + skew
        assert vendor.initiate().status_code == 200

    @pytest.mark.parametrize(
        "changes",
        [
            {"secret": "guessed"},
            {"client": "another"},
            {"user": "another"},
            {"timestamp": "2025-06-15T15:06:40"},
            {"timestamp": "2025-06-15T15:06:40+00:00"},
            {"timestamp": "2025-06-15 15:06:40Z"},
            {"timestamp": "2025-13-15T15:06:40Z"},
            {"timestamp": "1750000000"},
        ],
    )
    def test_every_part_counts(self, vendor: Vendor, changes: dict[str, Any]) -> None:
        response = vendor.ask("POST", "SegmentGroup/VIP", vendor.signed(**changes), json={})
        assert response.status_code == 401
        assert SCHEME in response.headers["WWW-Authenticate"]
        assert set(response.json()) == {"Message"}
        assert not vendor.preferences.exports

    @pytest.mark.parametrize("timestamp", ["2025-06-15T15:06:40Z", "2025-06-15T15:06:39.1234567Z"])
    def test_any_fraction_will_do(self, vendor: Vendor, timestamp: str) -> None:
        authorization = vendor.signed(timestamp=timestamp)
        assert vendor.ask("POST", "SegmentGroup/VIP", authorization, json={}).status_code == 200

    @pytest.mark.parametrize(
        "authorization",
        ["nonsense", SCHEME, f"{SCHEME} Credential=u/2025-06-15T15:06:40Z", "Basic eDp5", "Bearer"],
    )
    def test_another_form_is_refused(self, vendor: Vendor, authorization: str) -> None:
        response = vendor.ask("POST", "SegmentGroup/VIP", authorization, json={})
        assert response.status_code == 401

    def test_none_is_refused_on_every_operation(self, vendor: Vendor) -> None:
        base = f"{vendor.sandbox.mypreferences_url}/Async/{vendor.preferences.client_id}/Export"
        for method, path in (
            ("POST", "SegmentGroup/VIP"),
            ("GET", "1/Status"),
            ("GET", "SegmentGroup/1"),
            ("POST", "SegmentGroup/Commit/1"),
        ):
            response = requests.request(method, f"{base}/{path}", timeout=10)
            assert (response.status_code, set(response.json())) == (401, {"Message"})
            assert response.headers["WWW-Authenticate"]

    def test_the_secrets_follow_from_the_seed(self) -> None:
        assert Preferences(7).shared_secret == Preferences(7).shared_secret
        assert Preferences(7).shared_secret != Preferences(8).shared_secret


class TestOAuth:
    def test_a_token_opens_everything_until_it_expires(
        self, vendor: Vendor, clock: VirtualClock
    ) -> None:
        vendor.preferences.token_lifetime = 60
        answer = vendor.token().json()
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 60)
        bearer = f"Bearer {answer['access_token']}"
        statuses = []
        for _ in range(3):
            response = vendor.ask("POST", "SegmentGroup/VIP", bearer, json={})
            statuses.append(response.status_code)
            clock.advance(30)
        assert statuses == [200, 200, 401]
        assert "Bearer" in response.headers["WWW-Authenticate"]

    def test_tokens_can_be_revoked(self, vendor: Vendor) -> None:
        bearer = f"Bearer {vendor.token().json()['access_token']}"
        vendor.preferences.revoke_tokens()
        assert vendor.ask("GET", "1/Status", bearer).status_code == 401
        assert vendor.token().json()["access_token"] not in bearer

    @pytest.mark.parametrize("auth", [("x", "y"), ("", ""), None])
    def test_wrong_credentials_are_401(self, vendor: Vendor, auth: Any) -> None:
        response = vendor.token(auth=auth)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"].startswith("Basic")

    def test_credentials_that_are_no_base64_are_401(self, vendor: Vendor) -> None:
        response = vendor.token(auth=None, headers={"Authorization": "Basic ###"})
        assert response.status_code == 401

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"form": {"grant_type": "password"}}, "unsupported_grant_type"),
            ({"form": {"scope": "all"}}, "invalid_scope"),
            ({"form": {"scope": ["a", "b"]}}, "invalid_request"),
            ({"form": {"client_secret": "x"}}, "invalid_request"),
            ({"headers": {"Content-Type": "application/json"}}, "invalid_request"),
            ({"query": "?scope=x"}, "invalid_request"),
        ],
    )
    def test_a_wrong_question_is_400(
        self, vendor: Vendor, changes: dict[str, Any], error: str
    ) -> None:
        response = vendor.token(**changes)
        assert (response.status_code, set(response.json())) == (
            400,
            {"error", "error_description"},
        )
        if "query" not in changes:
            assert response.json()["error"] == error


class TestPlaces:
    def test_an_unknown_client_is_404_even_if_it_signs(self, vendor: Vendor) -> None:
        response = requests.post(
            f"{vendor.sandbox.mypreferences_url}/Async/another/Export/SegmentGroup/VIP",
            json={},
            headers={"Authorization": vendor.signed(client="another")},
            timeout=10,
        )
        assert (response.status_code, set(response.json())) == (404, {"Message"})

    def test_an_unknown_group_is_404(self, vendor: Vendor) -> None:
        response = vendor.initiate("nobody")
        assert (response.status_code, set(response.json())) == (404, {"Message"})

    @pytest.mark.parametrize("token", ["1", "x", "-1", "%D9%A1", "9" * 30])
    def test_an_unknown_export_is_404(self, vendor: Vendor, token: str) -> None:
        assert vendor.ask("GET", f"{token}/Status").status_code == 404
        assert vendor.ask("GET", f"SegmentGroup/{token}").status_code == 404
        assert vendor.ask("POST", f"SegmentGroup/Commit/{token}").status_code == 404

    def test_client_and_group_may_need_percent_signs(self, vendor: Vendor) -> None:
        vendor.preferences.client_id = "Acme & Söhne/EU"
        group = vendor.preferences.add_group("a/b c?%")
        assert vendor.export("a/b c?%") is group.exports[0]
        assert "Acme%20%26%20S%C3%B6hne%2FEU" in vendor.sandbox.requests[0].path

    def test_what_is_removed_is_404(self, vendor: Vendor) -> None:
        (group,) = vendor.preferences.groups
        vendor.preferences.remove(group)
        assert vendor.initiate().status_code == 404

    @pytest.mark.parametrize("path", ["", "SegmentGroup", "Segment/VIP", "SegmentGroup/Commit/1/2"])
    def test_another_path_is_404_with_a_message(self, vendor: Vendor, path: str) -> None:
        response = vendor.ask("POST", path)
        assert (response.status_code, set(response.json())) == (404, {"Message"})

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "SegmentGroup/VIP"),
            ("HEAD", "SegmentGroup/1"),
            ("POST", "1/Status"),
            ("GET", "SegmentGroup/Commit/1"),
        ],
    )
    def test_another_method_is_405(self, vendor: Vendor, method: str, path: str) -> None:
        assert vendor.ask(method, path).status_code == 405

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "SegmentGroup/VIP"),
            ("GET", "{token}/Status"),
            ("GET", "SegmentGroup/{token}"),
            ("POST", "SegmentGroup/Commit/{token}"),
        ],
    )
    def test_unknown_and_repeated_parameters_are_refused(
        self, vendor: Vendor, method: str, path: str
    ) -> None:
        place = path.format(token=vendor.export().token)
        response = vendor.ask(method, f"{place}?page=1", json={})
        assert (response.status_code, set(response.json())) == (400, {"Message"})
        known = {"GET": "limit", "POST": "keepFiles"}[method]
        assert vendor.ask(method, f"{place}?{known}=1&{known}=1").status_code == 400


class TestInitiate:
    def test_it_answers_with_an_integer(self, vendor: Vendor) -> None:
        answer = vendor.initiate().json()
        assert set(answer) == {"AccessToken"}
        assert type(answer["AccessToken"]) is int

    def test_repeated_it_makes_another_export(self, vendor: Vendor) -> None:
        assert vendor.export() is not vendor.export()
        assert len({export.token for export in vendor.preferences.exports}) == 2

    def test_tokens_follow_from_the_seed(self, vendor: Vendor) -> None:
        with Sandbox(clock=VirtualClock(NOW)) as sandbox, requests.Session() as session:
            other = Vendor(sandbox, session)
            sandbox.preferences.add_group("VIP")
            assert other.export().token == vendor.export().token

    def test_what_was_sent_is_kept(self, vendor: Vendor) -> None:
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
    def test_a_wrong_body_is_refused(self, vendor: Vendor, body: dict[str, Any]) -> None:
        response = vendor.initiate(**body)
        assert (response.status_code, set(response.json())) == (400, {"Message"})
        assert not vendor.preferences.exports

    @pytest.mark.parametrize("body", ["", "x", "[]", "null", '"x"'])
    def test_a_body_that_is_no_object_is_refused(self, vendor: Vendor, body: str) -> None:
        headers = {"Content-Type": "application/json"}
        response = vendor.ask("POST", "SegmentGroup/VIP", data=body, headers=headers)
        assert response.status_code == 400

    def test_another_media_type_is_refused(self, vendor: Vendor) -> None:
        assert vendor.ask("POST", "SegmentGroup/VIP", data="{}").status_code == 400

    def test_null_is_as_good_as_absent_where_the_vendor_says_so(self, vendor: Vendor) -> None:
        export = vendor.export(LastDateTime=None, MatchCriteria=None, Values=None)
        assert len(export.rows) == 7


class TestSince:
    @pytest.mark.parametrize(
        ("sent", "found"),
        [(0, 3), (2, 3), (3, 7), (6, 7), (7, 10), (9, 10), (120, 123), (997, 1000)],
    )
    def test_milliseconds_are_rounded_up(self, vendor: Vendor, sent: int, found: int) -> None:
        group = vendor.preferences.find_group("VIP")
        assert group
        group.touch(2, NOW + (found - 1) / 1000)
        group.touch(5, NOW + found / 1000)
        export = vendor.export(LastDateTime=stamp(NOW + sent / 1000))
        assert vendor.ids(export) == [5]

    def test_it_may_lack_the_zone(self, vendor: Vendor) -> None:
        export = vendor.export(LastDateTime=stamp(NOW).removesuffix("Z"))
        assert vendor.ids(export) == []

    def test_only_what_changed_counts_as_changed(self, vendor: Vendor, clock: VirtualClock) -> None:
        group = vendor.preferences.find_group("VIP")
        assert group
        clock.advance(60)
        group.profiles = [*group.profiles[:2], {"ProfileId": 3, "IsActive": False}]
        group.profiles = [*group.profiles, {"ProfileId": 99}]
        assert vendor.ids(vendor.export(LastDateTime=stamp(NOW))) == [3, 99]
        assert vendor.ids(vendor.export()) == [1, 2, 3, 99]

    def test_a_deleted_profile_has_changed(self, vendor: Vendor, clock: VirtualClock) -> None:
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

    def test_nobody_can_be_touched_who_is_not_there(self, vendor: Vendor) -> None:
        with pytest.raises(KeyError, match="no profile 8"):
            vendor.preferences.groups[0].touch(8)


class TestCriteria:
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
    def test_they_are_joined_with_the_groups_own(
        self, vendor: Vendor, criterion: str, kind: str | None, values: list[str], found: list[int]
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


class TestStatus:
    def test_it_is_complete_after_its_time(self, vendor: Vendor, clock: VirtualClock) -> None:
        group = vendor.preferences.groups[0]
        group.processing_seconds = 10
        export = vendor.export()
        waiting = {"AccessToken": export.token, "RowCount": None, "ByteCount": None}
        assert vendor.status(export) == {**waiting, "Status": "Processing"}
        clock.advance(9)
        assert vendor.status(export) == {**waiting, "Status": "Processing"}
        clock.advance(1)
        answer = vendor.status(export)
        assert (answer["Status"], answer["RowCount"]) == ("Complete", 7)
        assert answer["ByteCount"] > 7

    @pytest.mark.parametrize(("cause", "status"), [("fails", "Failed"), ("errors", "Error")])
    def test_it_may_end_badly(
        self, vendor: Vendor, clock: VirtualClock, cause: str, status: str
    ) -> None:
        group = vendor.preferences.groups[0]
        group.processing_seconds = 10
        setattr(group, cause, True)
        export = vendor.export()
        assert vendor.status(export)["Status"] == "Processing"
        clock.advance(10)
        assert vendor.status(export) == {
            "AccessToken": export.token,
            "Status": status,
            "RowCount": None,
            "ByteCount": None,
        }
        assert vendor.data(export).status_code == 400

    def test_it_expires_if_not_fetched_in_time(self, vendor: Vendor, clock: VirtualClock) -> None:
        export = vendor.export()
        export.expires_at = NOW + 100
        assert vendor.ids(export)
        clock.advance(100)
        assert vendor.status(export)["Status"] == "Expired"
        assert vendor.data(export).status_code == 400
        assert vendor.commit(export).status_code == 400

    def test_it_expires_by_itself(self, vendor: Vendor, clock: VirtualClock) -> None:
        export = vendor.export()
        clock.advance(vendor.preferences.groups[0].lifetime)
        assert export.status == "Expired"

    def test_it_can_be_changed_on_the_export_alone(self, vendor: Vendor) -> None:
        first, second = vendor.export(), vendor.export()
        first.fails = True
        assert [vendor.status(each)["Status"] for each in (first, second)] == ["Failed", "Complete"]


class TestData:
    def test_offsets_begin_with_one(self, vendor: Vendor) -> None:
        export = vendor.export()
        pages = [
            vendor.data(export, f"limit=3&offset={offset}&keepAlive=true").json()
            for offset in (1, 4, 7, 8)
        ]
        assert [[each["ProfileId"] for each in page.pop(PROFILES)] for page in pages] == [
            [1, 2, 3],
            [4, 5, 6],
            [7],
            [],
        ]
        assert pages == [
            {
                "Count": count,
                "HasMore": offset < 7,
                "Limit": 3,
                "Offset": offset,
                "TotalResults": 7,
            }
            for offset, count in ((1, 3), (4, 3), (7, 1), (8, 0))
        ]

    def test_a_page_has_a_thousand_unless_told_otherwise(self, vendor: Vendor) -> None:
        vendor.preferences.add_group("many", 1001)
        export = vendor.export("many")
        page = vendor.data(export).json()
        assert (page["Count"], page["Limit"], page["Offset"], page["HasMore"]) == (
            1000,
            1000,
            1,
            True,
        )
        assert len(vendor.ids(export, "limit=5000&keepAlive=true")) == 1001

    def test_an_empty_group_has_an_empty_page(self, vendor: Vendor) -> None:
        vendor.preferences.add_group("empty")
        page = vendor.data(vendor.export("empty")).json()
        assert (page["Count"], page["HasMore"], page["TotalResults"]) == (0, False, 0)

    @pytest.mark.parametrize(
        "query",
        [
            "offset=0",
            "offset=-1",
            "offset=x",
            "limit=0",
            "limit=",
            "limit=1.5",
            "keepAlive=1",
            "keepAlive=True",
            "keepAlive=",
            "keepalive=true",
        ],
    )
    def test_wrong_parameters_are_refused(self, vendor: Vendor, query: str) -> None:
        export = vendor.export()
        assert vendor.data(export, query).status_code == 400
        assert export.status == "Complete"

    def test_nothing_is_read_before_the_end(self, vendor: Vendor) -> None:
        vendor.preferences.groups[0].processing_seconds = 10
        export = vendor.export()
        response = vendor.data(export)
        assert (response.status_code, set(response.json())) == (400, {"Message"})
        assert vendor.commit(export).status_code == 400

    @pytest.mark.parametrize("query", ["limit=4", "limit=4&keepAlive=false"])
    def test_the_last_page_is_the_end_unless_kept_alive(self, vendor: Vendor, query: str) -> None:
        export = vendor.export()
        assert vendor.ids(export, query) == [1, 2, 3, 4]
        assert vendor.status(export)["Status"] == "Complete"
        assert vendor.ids(export, f"{query}&offset=5") == [5, 6, 7]
        assert vendor.status(export)["Status"] == "Retrieved"
        assert vendor.data(export, f"{query}&offset=5").status_code == 400

    def test_kept_alive_it_can_be_read_again(self, vendor: Vendor) -> None:
        export = vendor.export()
        assert vendor.ids(export) == vendor.ids(export) == list(range(1, 8))

    def test_it_is_what_was_there_at_the_start(self, vendor: Vendor) -> None:
        export = vendor.export()
        vendor.preferences.groups[0].profiles = []
        assert len(vendor.ids(export)) == 7

    def test_profiles_are_as_they_were_given(self, vendor: Vendor) -> None:
        profile = {"ProfileId": 5, "Emails": None, "Ünknown": {"a": [1, 2.5, None, "ß"]}}
        vendor.preferences.groups[0].profiles = [profile, profile]
        assert vendor.data(vendor.export()).json()[PROFILES] == [profile, profile]

    def test_a_profile_without_an_id_is_refused(self, vendor: Vendor) -> None:
        with pytest.raises(TypeError, match="ProfileId"):
            vendor.preferences.add_group("odd", [{"IsActive": True}])

    def test_a_name_is_given_once(self, vendor: Vendor) -> None:
        with pytest.raises(ValueError, match="already"):
            vendor.preferences.add_group("VIP")


class TestCommit:
    def test_without_its_files_the_export_is_spent(self, vendor: Vendor) -> None:
        export = vendor.export()
        response = vendor.commit(export)
        assert response.status_code == 200
        assert (export.committed, export.keep_files) == (True, False)
        assert vendor.status(export)["Status"] == "Retrieved"
        assert vendor.data(export).status_code == 400
        assert vendor.commit(export).status_code == 400

    def test_with_its_files_it_stays_readable(self, vendor: Vendor) -> None:
        export = vendor.export()
        vendor.commit(export, "keepFiles=true")
        assert (export.committed, export.keep_files) == (True, True)
        assert len(vendor.ids(export)) == 7

    @pytest.mark.parametrize("query", ["keepFiles=no", "keepFiles=1", "keepAlive=true"])
    def test_wrong_parameters_are_refused(self, vendor: Vendor, query: str) -> None:
        export = vendor.export()
        assert vendor.commit(export, query).status_code == 400
        assert not export.committed


class TestPreferences:
    def test_made_up_profiles_follow_from_seed_and_name(self) -> None:
        one, same, other = (Preferences(seed).add_group("a", 50).profiles for seed in (1, 1, 2))
        assert one == same != other

    def test_made_up_profiles_have_every_trouble(self) -> None:
        profiles = Preferences().add_group("a", 200).profiles
        assert len({profile["ProfileId"] for profile in profiles}) == 200
        assert any(profile.keys() - KNOWN_FIELDS for profile in profiles)
        assert any(KNOWN_FIELDS - profile.keys() for profile in profiles)
        assert any(profile["CustomerName"] is None for profile in profiles)
        assert all(profile["Emails"] and profile["Consents"] for profile in profiles)
        assert {name for profile in profiles for name in profile} >= KNOWN_FIELDS

    def test_made_up_deletions_tell_almost_nothing(self) -> None:
        profiles = Preferences().add_group("gone", 9, deleted=True).profiles
        assert {frozenset(each) for each in profiles} == {
            frozenset({"ProfileId", "DateDeleted", "ReasonCode"})
        }

    def test_members_drift_if_they_shall(self, vendor: Vendor, clock: VirtualClock) -> None:
        group = vendor.preferences.add_group("drifting", 100, churn=0.1)
        clock.advance(60)
        first = set(vendor.ids(vendor.export("drifting")))
        second = set(vendor.ids(vendor.export("drifting")))
        assert (len(first), len(second), len(first - second)) == (100, 100, 5)
        changed = vendor.ids(vendor.export("drifting", LastDateTime=stamp(NOW)))
        assert second - first <= set(changed)
        assert len(group.exports) == 3

    def test_the_demo_has_two_groups(self) -> None:
        preferences = Preferences.demo(3, NOW)
        assert [len(group.profiles) for group in preferences.groups] == [2500, 40]
        assert preferences.groups[1].profiles[-1]["ReasonCode"]
        assert preferences.client_id == Preferences(3).client_id

    def test_neither_half_slows_the_other_down(self, vendor: Vendor) -> None:
        assert {vendor.initiate().status_code for _ in range(20)} == {200}
        headers = {"Api-Token": vendor.sandbox.token}
        url = f"{vendor.sandbox.url}/api/3/segmentsV2/x"
        assert requests.get(url, headers=headers, timeout=10).status_code == 404
        assert "RateLimit-Limit" not in vendor.initiate().headers

    def test_the_other_half_keeps_its_own_time(self, vendor: Vendor) -> None:
        vendor.preferences.clock_skew = 3600
        response = requests.get(f"{vendor.sandbox.url}/api/3/audiences", timeout=10)
        assert parsedate_to_datetime(response.headers["Date"]).timestamp() == NOW
