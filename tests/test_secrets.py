"""Secrets appear in no log line, message, file or state, whatever starts the tap."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.secrets import assert_absent, config_of_both, secret_forms, secrets_of
from tests.support.sync import ENV_PREFIX, run_tap, sync_everything

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("oauth", [False, True], ids=["signed", "oauth"])
@pytest.mark.parametrize("way", ["TAP_LOGLEVEL", "LOGLEVEL", "SINGER_SDK_LOG_CONFIG"])
def test_no_secret_is_logged_at_any_level(
    both_vendors: Sandbox, tmp_path: Path, *, oauth: bool, way: str
) -> None:
    for operation in ("start", "data", "commit"):
        both_vendors.faults.add(Fault("status", operation=operation, status=500))
    both_vendors.faults.add(Fault("reset", operation="status", times=1))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_of_both(both_vendors, oauth=oauth)))
    log_config = tmp_path / "logging.json"
    loggers = ("urllib3", "urllib3.connectionpool", "requests", "tap_activecampaign_segments")
    log_config.write_text(
        json.dumps(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"error": {"class": "logging.StreamHandler"}},
                "root": {"level": "DEBUG", "handlers": ["error"]},
                "loggers": {name: {"level": "DEBUG"} for name in loggers},
            }
        )
    )
    environment = {
        "TAP_LOGLEVEL": {f"{ENV_PREFIX}LOGLEVEL": "DEBUG"},
        "LOGLEVEL": {"LOGLEVEL": "DEBUG"},
        "SINGER_SDK_LOG_CONFIG": {"SINGER_SDK_LOG_CONFIG": str(log_config)},
    }[way]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.support.fast_tap", "--config", str(config)],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    assert "trying again" in done.stderr
    secrets = secrets_of(both_vendors)
    assert_absent(done.stderr, secrets)
    lines = [line for line in done.stdout.splitlines() if '"type":"STATE"' not in line]
    assert any('"segment_group_profiles"' in line for line in lines)
    assert_absent("\n".join(lines), secrets)


@pytest.mark.parametrize(
    "options",
    [
        ["--about"],
        ["--about", "--format=json"],
        ["--about", "--format=markdown"],
        ["--discover", "--config=ENV"],
        ["--test", "--config=ENV"],
        ["--config=ENV"],
    ],
    ids=" ".join,
)
def test_environment_secrets_appear_nowhere(both_vendors: Sandbox, options: list[str]) -> None:
    config = config_of_both(both_vendors)
    environment = {
        f"{ENV_PREFIX}{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.support.fast_tap", *options],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "LOGLEVEL": "DEBUG", **environment},
    )
    assert_absent(
        done.stdout + done.stderr, {both_vendors.token, both_vendors.preferences.shared_secret}
    )


def test_dotenv_secrets_appear_nowhere(
    both_vendors: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        f"{ENV_PREFIX}{name.upper()}='{value if isinstance(value, str) else json.dumps(value)}'"
        for name, value in config_of_both(both_vendors).items()
    ]
    (tmp_path / ".env").write_text("\n".join(lines))
    monkeypatch.setattr(
        "singer_sdk.configuration._dict_config.find_dotenv", lambda: str(tmp_path / ".env")
    )
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", {**os.environ, "LOGLEVEL": "DEBUG"})
        synced = run_tap({}, "--config=ENV")
    assert synced.exit_code == 0
    assert len(synced.records("segment_group_profiles")) == 3
    keys = {both_vendors.token, both_vendors.preferences.shared_secret}
    assert_absent(synced.log, {form for key in keys for form in secret_forms(key)})


def test_batch_files_and_states_hold_no_secret(both_vendors: Sandbox, tmp_path: Path) -> None:
    batch = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri(), "prefix": ""},
    }
    synced = sync_everything(config_of_both(both_vendors, batch_config=batch))
    assert synced.exit_code == 0
    files = [*tmp_path.iterdir()]
    assert files
    keys = {both_vendors.token, both_vendors.preferences.shared_secret}
    assert_absent(synced.messages, {form for key in keys for form in secret_forms(key)})
    tokens = {str(each.token) for each in both_vendors.preferences.exports}
    for file in files:
        content = gzip.decompress(file.read_bytes()).decode()
        assert_absent(content, {form for each in keys | tokens for form in secret_forms(each)})


@pytest.mark.parametrize("as_batch", [False, True], ids=["records", "batches"])
def test_values_hidden_by_a_stream_map_appear_nowhere(
    both_vendors: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, as_batch: bool
) -> None:
    monkeypatch.setenv("LOGLEVEL", "DEBUG")
    config = config_of_both(both_vendors)
    config["stream_map_config"] = {"salt": "sesame-in-a-setting"}
    config["stream_maps"] = {
        "segment_group_profiles": {
            "ProfileId": "sha256(str(ProfileId) + config['salt'] + 'sesame-in-an-expression')",
            "__filter__": "'sesame-in-a-filter' != str(ProfileId)",
            "Emails": None,
            "PhoneNumbers": None,
            "CustomerName": "__NULL__",
        },
        "contacts": dict.fromkeys(("email", "phone", "first_name", "last_name")),
    }
    if as_batch:
        config["batch_config"] = {
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": tmp_path.as_uri(), "params": {"auto_mkdir": True}},
        }
    synced = sync_everything(config)
    assert synced.exit_code == 0
    [group] = both_vendors.preferences.groups
    hidden = {"sesame", "@", *(each["CustomerName"]["Last"] for each in group.profiles)}
    said = [synced.log, *map(json.dumps, synced.messages)]
    said += [gzip.decompress(each.read_bytes()).decode() for each in tmp_path.iterdir()]
    assert len("".join(said).split('"ProfileId"')) > 3
    for each in said:
        assert_absent(each, hidden)
