"""Profiles as rows."""

from __future__ import annotations

from typing import Any

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.answers import BEYOND_INT64
from tests.support.fuzzing import check_end
from tests.support.mypreferences import PROFILES, export, oauth_config
from tests.support.sync import run_tap


def test_unknown_fields_are_kept_in_additional_fields(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group(
        "Newsletter",
        [
            {"ProfileId": 1, "IsActive": True, "Emails": [{"Email": "a@example.com"}], "New": [1]},
            {"ProfileId": 2, "ReasonCode": "GDPR", "ProfileTags": "not an array"},
        ],
    )
    first, second = export(mypreferences).records(PROFILES)
    assert first["IsActive"] is True
    assert first["Emails"] == [{"Email": "a@example.com"}]
    assert first["additional_fields"] == {"New": [1]}
    assert first["CustomerType"] is None
    assert second["ReasonCode"] == "GDPR"
    assert second["Emails"] is None
    assert second["ProfileTags"] is None
    assert second["additional_fields"] == {"ProfileTags": "not an array"}


def test_profile_id_beyond_64_bits_fails(group: Sandbox) -> None:
    def enlarge(answer: dict[str, Any]) -> dict[str, Any]:
        answer["UserProfilePreferences"][0]["ProfileId"] = BEYOND_INT64
        return answer

    group.faults.add(Fault("edit", "data", times=None, answer=enlarge))
    synced = run_tap({"mypreferences": oauth_config(group)})
    check_end(synced)
    assert synced.exit_code == 1
    assert not synced.records("segment_group_exports")
