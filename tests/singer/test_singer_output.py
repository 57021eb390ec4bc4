"""The whole raw output of the command is valid Singer, by an independent check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tests.support.activate_version import EMIT
from tests.support.mypreferences import signed_config
from tests.support.processes import running_tap
from tests.support.singer_output import InvalidOutputError, SingerOutput
from tests.support.sync import RUN_STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    Message = dict[str, Any]
    Edit = Callable[[list[Message]], object]

STREAMS = RUN_STREAMS | {
    *("segments", "segment_definitions", "segment_conditions", "count_history", "contacts"),
    *("segment_group_profiles", "segment_group_exports"),
}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The output of two syncs by a process, between which the accounts changed."""
    account, preferences = Account(), Preferences(seed=1)
    account.records_runs = False
    for name in ("A", "B"):
        account.add_segment(name, range(1, 31)).add_count(1_700_000_000.0, 30)
    preferences.add_group("Newsletter", 40)
    outputs: list[bytes] = []
    state = None
    with Sandbox(account, preferences=preferences, requests_per_second=None) as sandbox:
        for members in (range(1, 31), range(5, 36)):
            account.segments[0].members = members
            folder = tmp_path_factory.mktemp("night")
            settings = {"mypreferences": signed_config(sandbox), **EMIT}
            with running_tap(sandbox, folder, state=state, **settings) as process:
                outputs.append(process.stdout.read())
                exit_code, log = process.end()
            assert exit_code == 0, log
            state = SingerOutput(outputs[-1]).state
    return outputs


def test_two_nights_are_valid_line_by_line(nights: list[bytes]) -> None:
    first, second = map(SingerOutput, nights)
    assert first.records.keys() == STREAMS
    assert second.records["membership_changes"] == 4 + 5
    for output in (first, second):
        assert output.types["SCHEMA"] == len(STREAMS)
        assert output.types["ACTIVATE_VERSION"] == 2
        assert output.state["bookmarks"].keys() >= {"match_all_runs", "segment_group_exports"}


def position(messages: list[Message], kind: str, stream: str | None = None) -> int:
    """Return the place of the first message of a type, of any stream or of one."""
    return next(
        place
        for place, each in enumerate(messages)
        if each["type"] == kind and stream in {None, each.get("stream")}
    )


def message(messages: list[Message], kind: str, stream: str | None = None) -> Message:
    return messages[position(messages, kind, stream)]


def record(messages: list[Message], stream: str) -> Message:
    return message(messages, "RECORD", stream)["record"]  # type: ignore[no-any-return]


EDITS: dict[str, tuple[str, Edit]] = {
    "unknown type": ("is of type", lambda all_: all_.append({"type": "METRIC"})),
    "unknown field": ("has the fields", lambda all_: message(all_, "STATE").update(x=1)),
    "missing field": ("has the fields", lambda all_: message(all_, "SCHEMA").pop("key_properties")),
    "record before its schema": (
        "has no SCHEMA before",
        lambda all_: all_.insert(0, all_.pop(position(all_, "RECORD"))),
    ),
    "second schema": ("a second SCHEMA", lambda all_: all_.append(message(all_, "SCHEMA"))),
    "unknown key": (
        "lacks the properties",
        lambda all_: message(all_, "SCHEMA")["key_properties"].append("x"),
    ),
    "unknown bookmark": (
        "lacks the properties",
        lambda all_: message(all_, "SCHEMA", "memberships").update(bookmark_properties=["x"]),
    ),
    "invalid schema": (
        "is not valid under any of the given schemas",
        lambda all_: message(all_, "SCHEMA")["schema"]["properties"].update(x={"type": "text"}),
    ),
    "null key": ("without ['segment_id']", lambda all_: record(all_, "segments").pop("segment_id")),
    "null bookmark": (
        "without ['changed_at']",
        lambda all_: record(all_, "memberships").update(changed_at=None),
    ),
    "text for a number": (
        "is not of type",
        lambda all_: record(all_, "segments")["counts"]["last_total"].update(count="12"),
    ),
    "timestamp of three digits": (
        "is not a 'date-time'",
        lambda all_: record(all_, "count_history").update(timestamp="2026-01-01T00:00:00.123Z"),
    ),
    "timestamp of no day": (
        "is not a 'date-time'",
        lambda all_: record(all_, "segments")["counts"]["last_total"].update(
            run_id_end="2026-02-30T00:00:00.000000Z"
        ),
    ),
    "undeclared column": (
        "Additional properties",
        lambda all_: record(all_, "memberships").update(x=1),
    ),
    "record after its activation": (
        "after its ACTIVATE_VERSION",
        lambda all_: all_.insert(
            position(all_, "ACTIVATE_VERSION") + 1,
            message(all_, "RECORD", message(all_, "ACTIVATE_VERSION")["stream"]),
        ),
    ),
    "another version": (
        "of another version",
        lambda all_: message(all_, "ACTIVATE_VERSION").update(version=1),
    ),
    "state of no object": (
        "in place of an object",
        lambda all_: message(all_, "STATE").update(value=[]),
    ),
    "no state at the end": (
        "and no STATE",
        lambda all_: all_.append(message(all_, "RECORD", "memberships")),
    ),
    "not a number": (
        "has the number NaN",
        lambda all_: record(all_, "segments")["counts"].update(x=float("nan")),
    ),
}


@pytest.mark.parametrize("kind", EDITS)
def test_violations_are_found(nights: list[bytes], kind: str) -> None:
    reason, edit = EDITS[kind]
    messages = [json.loads(line) for line in nights[0].splitlines()]
    edit(messages)
    output = b"".join(json.dumps(each).encode() + b"\n" for each in messages)
    with pytest.raises(InvalidOutputError) as caught:
        SingerOutput(output)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "STATE", "value": {"a": "\xff"}}\n',
        b'{"type": "STATE", "value": {}} {"type": "STATE", "value": {}}\n',
        b'{"type": "STATE", "value": {"a": 1, "a": 2}}\n',
        b'{"type": "STATE", "value": {"a": 1e999}}\n',
        b'["STATE"]\n',
        b"\n",
        b'{"type": "STATE", "value": {}}',
    ],
)
def test_lines_that_are_no_message_are_found(nights: list[bytes], line: bytes) -> None:
    with pytest.raises(InvalidOutputError):
        SingerOutput(nights[0] + line)
