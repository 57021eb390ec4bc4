"""Command line: --about, --test, and starts that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.sync import about, assert_refused, config_of, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox


def test_about_names_every_setting() -> None:
    described = about()["settings"]["properties"]
    for name, setting in TapActiveCampaignSegments.config_jsonschema["properties"].items():
        assert described[name]["description"]
        for part in setting.get("properties", ()):
            assert described[name]["properties"][part]["description"]


def test_connection_test_evaluates_one_segment(account: Account, sandbox: Sandbox) -> None:
    for number in range(3):
        account.add_segment(f"segment {number}", range(1, 50))
    synced = run_tap(config_of(sandbox), "--test")
    assert synced.exit_code == 0
    assert sum("/segmentMatchAll/" in request.path for request in sandbox.requests) == 1
    assert synced.records("match_all_runs") == []
    assert len(synced.records("match_all_results")) == 1


def test_connection_test_with_wrong_token_fails_in_one_line(sandbox: Sandbox) -> None:
    synced = run_tap(config_of(sandbox, api_token="wrong"), "--test")
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(sandbox.requests) == 3


@pytest.mark.parametrize("arguments", [[], ["--test"], ["--test=schema"]], ids=str)
@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"page_size": 0}, "page_size"),
        ({"api_token": None}, "api_token"),
        ({"stream_maps": {"memberships": {"contact_id": None}}}, "contact_id"),
        ({"flattening_enabled": True}, "flattening_max_depth"),
        ({"batch_config": {"encoding": {"format": "jsonl"}}}, "batch_config.storage"),
    ],
    ids=str,
)
def test_configuration_error_is_the_last_line(
    sandbox: Sandbox, arguments: list[str], settings: dict[str, Any], name: str
) -> None:
    assert_refused(sandbox, run_tap(config_of(sandbox, **settings), *arguments), name)


@pytest.mark.parametrize("option", ["--state", "--catalog"])
def test_file_that_is_no_json_object_ends_in_one_line(sandbox: Sandbox, option: str) -> None:
    synced = run_tap(config_of(sandbox), **{option: [1]})
    assert synced.exit_code == 1
    assert any(option in line for line in synced.errors)
    assert sandbox.requests == []


def test_invalid_json_config_ends_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")
    synced = run_tap({}, f"--config={path}")
    assert synced.exit_code == 2
    assert "broken.json" in synced.log
    assert "Traceback" not in synced.log


def test_config_passed_as_file_name_is_not_quoted() -> None:
    synced = run_tap({}, '--config={"api_token": "sesame-open"')
    assert synced.exit_code == 2
    assert "sesame" not in synced.log


def test_unreadable_config_file_is_named(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "absent.json"):
        synced = run_tap({}, f"--config={file}")
        assert synced.exit_code == 2
        assert file.name in synced.log
        assert "Traceback" not in synced.log


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"api_url": "no URL", "api_token": "x", "start_date": "some day"},
        {"mypreferences": {"shared_secret": "x", "oauth_client_secret": "y"}},
        {"mypreferences": {"export": "some", "match_values": ["x"]}, "page_size": 0},
    ],
    ids=["none", "wrong", "both ways to authorize", "incomplete"],
)
def test_discovery_needs_no_valid_settings(config: dict[str, Any]) -> None:
    discovered = run_tap(config, "--discover")
    assert discovered.exit_code == 0, discovered.log
    assert "Traceback" not in discovered.log
