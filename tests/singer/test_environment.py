"""Settings from environment variables and .env files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.sync import ENV_PREFIX, assert_refused, config_of, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment


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
    synced = run_tap({}, "--config=ENV")
    assert synced.exit_code == 0
    assert [row["contact_id"] for row in synced.records("memberships")] == [1]
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
def test_invalid_variable_names_its_setting(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TAP_ACTIVECAMPAIGN_SEGMENTS_{name}", value)
    synced = run_tap(config_of(sandbox), "--config=ENV")
    assert synced.exit_code == 1
    assert any(name.lower() in line for line in synced.errors)
    assert "Traceback" not in synced.log


def test_settings_are_read_from_a_dotenv_file(
    sandbox: Sandbox, segment: Segment, dotenv: Path
) -> None:
    dotenv.write_text(f"{ENV_PREFIX}API_URL={sandbox.url}\n{ENV_PREFIX}API_TOKEN={sandbox.token}\n")
    synced = run_tap({}, "--config=ENV")
    assert synced.exit_code == 0
    assert len(synced.records("memberships")) == len(segment.members)
    assert sandbox.token not in synced.log


SECRET = "TOPSECRETabc"
WRONG = [
    ("PAGE_SIZE", SECRET),
    ("MAX_CONCURRENT_REQUESTS", f"5{SECRET}"),
    ("MYPREFERENCES", SECRET),
    ("MYPREFERENCES", f'{{"shared_secret": "{SECRET}"'),
    ("MYPREFERENCES", f'["{SECRET}"]'),
    ("SEGMENT_NAMES", f'["{SECRET}"'),
    ("SEGMENT_IDS", f'{{"a": "{SECRET}"}}'),
    ("EMIT_ACTIVATE_VERSION_MESSAGES", SECRET),
    ("FLATTENING_MAX_DEPTH", SECRET),
    ("FLATTENING_ENABLED", "ja"),
    ("STREAM_MAPS", SECRET),
    ("STREAM_MAP_CONFIG", f'{{"salt": "{SECRET}"'),
    ("BATCH_CONFIG", SECRET),
    ("FAKER_CONFIG", SECRET),
    ("REQUESTS_PER_SECOND", SECRET),
    ("MAX_LEFT_SHARE", SECRET),
    ("API_URL", f"https://user:{SECRET}@example.com"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda each: each[:20])
def test_invalid_dotenv_value_is_named_and_not_quoted(
    sandbox: Sandbox, dotenv: Path, name: str, value: str
) -> None:
    dotenv.write_text(f"{ENV_PREFIX}{name}='{value}'\n")
    synced = run_tap(config_of(sandbox), "--config=ENV")
    assert_refused(sandbox, synced, name.lower())
    assert SECRET not in synced.log


@pytest.mark.parametrize("arguments", [["--test"], ["--test=schema"], ["--discover"]], ids=str)
@pytest.mark.parametrize(("name", "value"), WRONG[:4], ids=lambda each: each[:20])
def test_invalid_value_is_never_quoted(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    arguments: list[str],
) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}{name}", value)
    synced = run_tap(config_of(sandbox), "--config=ENV", *arguments)
    assert_refused(sandbox, synced, name.lower())
    assert SECRET not in synced.log


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("SEGMENT_NAME", True),
        ("APITOKEN", True),
        ("MYPREFERENCES_SHARED_SECRET", True),
        ("LOGLEVEL", False),
        ("_LOAD_SCHEMA", False),
    ],
)
def test_unknown_variable_is_warned_of(
    sandbox: Sandbox, dotenv: Path, name: str, *, is_told: bool
) -> None:
    sandbox.account.add_segment("some", [1])
    value = "INFO" if name == "LOGLEVEL" else SECRET
    dotenv.write_text(f"{ENV_PREFIX}{name}={value}\n")
    synced = run_tap(config_of(sandbox), "--config=ENV")
    assert synced.exit_code == 0
    assert SECRET not in synced.log
    assert [f"{ENV_PREFIX}{name}" in line for line in synced.warnings] == [True] * is_told
