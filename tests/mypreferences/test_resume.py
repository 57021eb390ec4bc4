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


def test_an_unfinished_export_is_taken_up_again(mypreferences: Sandbox, clock: SharedClock) -> None:
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


def test_an_export_of_changes_that_is_taken_up_again_is_still_one(
    mypreferences: Sandbox, clock: SharedClock
) -> None:
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
def test_one_that_is_too_old_or_asked_for_something_else_is_left_alone(
    mypreferences: Sandbox, clock: SharedClock, top: dict[str, Any], settings: dict[str, Any]
) -> None:
    group = mypreferences.preferences.add_group("Newsletter", 5, processing_seconds=900)
    first = export(mypreferences, top={"run_timeout": 60})
    clock.advance(1000)
    assert export(mypreferences, first.state, top, **settings).exit_code == 0
    assert len(group.exports) == 2


def test_killed_while_waiting_the_next_sync_uses_the_same_export(
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


def test_an_export_older_than_the_last_one_known_is_not_taken_up(
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


def test_an_export_taken_up_again_has_the_same_grace(two_of_each: Sandbox) -> None:
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


def test_an_unfinished_export_keeps_its_instant_in_the_one_form(group: Sandbox) -> None:
    config = {"mypreferences": oauth_config(group)}
    group.faults.add(Fault("status", "data", times=None))
    state = run_tap(config).state
    [entry] = state["bookmarks"]["segment_group_exports"]["partitions"]
    at = entry["running"]["exported_at"]
    entry["running"]["exported_at"] = at.replace("Z", "+0000")
    group.faults.clear()
    synced = run_tap(config, **{"--state": state})
    assert [row["exported_at"] for row in synced.records("segment_group_exports")] == [at]
