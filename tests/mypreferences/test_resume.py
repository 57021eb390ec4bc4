"""Exports in progress are resumed by the next sync."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.mypreferences import (
    EXPORTS,
    export,
    exported_groups,
    oauth_config,
    signed_config,
)
from tests.support.processes import REAL_TIME_TAP, running_tap
from tests.support.sync import run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clocks import SharedClock


def test_unfinished_export_is_resumed(mypreferences: Sandbox, clock: SharedClock) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 5, processing_seconds=900)
    first = export(mypreferences, top={"run_timeout": 60})
    assert first.exit_code == 1
    clock.advance(1000)
    second = export(mypreferences, first.state)
    assert second.exit_code == 0
    assert len(group.exports) == 1
    third = export(mypreferences, second.state, top={"resume_within": 0})
    assert third.exit_code == 0
    assert len(group.exports) == 2


def test_resumed_export_of_changes_stays_one(mypreferences: Sandbox, clock: SharedClock) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 5)
    first = export(mypreferences, export="changes")
    clock.advance(3600)
    group.processing_seconds = 900
    second = export(mypreferences, first.state, export="changes", top={"run_timeout": 60})
    clock.advance(1000)
    third = export(mypreferences, second.state, export="changes")
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
def test_other_or_old_export_is_not_resumed(
    mypreferences: Sandbox, clock: SharedClock, top: dict[str, Any], settings: dict[str, Any]
) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 5, processing_seconds=900)
    first = export(mypreferences, top={"run_timeout": 60})
    clock.advance(1000)
    assert export(mypreferences, first.state, top, **settings).exit_code == 0
    assert len(group.exports) == 2


def test_export_survives_a_kill_while_waiting(
    mypreferences: Sandbox, clock: SharedClock, tmp_path: Path
) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 5, processing_seconds=900)
    with running_tap(
        mypreferences,
        tmp_path,
        command=REAL_TIME_TAP,
        mypreferences=signed_config(mypreferences),
        api_url=None,
        api_token=None,
    ) as process:
        process.read_until(b'"running"')
        process.signal(signal.SIGKILL)
        killed = process.finish()
    clock.advance(1000)
    assert export(mypreferences, killed.state).exit_code == 0
    assert len(group.exports) == 1


def test_older_export_than_the_last_is_not_resumed(
    mypreferences: Sandbox,
    clock: SharedClock,
) -> None:
    group = mypreferences.preferences.add_group("VIP", 3, processing_seconds=600)
    late = export(mypreferences, top={"run_timeout": 5})
    group.processing_seconds = 0
    clock.advance(900)
    last = export(mypreferences, top={"resume_within": 1})
    state = json.loads(json.dumps(last.state))
    [entry] = state["bookmarks"][EXPORTS]["partitions"]
    [old] = late.state["bookmarks"][EXPORTS]["partitions"]
    entry["running"] = old["running"]
    clock.advance(60)
    assert export(mypreferences, state).exit_code == 0
    assert len(group.exports) == 3


def test_resumed_export_is_awaited_for_its_data_too(two_of_each: Sandbox) -> None:
    late = Fault("export_never_ends", times=None, segment_id="A")
    two_of_each.faults.add(late)
    first = run_tap({"mypreferences": signed_config(two_of_each), "run_timeout": 5})
    assert first.exit_code == 1
    two_of_each.faults.clear()
    for unfinished in two_of_each.preferences.exports:
        unfinished.ended = unfinished.started
    two_of_each.faults.add(
        Fault("status", "data", 1, segment_id="A", status=404, body='{"Message": 1}')
    )
    second = run_tap({"mypreferences": signed_config(two_of_each)}, **{"--state": first.state})
    assert second.exit_code == 0
    assert exported_groups(second)[0] == "A"


def test_resumed_export_normalizes_its_timestamp(group: Sandbox) -> None:
    config = {"mypreferences": oauth_config(group)}
    group.faults.add(Fault("status", "data", times=None))
    state = run_tap(config).state
    [entry] = state["bookmarks"]["segment_group_exports"]["partitions"]
    at = entry["running"]["exported_at"]
    entry["running"]["exported_at"] = at.replace("Z", "+0000")
    group.faults.clear()
    synced = run_tap(config, **{"--state": state})
    assert [row["exported_at"] for row in synced.records("segment_group_exports")] == [at]
