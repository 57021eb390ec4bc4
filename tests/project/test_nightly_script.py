"""The documented nightly script keeps the state and reports failures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.nightly_script import TARGET, NightlyScript
from tests.support.sync import ENV_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox


@pytest.fixture
def nightly_script(tmp_path: Path, real_time_sandbox: Sandbox) -> NightlyScript:
    nights = NightlyScript(tmp_path, real_time_sandbox)
    target = tmp_path / "target" / "bin" / "target-jsonl"
    target.parent.mkdir(parents=True)
    target.write_text(TARGET)
    target.chmod(0o755)
    return nights


def test_failed_sync_is_reported_and_keeps_the_state(
    nightly_script: NightlyScript, real_time_sandbox: Sandbox
) -> None:
    refused = {f"{ENV_PREFIX}API_TOKEN": "wrong"}
    # The very first sync fails.
    assert nightly_script.run(**refused)[0] == 1
    assert not (nightly_script.folder / "state.json").exists()
    assert nightly_script.run()[0] == 0
    state = nightly_script.state
    exit_code, said = nightly_script.run(**refused)
    assert exit_code == 1
    assert "answered 403" in said
    assert nightly_script.state == state
    assert nightly_script.run()[0] == 0
    assert nightly_script.baselines() == [True, False]
    assert real_time_sandbox.requests


def test_failed_target_is_reported_and_keeps_the_state(nightly_script: NightlyScript) -> None:
    assert nightly_script.run()[0] == 0
    state = nightly_script.state
    target = nightly_script.folder / "target" / "bin" / "target-jsonl"
    for half in ("", 'printf \'{"a": {"b": 1}\\n\'\n', 'printf \'{"a": 1}\\n{"boo\'\n'):
        target.write_text(f"#!/bin/sh\nread line\n{half}exit 3\n")
        assert nightly_script.run()[0] in {1, 3}
        if "boo" not in half:
            assert nightly_script.state == state
        else:
            assert nightly_script.state == {"a": 1}
            (nightly_script.folder / "state.json").write_text(json.dumps(state))
    target.write_text(TARGET)
    assert nightly_script.run()[0] == 0
    assert nightly_script.baselines() == [True, False]
