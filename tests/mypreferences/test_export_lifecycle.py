"""Exports: complete, once, committed, and what becomes of failed ones."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.mypreferences import (
    EXPORTS,
    PROFILES,
    export,
    initiate_bodies,
    profile_ids,
    request_kinds,
)

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock


def test_2500_profiles_take_one_export_and_one_commit(
    mypreferences: Sandbox,
) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 2500)
    synced = export(mypreferences)
    assert synced.exit_code == 0
    assert len(profile_ids(synced)) == len(set(profile_ids(synced))) == 2500
    assert request_kinds(mypreferences).count("initiate") == 1
    assert request_kinds(mypreferences).count("data") == 3
    assert request_kinds(mypreferences)[-1] == "commit"
    [row] = synced.records(EXPORTS)
    assert row["total_results"] == 2500
    assert row["is_full"] is True
    assert row["exported_at"] < row["completed_at"]
    assert {each["exported_at"] for each in synced.records(PROFILES)} == {row["exported_at"]}
    assert group.exports[0].committed
    offsets = [r.raw_query for r in mypreferences.requests if "offset=" in r.raw_query]
    assert [query.split("offset=")[1].split("&")[0] for query in offsets] == ["1", "1001", "2001"]
    assert all("keepAlive=true" in query for query in offsets)


def test_empty_group_gets_its_export_row(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Nobody", 0)
    synced = export(mypreferences)
    assert synced.exit_code == 0
    assert profile_ids(synced) == []
    assert [row["total_results"] for row in synced.records(EXPORTS)] == [0]


def test_export_row_follows_its_profiles(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 30)
    records = [stream for kind, stream in export(mypreferences).types if kind == "RECORD"]
    assert records == [PROFILES] * 30 + [EXPORTS]


def test_criteria_are_sent_and_narrow_the_export(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", [{"ProfileId": 7}, {"ProfileId": 8}])
    synced = export(mypreferences, match_criteria="ProfileId", match_values=["7"])
    assert initiate_bodies(mypreferences) == [{"MatchCriteria": "ProfileId", "Values": ["7"]}]
    assert profile_ids(synced) == [7]
    assert synced.records(EXPORTS)[0]["is_full"] is False


def test_alternate_id_type_is_sent(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 1)
    criteria: Any = {"match_criteria": "AlternateId", "match_type": "CRM", "match_values": ["x"]}
    export(mypreferences, **criteria)
    assert initiate_bodies(mypreferences) == [
        {"MatchCriteria": "AlternateId", "MatchType": "CRM", "Values": ["x"]}
    ]


def test_older_export_than_the_last_one_fails(mypreferences: Sandbox, clock: SharedClock) -> None:
    mypreferences.preferences.add_group("Newsletter", 3)
    clock.advance(86_400)
    first = export(mypreferences)
    assert first.exit_code == 0
    clock._ahead -= 3600
    second = export(mypreferences, state=first.state)
    assert second.exit_code == 1
    assert not second.records(PROFILES)
    [line] = second.errors
    assert "check the clocks" in line
    assert second.state == first.state


def test_exports_never_share_a_timestamp(mypreferences: Sandbox, clock: SharedClock) -> None:
    mypreferences.preferences.add_group("VIP", 3)
    real = clock.time
    second = float(int(real()))
    clock.time = lambda: second  # type: ignore[method-assign]
    first = export(mypreferences)
    again = export(mypreferences, first.state)
    third = export(mypreferences, again.state)
    instants = [synced.records(EXPORTS)[0]["exported_at"] for synced in (first, again, third)]
    assert instants == sorted({*instants})
    assert len(instants) == 3


def test_fast_local_clock_is_not_trusted(mypreferences: Sandbox, clock: SharedClock) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    mypreferences.preferences.clock_skew = -2.0
    synced = export(mypreferences)
    [row] = synced.records(EXPORTS)
    at = datetime.fromisoformat(row["exported_at"].replace("Z", "+00:00"))
    assert at.timestamp() <= clock.time() - 1.9


# What becomes of an export.


@pytest.mark.parametrize("kind", ["export_expires", "export_retrieved"])
def test_expired_export_is_made_anew(mypreferences: Sandbox, kind: str) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    mypreferences.faults.add(Fault(kind))
    synced = export(mypreferences)
    assert synced.exit_code == 0
    assert request_kinds(mypreferences).count("initiate") == 2
    assert len(synced.records(EXPORTS)) == 1


@pytest.mark.parametrize(("kind", "word"), [("export_fails", "may not"), ("export_errors", "conf")])
def test_refused_export_fails_its_group_alone(mypreferences: Sandbox, kind: str, word: str) -> None:
    mypreferences.preferences.add_group("bad", 5)
    mypreferences.preferences.add_group("good", 3)
    mypreferences.faults.add(Fault(kind))
    synced = export(mypreferences)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "'bad'" in line
    assert word in line
    assert len(profile_ids(synced)) == 3
    assert request_kinds(mypreferences).count("initiate") == 2


def test_unknown_status_is_polled_until_the_timeout(
    mypreferences: Sandbox, clock: SharedClock
) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    mypreferences.faults.add(Fault("unknown_status", times=None))
    before = clock.time()
    synced = export(mypreferences, top={"run_timeout": 500})
    assert synced.exit_code == 1
    assert "run_timeout" in synced.errors[0]
    assert 500 <= clock.time() - before < 700


def test_unknown_group_is_named_with_both_causes(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    [line] = export(mypreferences, segment_groups=["Nobody"]).errors
    assert "'Nobody'" in line
    assert "client_id" in line
    assert "group" in line


def test_missing_access_token_fails_the_group(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    answer = {"AccessToken": ""}
    mypreferences.faults.add(
        Fault("edit", operation="initiate", times=None, answer=lambda _: answer)
    )
    [line] = export(mypreferences).errors
    assert "no AccessToken" in line


def test_failed_commit_is_a_warning(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    mypreferences.faults.add(Fault("status", operation="commit", status=400, times=None))
    synced = export(mypreferences)
    assert synced.exit_code == 0
    assert any("not committed" in line for line in synced.warnings)
