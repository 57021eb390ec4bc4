"""MyPreferences' settings: configuration errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.mypreferences import export, signed_config
from tests.support.sync import run_tap

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox


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
def test_invalid_setting_is_named_in_one_line(
    mypreferences: Sandbox, settings: dict[str, Any], setting: str
) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    synced = export(mypreferences, **settings)
    assert synced.exit_code == 1
    assert mypreferences.requests == []
    faults = [line for line in synced.errors if "validation failed" not in line]
    assert len(faults) == 1
    assert f"mypreferences.{setting}" in faults[0]


@pytest.mark.parametrize("name", ["client_id", "user_id", "shared_secret"])
@pytest.mark.parametrize("value", ["two\nlines", "\x1b[31m", "  ", "bell\a"])
def test_unsendable_text_is_a_configuration_error(
    both_vendors: Sandbox, name: str, value: str
) -> None:
    synced = run_tap({"mypreferences": signed_config(both_vendors, **{name: value})})
    assert synced.exit_code == 1
    assert f"mypreferences.{name}: " in synced.errors[0]
    assert both_vendors.requests == []
