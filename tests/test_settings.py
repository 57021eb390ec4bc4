"""Settings: configuration errors in one line each, before any request; warnings for typos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.mypreferences import signed_config
from tests.support.secrets import assert_absent
from tests.support.sync import config_of, run_tap, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment


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
def test_invalid_setting_is_named_in_one_line(
    sandbox: Sandbox, settings: dict[str, Any], setting: str
) -> None:
    synced = run_tap(config_of(sandbox, **settings))
    assert synced.exit_code == 1
    assert synced.messages == []
    assert sandbox.requests == []
    faults = [line for line in synced.errors if "validation failed" not in line]
    assert len(faults) == 1
    assert setting in faults[0]
    assert "Traceback" not in synced.log
    assert not any(secret in synced.log for secret in ("123456", "secret", sandbox.token))


def test_each_configuration_error_has_its_own_line(sandbox: Sandbox) -> None:
    synced = run_tap(config_of(sandbox, page_size=0, sort="banana", api_token=None))
    faults = [line for line in synced.errors if "validation failed" not in line]
    assert len(faults) == 3


@pytest.mark.parametrize("ending", ["", "/", "/api/3", "/api/3/"])
def test_api_url_is_accepted_as_pasted(account: Account, sandbox: Sandbox, ending: str) -> None:
    account.add_segment("some")
    assert len(sync(sandbox, api_url=sandbox.url + ending).records("segments")) == 1


@pytest.mark.parametrize(
    "sort", ["id", "-id", "email,-cdate", "score", "-score12", "field3,last_name"]
)
def test_every_documented_sort_is_accepted(account: Account, sandbox: Sandbox, sort: str) -> None:
    account.add_segment("some", [1, 2])
    synced = sync(sandbox, sort=sort)
    assert synced.exit_code == 0
    assert synced.records("match_all_runs")[0]["sort"] == sort


def test_decimals_in_the_config_file_are_numbers(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1])
    synced = sync(sandbox, requests_per_second=4.75, max_left_share=0.25)
    assert synced.exit_code == 0
    assert len(synced.records("match_all_runs")) == 1


def test_null_settings_use_their_defaults(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    names = ("max_concurrent_requests", "run_attempts", "page_size", "sort", "run_timeout")
    synced = sync(sandbox, **dict.fromkeys(names))
    assert synced.exit_code == 0
    assert len(synced.records("memberships")) == 3


@pytest.mark.parametrize("name", ["stream_maps", "batch_config", "flattening_enabled", "sort"])
def test_null_setting_equals_absence(sandbox: Sandbox, segment: Segment, name: str) -> None:
    assert sync(sandbox, **{name: None}).exit_code == 0
    assert segment.runs


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"segment_name": ["VIP"]}, ["segment_name:", "did you mean segment_names?"]),
        ({"apitoken": "x"}, ["apitoken:", "api_token?"]),
        ({"colour": "red"}, ["colour:", "no setting of this tap"]),
        ({"requests_per_second": 5.5}, ["requests_per_second", "more than the 5"]),
        ({"requests_per_second": 50}, ["requests_per_second", "more than the 5"]),
    ],
    ids=str,
)
def test_suspicious_setting_is_warned_of(
    sandbox: Sandbox, segment: Segment, settings: dict[str, Any], words: list[str]
) -> None:
    synced = sync(sandbox, **settings)
    assert segment.runs
    assert synced.exit_code == 0
    [line] = synced.warnings
    assert all(word in line for word in words)


def test_unknown_mypreferences_setting_is_warned_of(both_vendors: Sandbox) -> None:
    synced = run_tap({"mypreferences": signed_config(both_vendors, segment_group=["x"])})
    assert synced.exit_code == 0
    [line] = synced.warnings
    assert "mypreferences.segment_group:" in line
    assert "mypreferences.segment_groups?" in line


def test_rate_within_the_limit_is_not_warned_of(sandbox: Sandbox, segment: Segment) -> None:
    assert sync(sandbox, requests_per_second=5).warnings == []
    assert segment.runs


@pytest.mark.parametrize(
    "content",
    [
        '{"api_token": "the-key-itself", }',
        '["the-key-itself"]',
        '"the-key-itself"',
        '{"api_token": ["the-key-itself"]}',
        '{"api_token": {"the-key-itself": 1}}',
        '{"api_token": "the-key-itself\\n"',
        '{"api_token": "the-key-itself\\u0000"}',
        '{"api_token": "the-key-itself\\nX-Header: 1"}',
        '{"api_token": "the-key-itself\u20ac"}',
        '{"api_url": "https://the-key-itself@example.com", "api_token": "the-key-itself"}',
        '{"api_url": "https://example.com?key=the-key-itself", "api_token": "the-key-itself"}',
        '{"api_url": "the-key-itself", "api_token": "the-key-itself"}',
        '{"mypreferences": "the-key-itself"}',
        '{"mypreferences": {"shared_secret": ["the-key-itself"]}}',
        '{"mypreferences": {"shared_secret": "the-key-itself\\n"}}',
    ],
)
def test_configuration_error_does_not_quote_secrets(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content, encoding="utf-8")
    synced = run_tap({}, f"--config={file}")
    assert synced.exit_code in {1, 2}
    assert synced.messages == []
    assert_absent(synced.log, {"the-key-itself", "Traceback"})
