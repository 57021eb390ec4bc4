"""MyPreferences: segment groups exported whole, once, and committed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.mypreferences.client import Signature
from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tests.support.processes import PATIENT_TAP, running
from tests.support.sync import Sync, discover, tap
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.sync import SharedClock

PROFILES = "segment_group_profiles"
EXPORTS = "segment_group_exports"


@pytest.fixture
def served(clock: SharedClock) -> Iterator[Sandbox]:
    """An account without segments, and MyPreferences without groups."""
    with Sandbox(
        Account(clock=clock), preferences=Preferences(seed=1), clock=clock, requests_per_second=None
    ) as sandbox:
        yield sandbox


def signed(sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
    preferences = sandbox.preferences
    return {
        "api_url": sandbox.mypreferences_url,
        "client_id": preferences.client_id,
        "user_id": preferences.user_id,
        "shared_secret": preferences.shared_secret,
        "segment_groups": [group.name for group in preferences.groups],
        **settings,
    }


def by_oauth(sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
    config = signed(sandbox, **settings)
    del config["shared_secret"]
    return {
        **config,
        "oauth_token_url": sandbox.oauth_token_url,
        "oauth_client_id": sandbox.preferences.oauth_client_id,
        "oauth_client_secret": sandbox.preferences.oauth_client_secret,
    }


def export(
    sandbox: Sandbox,
    state: dict[str, Any] | None = None,
    top: dict[str, Any] | None = None,
    **settings: Any,
) -> Sync:
    config = {"mypreferences": signed(sandbox, **settings), **(top or {})}
    return tap(config, **{"--state": state})


def asked(sandbox: Sandbox) -> list[str]:
    """Name the requests by what they do."""
    found = []
    for request in sandbox.requests:
        if "/Commit/" in request.path:
            found.append("commit")
        elif request.path.endswith("/Status"):
            found.append("status")
        elif request.method == "POST" and "/Export/" in request.path:
            found.append("initiate")
        elif "/Export/" in request.path:
            found.append("data")
        else:
            found.append("token")
    return found


def bodies(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [
        json.loads(request.body or b"{}")
        for request, what in zip(sandbox.requests, asked(sandbox), strict=True)
        if what == "initiate"
    ]


def ids(synced: Sync) -> list[int]:
    return [row["ProfileId"] for row in synced.records(PROFILES)]


def test_an_export_that_would_be_older_than_the_last_one_fails_its_group(
    served: Sandbox, clock: SharedClock
) -> None:
    served.preferences.add_group("Newsletter", 3)
    clock.advance(86_400)
    first = export(served)
    assert first.exit_code == 0
    clock._ahead -= 3600
    second = export(served, state=first.state)
    assert second.exit_code == 1
    assert not second.records(PROFILES)
    [line] = second.errors
    assert "check the clocks" in line
    assert second.state == first.state


def test_2500_profiles_come_once_with_one_initiate_and_one_commit_after_the_last(
    served: Sandbox,
) -> None:
    group = served.preferences.add_group("Newsletter", 2500)
    synced = export(served)
    assert synced.exit_code == 0
    assert len(ids(synced)) == len(set(ids(synced))) == 2500
    assert asked(served).count("initiate") == 1
    assert asked(served).count("data") == 3
    assert asked(served)[-1] == "commit"
    [row] = synced.records(EXPORTS)
    assert row["total_results"] == 2500
    assert row["is_full"] is True
    assert row["exported_at"] < row["completed_at"]
    assert {each["exported_at"] for each in synced.records(PROFILES)} == {row["exported_at"]}
    assert group.exports[0].committed
    offsets = [r.raw_query for r in served.requests if "offset=" in r.raw_query]
    assert [query.split("offset=")[1].split("&")[0] for query in offsets] == ["1", "1001", "2001"]
    assert all("keepAlive=true" in query for query in offsets)


def test_the_streams_are_offered_only_when_the_source_is_set(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 3)
    assert EXPORTS not in {entry["tap_stream_id"] for entry in discover()["streams"]}
    alone = export(served)
    assert {stream for kind, stream in alone.types if kind == "SCHEMA"} == {PROFILES, EXPORTS}
    both = tap(
        {
            "mypreferences": signed(served),
            "api_url": served.url,
            "api_token": served.token,
        }
    )
    assert both.exit_code == 0
    assert {"segments", PROFILES} <= {stream for kind, stream in both.types if kind == "SCHEMA"}


def test_a_group_without_profiles_gets_its_export_row(served: Sandbox) -> None:
    served.preferences.add_group("Nobody", 0)
    synced = export(served)
    assert synced.exit_code == 0
    assert ids(synced) == []
    assert [row["total_results"] for row in synced.records(EXPORTS)] == [0]


def test_the_row_of_an_export_comes_after_its_profiles(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 30)
    records = [stream for kind, stream in export(served).types if kind == "RECORD"]
    assert records == [PROFILES] * 30 + [EXPORTS]


def test_known_fields_are_columns_and_all_others_survive(served: Sandbox) -> None:
    served.preferences.add_group(
        "Newsletter",
        [
            {"ProfileId": 1, "IsActive": True, "Emails": [{"Email": "a@example.com"}], "New": [1]},
            {"ProfileId": 2, "ReasonCode": "GDPR", "ProfileTags": "not an array"},
        ],
    )
    first, second = export(served).records(PROFILES)
    assert first["IsActive"] is True
    assert first["Emails"] == [{"Email": "a@example.com"}]
    assert first["additional_fields"] == {"New": [1]}
    assert first["CustomerType"] is None
    assert second["ReasonCode"] == "GDPR"
    assert second["Emails"] is None
    assert second["ProfileTags"] is None
    assert second["additional_fields"] == {"ProfileTags": "not an array"}


def test_full_exports_send_no_last_date_time(served: Sandbox, clock: SharedClock) -> None:
    served.preferences.add_group("Newsletter", 5)
    first = export(served)
    clock.advance(3600)
    second = export(served, first.state)
    assert bodies(served) == [{}, {}]
    assert len(ids(second)) == 5


def test_changes_begin_at_the_bookmark_less_the_look_back(
    served: Sandbox, clock: SharedClock
) -> None:
    group = served.preferences.add_group("Newsletter", 5, changed=clock.time() - 86_400)
    first = export(served, export="changes")
    clock.advance(3600)
    group.touch(ids(first)[2])
    second = export(served, first.state, export="changes", lookback_seconds=120)
    whole, changes = bodies(served)
    assert whole == {}
    bookmark = datetime.fromisoformat(first.records(EXPORTS)[0]["exported_at"].rstrip("Z"))
    since = datetime.strptime(changes["LastDateTime"], "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007
    assert 120 <= (bookmark - since).total_seconds() < 120.01
    assert ids(second) == [ids(first)[2]]
    [row] = second.records(EXPORTS)
    assert row["is_full"] is False
    assert row["last_date_time"]


def test_criteria_are_sent_and_make_an_export_narrow(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", [{"ProfileId": 7}, {"ProfileId": 8}])
    synced = export(served, match_criteria="ProfileId", match_values=["7"])
    assert bodies(served) == [{"MatchCriteria": "ProfileId", "Values": ["7"]}]
    assert ids(synced) == [7]
    assert synced.records(EXPORTS)[0]["is_full"] is False


def test_the_type_of_an_alternate_id_is_sent(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 1)
    criteria: Any = {"match_criteria": "AlternateId", "match_type": "CRM", "match_values": ["x"]}
    export(served, **criteria)
    assert bodies(served) == [{"MatchCriteria": "AlternateId", "MatchType": "CRM", "Values": ["x"]}]


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"client_id": None}, "client_id"),
        ({"user_id": ""}, "user_id"),
        ({"segment_groups": []}, "segment_groups"),
        ({"shared_secret": None}, "shared_secret"),
        ({"oauth_client_id": "x"}, "shared_secret"),
        ({"shared_secret": None, "oauth_client_id": "x", "oauth_token_url": "https://x"}, "oauth"),
        ({"api_url": "http://example.com"}, "api_url"),
        ({"match_criteria": "Name", "match_values": ["x"]}, "match_criteria"),
        ({"match_criteria": "AlternateId", "match_values": ["x"]}, "match_type"),
        ({"match_criteria": "PhoneNumber"}, "match_values"),
        ({"match_values": ["x"]}, "match_criteria"),
        ({"export": "some"}, "export"),
        ({"page_size": 0}, "page_size"),
        ({"lookback_seconds": -1}, "lookback_seconds"),
        ({"status_path": "no/token"}, "status_path"),
        ({"data_path": "{access_token}/{other}"}, "data_path"),
    ],
)
def test_a_wrong_setting_ends_at_once_with_a_line_that_names_it(
    served: Sandbox, settings: dict[str, Any], setting: str
) -> None:
    served.preferences.add_group("Newsletter", 5)
    synced = export(served, **settings)
    assert synced.exit_code == 1
    assert served.requests == []
    faults = [line for line in synced.errors if "validation failed" not in line]
    assert len(faults) == 1
    assert f"mypreferences.{setting}" in faults[0]


def test_one_half_of_activecampaigns_settings_is_a_fault(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 5)
    synced = export(served, top={"api_url": served.url})
    assert synced.exit_code == 1
    assert any("api_token" in line for line in synced.errors)


# Authorization.


def test_a_request_is_signed_as_the_formula_says(clock: SharedClock) -> None:
    at = datetime(2026, 1, 31, 12, 0, 5, tzinfo=timezone.utc)
    header = Signature("client", "user", "secret", clock).header(at)
    digest = hmac.new(b"secret", b"client:user:2026-01-31T12:00:05Z", hashlib.sha256).digest()
    assert header == (
        "PNAUTHINFO3-HMAC-SHA256 Credential=user/2026-01-31T12:00:05Z "
        f"Signature={base64.b64encode(digest).decode()}"
    )


def test_every_request_is_signed_anew(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 5, processing_seconds=3600)
    assert export(served).exit_code == 0
    signatures = {request.headers["authorization"] for request in served.requests}
    assert len(signatures) > 10


def test_oauth_takes_one_token_and_renews_it_before_its_end(
    served: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.preferences.add_group("Newsletter", 5)
    synced = tap({"mypreferences": by_oauth(served)})
    assert synced.exit_code == 0
    assert asked(served).count("token") == 1
    monkeypatch.setattr(served.preferences, "token_lifetime", 60)
    assert tap({"mypreferences": by_oauth(served)}).exit_code == 0


def test_oauth_renews_a_token_once_after_a_401(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 5)
    served.faults.add(Fault("status", operation="data", status=401))
    synced = tap({"mypreferences": by_oauth(served)})
    assert synced.exit_code == 0
    assert asked(served).count("token") == 2
    served.faults.add(Fault("status", operation="data", status=401, times=None))
    served.clear_requests()
    assert tap({"mypreferences": by_oauth(served)}).exit_code == 1
    assert asked(served).count("data") == 2


def test_a_wrong_secret_ends_the_sync_with_one_line(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 5)
    synced = export(served, shared_secret="wrong one")
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert "wrong one" not in synced.log


# What becomes of an export.


@pytest.mark.parametrize("kind", ["export_expires", "export_retrieved"])
def test_an_export_that_is_gone_is_made_anew(served: Sandbox, kind: str) -> None:
    served.preferences.add_group("Newsletter", 5)
    served.faults.add(Fault(kind))
    synced = export(served)
    assert synced.exit_code == 0
    assert asked(served).count("initiate") == 2
    assert len(synced.records(EXPORTS)) == 1


@pytest.mark.parametrize(("kind", "word"), [("export_fails", "may not"), ("export_errors", "conf")])
def test_a_refused_export_fails_its_group_and_the_others_go_on(
    served: Sandbox, kind: str, word: str
) -> None:
    served.preferences.add_group("bad", 5)
    served.preferences.add_group("good", 3)
    served.faults.add(Fault(kind))
    synced = export(served)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "'bad'" in line
    assert word in line
    assert len(ids(synced)) == 3
    assert asked(served).count("initiate") == 2


def test_an_unknown_status_is_waited_for_until_the_time_out(
    served: Sandbox, clock: SharedClock
) -> None:
    served.preferences.add_group("Newsletter", 5)
    served.faults.add(Fault("unknown_status", times=None))
    before = clock.time()
    synced = export(served, top={"run_timeout": 500})
    assert synced.exit_code == 1
    assert "run_timeout" in synced.errors[0]
    assert 500 <= clock.time() - before < 700


def test_a_group_or_client_that_does_not_exist_is_named_with_both_causes(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 5)
    [line] = export(served, segment_groups=["Nobody"]).errors
    assert "'Nobody'" in line
    assert "client_id" in line
    assert "group" in line


def test_an_initiation_without_a_token_fails_its_group(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 5)
    answer = {"AccessToken": ""}
    served.faults.add(Fault("edit", operation="initiate", times=None, answer=lambda _: answer))
    [line] = export(served).errors
    assert "no AccessToken" in line


def test_a_failed_commit_is_a_warning(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 5)
    served.faults.add(Fault("status", operation="commit", status=400, times=None))
    synced = export(served)
    assert synced.exit_code == 0
    assert any("not committed" in line for line in synced.warnings)


@pytest.mark.parametrize(
    "kind", ["has_more_wrong", "count_zero", "total_wrong", "repeats_profiles"]
)
def test_a_damaged_page_is_read_again_or_exported_again_and_never_loops(
    served: Sandbox, kind: str
) -> None:
    served.preferences.add_group("Newsletter", 250)
    served.faults.add(Fault(kind, times=2))
    synced = export(served, page_size=100)
    assert synced.exit_code == 0
    assert set(ids(synced)) == {each["ProfileId"] for each in served.preferences.groups[0].profiles}
    served.faults.clear()
    served.faults.add(Fault(kind, times=None))
    served.clear_requests()
    lasting = export(served, page_size=100)
    assert len(served.requests) < 60
    if kind != "has_more_wrong":
        assert lasting.exit_code == 1
        assert lasting.records(EXPORTS) == []


def test_pages_that_do_not_say_where_they_are_come_all_the_same(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 25)

    def silent(page: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in page.items() if name not in {"Offset", "Count"}}

    served.faults.add(Fault("edit", operation="data", times=None, answer=silent))
    synced = export(served, page_size=10)
    assert synced.exit_code == 0
    assert len(set(ids(synced))) == len(ids(synced)) == 25


@pytest.mark.parametrize("profiles", [["one"], {}, "one"])
def test_what_is_no_list_of_profiles_fails_its_group_in_one_line(
    served: Sandbox, profiles: Any
) -> None:
    served.preferences.add_group("Newsletter", 1)
    answer = {"TotalResults": 1, "HasMore": False, "UserProfilePreferences": profiles}
    served.faults.add(Fault("edit", operation="data", times=None, answer=lambda _: answer))
    synced = export(served)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "something else than profiles" in line
    assert "Traceback" not in synced.log


def test_the_envelope_may_come_in_any_case(served: Sandbox) -> None:
    served.preferences.add_group("Newsletter", 25)
    served.faults.add(Fault("lower_case_keys", times=None))
    assert len(ids(export(served, page_size=10))) == 25


# Resume.


def test_an_unfinished_export_is_taken_up_again(served: Sandbox, clock: SharedClock) -> None:
    group = served.preferences.add_group("Newsletter", 5, processing_seconds=900)
    first = export(served, top={"run_timeout": 60})
    assert first.exit_code == 1
    clock.advance(1000)
    second = export(served, first.state)
    assert second.exit_code == 0
    assert len(group.exports) == 1
    third = export(served, second.state, top={"resume_within": 0})
    assert third.exit_code == 0
    assert len(group.exports) == 2


def test_an_export_of_changes_that_is_taken_up_again_is_still_one(
    served: Sandbox, clock: SharedClock
) -> None:
    group = served.preferences.add_group("Newsletter", 5)
    first = export(served, export="changes")
    clock.advance(3600)
    group.processing_seconds = 900
    second = export(served, first.state, export="changes", top={"run_timeout": 60})
    clock.advance(1000)
    third = export(served, second.state, export="changes")
    assert len(group.exports) == 2
    [row] = third.records(EXPORTS)
    assert row["is_full"] is False
    assert row["last_date_time"]


@pytest.mark.parametrize(
    ("top", "settings"),
    [
        ({"resume_within": 60}, {}),
        ({}, {"match_criteria": "ProfileId", "match_values": ["1"]}),
    ],
)
def test_one_that_is_too_old_or_asked_for_something_else_is_left_alone(
    served: Sandbox, clock: SharedClock, top: dict[str, Any], settings: dict[str, Any]
) -> None:
    group = served.preferences.add_group("Newsletter", 5, processing_seconds=900)
    first = export(served, top={"run_timeout": 60})
    clock.advance(1000)
    assert export(served, first.state, top, **settings).exit_code == 0
    assert len(group.exports) == 2


def test_killed_while_waiting_the_next_sync_uses_the_same_export(
    served: Sandbox, clock: SharedClock, tmp_path: Path
) -> None:
    group = served.preferences.add_group("Newsletter", 5, processing_seconds=900)
    with running(
        served,
        tmp_path,
        command=PATIENT_TAP,
        mypreferences=signed(served),
        api_url=None,
        api_token=None,
    ) as process:
        process.read_until(b'"running"')
        process.signal(signal.SIGKILL)
        killed = process.finish()
    clock.advance(1000)
    assert export(served, killed.state).exit_code == 0
    assert len(group.exports) == 1


def test_a_clock_that_is_ahead_of_the_servers_is_not_trusted(
    served: Sandbox, clock: SharedClock
) -> None:
    served.preferences.add_group("Newsletter", 5)
    served.preferences.clock_skew = -2.0
    synced = export(served)
    [row] = synced.records(EXPORTS)
    at = datetime.fromisoformat(row["exported_at"].replace("Z", "+00:00"))
    assert at.timestamp() <= clock.time() - 1.9


def test_the_readme_names_todays_members_of_a_group(served: Sandbox, clock: SharedClock) -> None:
    group = served.preferences.add_group(
        "Newsletter", [{"ProfileId": number} for number in range(9)]
    )
    house = Warehouse()
    for members in (range(9), range(2, 9), range(5, 12)):
        group.profiles = [{"ProfileId": number} for number in members]
        house.load(export(served, house.state).messages)
        clock.advance(3600)
        found = house.ask("members of a segment group")
        assert {(name, number) for name, number, *_ in found} == {
            ("Newsletter", number) for number in members
        }
    group.touch(7)
    house.load(export(served, house.state, export="changes").messages)
    assert len(house.ask("members of a segment group")) == 7
