"""Settings: what is wrong is said at once, in one line, before any request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.sync import config_of, sync, tap

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"api_token": None}, "api_token"),
        ({"api_token": "  "}, "api_token"),
        ({"api_token": 123456}, "api_token"),
        ({"api_token": "two\nlines"}, "api_token"),
        ({"api_url": None}, "api_url"),
        ({"api_url": "http://example.com"}, "api_url"),
        ({"api_url": "ftp://example.com"}, "api_url"),
        ({"api_url": "example.com"}, "api_url"),
        ({"api_url": "https://user:secret@example.com"}, "api_url"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 10_001}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"sort": "banana"}, "sort"),
        ({"sort": "id,"}, "sort"),
        ({"segment_ids": ["."]}, "segment_ids"),
        ({"segment_ids": [".."]}, "segment_ids"),
        ({"segment_ids": "one"}, "segment_ids"),
        ({"segment_names": [""]}, "segment_names"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"requests_per_second": 0}, "requests_per_second"),
        ({"request_timeout": 10**13}, "request_timeout"),
        ({"max_left_share": 1.1}, "max_left_share"),
        ({"max_concurrent_requests": 33}, "max_concurrent_requests"),
        ({"run_timeout": 0}, "run_timeout"),
        ({"run_attempts": 0}, "run_attempts"),
        ({"resume_within": -1}, "resume_within"),
        ({"request_timeout": 0}, "request_timeout"),
    ],
)
def test_a_wrong_setting_ends_at_once_with_a_line_that_names_it(
    sandbox: Sandbox, settings: dict[str, Any], setting: str
) -> None:
    synced = tap(config_of(sandbox, **settings))
    assert synced.exit_code == 1
    assert synced.messages == []
    assert sandbox.requests == []
    faults = [line for line in synced.errors if "validation failed" not in line]
    assert len(faults) == 1
    assert setting in faults[0]
    assert "Traceback" not in synced.log
    assert not any(secret in synced.log for secret in ("123456", "secret", sandbox.token))


def test_each_fault_has_a_line_of_its_own(sandbox: Sandbox) -> None:
    synced = tap(config_of(sandbox, page_size=0, sort="banana", api_token=None))
    faults = [line for line in synced.errors if "validation failed" not in line]
    assert len(faults) == 3


@pytest.mark.parametrize("ending", ["", "/", "/api/3", "/api/3/"])
def test_the_url_is_accepted_as_people_paste_it(
    account: Account, sandbox: Sandbox, ending: str
) -> None:
    account.add_segment("some")
    assert len(sync(sandbox, api_url=sandbox.url + ending).records("segments")) == 1


@pytest.mark.parametrize(
    "sort", ["id", "-id", "email,-cdate", "score", "-score12", "field3,last_name"]
)
def test_every_sort_of_the_grammar_is_accepted(
    account: Account, sandbox: Sandbox, sort: str
) -> None:
    account.add_segment("some", [1, 2])
    synced = sync(sandbox, sort=sort)
    assert synced.exit_code == 0
    assert synced.records("match_all_runs")[0]["sort"] == sort


def test_settings_are_read_from_the_environment(
    account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.add_segment("VIP", [1])
    account.add_segment("other", [2])
    for name, value in {
        "API_URL": sandbox.url,
        "API_TOKEN": sandbox.token,
        "SEGMENT_NAMES": json.dumps(["VIP"]),
        "REQUESTS_PER_SECOND": "50.5",
        "PAGE_SIZE": "7",
    }.items():
        monkeypatch.setenv(f"TAP_ACTIVECAMPAIGN_SEGMENTS_{name}", value)
    synced = tap({}, "--config=ENV")
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("match_all_results")] == [1]
    assert any("page_size=7" in request.raw_query for request in sandbox.requests)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAGE_SIZE", "many"),
        ("PAGE_SIZE", "true"),
        ("REQUESTS_PER_SECOND", "fast"),
        ("REQUESTS_PER_SECOND", "inf"),
        ("REQUESTS_PER_SECOND", "1e-300"),
    ],
)
def test_a_wrong_environment_variable_ends_with_a_line_that_names_the_setting(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TAP_ACTIVECAMPAIGN_SEGMENTS_{name}", value)
    synced = tap(config_of(sandbox), "--config=ENV")
    assert synced.exit_code == 1
    assert any(name.lower() in line for line in synced.errors)
    assert "Traceback" not in synced.log


@pytest.mark.parametrize("option", ["--state", "--catalog"])
def test_a_file_that_is_no_json_object_ends_with_one_line(sandbox: Sandbox, option: str) -> None:
    synced = tap(config_of(sandbox), **{option: [1]})
    assert synced.exit_code == 1
    assert any(option in line for line in synced.errors)
    assert sandbox.requests == []


def test_a_fraction_in_a_file_is_a_number(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    synced = sync(sandbox, requests_per_second=4.75, max_left_share=0.25)
    assert synced.exit_code == 0
    assert len(synced.records("match_all_runs")) == 1


def test_a_configuration_that_is_no_json_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")
    synced = tap({}, f"--config={path}")
    assert synced.exit_code == 2
    assert "broken.json" in synced.log
    assert "Traceback" not in synced.log


def test_a_configuration_in_place_of_a_files_name_is_not_said() -> None:
    synced = tap({}, '--config={"api_token": "sesame-open"')
    assert synced.exit_code == 2
    assert "sesame" not in synced.log
