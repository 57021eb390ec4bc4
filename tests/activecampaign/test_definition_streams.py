"""Definitions in words, and their conditions as rows: two streams, one reading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.clocks import DAY, SharedClock
from tests.support.sync import Sync, sync

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFINITIONS = {"segment_definitions"}
CONDITIONS = {"segment_conditions"}
BOTH = DEFINITIONS | CONDITIONS


def condition(number: int, value: str, **changes: Any) -> dict[str, Any]:
    field = {"name": "tagid", "data_type": "number", "operator": "=", "value": value}
    return {
        "id": str(number),
        "source_system": "activecampaign",
        "object_type": "tag",
        "fields": [{**field, **changes}],
        "field_aggregate": {"aggregate_field_operator": ""},
    }


def edit(segment: Segment, *conditions: dict[str, Any], at: float | None = None) -> None:
    values = [{"id": each["id"], "type": "condition"} for each in conditions]
    group = {"id": "1", "operator": "and", "values": values}
    segment.edit(at, conditions=[*conditions], groups=[group] if values else [], operator="and")


def requests(sandbox: Sandbox) -> int:
    return sum("createdDate" in request.path for request in sandbox.requests)


def changes(synced: Sync) -> list[str | None]:
    return [row["changes_text"] for row in synced.records("segment_definitions")]


def bookmarks(synced: Sync, streams: Iterable[str] = BOTH) -> set[str]:
    return {
        partition["replication_key_value"]
        for stream in streams
        for partition in synced.state["bookmarks"][stream]["partitions"]
    }


@pytest.fixture
def segment(account: Account, clock: SharedClock) -> Segment:
    """A segment with three versions of known conditions after its first one."""
    created = clock.time() - 100 * DAY
    segment = account.add_segment("VIP", [1], created=created)
    for day, values in enumerate((["14"], ["14", "15"], ["14", "16"]), start=1):
        conditions = [condition(number, value) for number, value in enumerate(values)]
        edit(segment, *conditions, at=created + day * DAY)
    return segment


@pytest.mark.usefixtures("segment")
def test_each_version_has_its_text_and_what_it_changed(sandbox: Sandbox) -> None:
    rows = sync(sandbox, streams=DEFINITIONS).records("segment_definitions")
    assert [row["changes_text"] is None for row in rows] == [True, False, False, False]
    *_, before, after = rows
    assert all(word in before["definition_text"] for word in ("tag 14", "tag 15", " and "))
    assert "15" in before["changes_text"]
    assert "14" not in before["changes_text"]
    assert all(word in after["changes_text"] for word in ("15", "16"))


@pytest.mark.usefixtures("segment")
def test_both_streams_take_the_requests_of_one(sandbox: Sandbox) -> None:
    sync(sandbox, streams=DEFINITIONS)
    of_one = requests(sandbox)
    sandbox.clear_requests()
    synced = sync(sandbox, streams=BOTH)
    assert requests(sandbox) == of_one
    assert len(bookmarks(synced)) == 1
    rows = synced.records("segment_conditions")
    newest = max(row["created_date"] for row in rows)
    assert [row["value"] for row in rows if row["created_date"] == newest] == ["14", "16"]
    sandbox.clear_requests()
    sync(sandbox, streams=BOTH, state=synced.state)
    assert requests(sandbox) == 1


def test_version_without_conditions_moves_both_bookmarks(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    edit(segment)
    clock.advance(DAY)
    synced = sync(sandbox, streams=BOTH)
    assert len(bookmarks(synced)) == 1
    sandbox.clear_requests()
    second = sync(sandbox, streams=BOTH, state=synced.state)
    assert requests(sandbox) == 1
    assert second.records("segment_conditions") == []


@pytest.mark.usefixtures("segment")
def test_conditions_selected_later_are_read_from_the_beginning(sandbox: Sandbox) -> None:
    first = sync(sandbox, streams=DEFINITIONS)
    sandbox.clear_requests()
    second = sync(sandbox, streams=BOTH, state=first.state)
    dates = {row["created_date"] for row in second.records("segment_conditions")}
    assert len(dates) == 4
    assert len(second.records("segment_definitions")) == 1
    assert len(bookmarks(second)) == 1


def test_repeated_row_keeps_what_it_changed(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    first = sync(sandbox, streams=DEFINITIONS)
    sandbox.clear_requests()
    second = sync(sandbox, streams=DEFINITIONS, state=first.state)
    assert changes(second) == changes(first)[-1:]
    assert requests(sandbox) == 1
    edit(segment, condition(1, "99"))
    clock.advance(DAY)
    third = sync(sandbox, streams=DEFINITIONS, state=second.state)
    assert changes(third)[0] == changes(first)[-1]
    assert "99" in str(changes(third)[1])


@pytest.mark.usefixtures("segment")
def test_state_of_an_older_version_costs_one_request_once(sandbox: Sandbox) -> None:
    first = sync(sandbox, streams=DEFINITIONS)
    state = first.state
    [partition] = state["bookmarks"]["segment_definitions"]["partitions"]
    del partition["changes_text"]
    sandbox.clear_requests()
    second = sync(sandbox, streams=DEFINITIONS, state=state)
    assert changes(second) == changes(first)[-1:]
    assert requests(sandbox) == 2
    sandbox.clear_requests()
    third = sync(sandbox, streams=DEFINITIONS, state=second.state)
    assert changes(third) == changes(first)[-1:]
    assert requests(sandbox) == 1


@pytest.mark.parametrize(
    "personal",
    [
        {"name": "email", "operator": "contains", "value": "some.body@example.com"},
        {"name": "first_name", "operator": "is", "value": "Some"},
        {"name": "phone", "operator": "starts with", "value": "+1555"},
    ],
    ids=lambda field: field["name"],
)
def test_text_that_quotes_a_person_is_not_in_the_state(
    sandbox: Sandbox, segment: Segment, clock: SharedClock, personal: dict[str, str]
) -> None:
    contact = {**condition(1, ""), "object_type": "contact"}
    contact["fields"] = [{"data_type": "string", **personal}]
    edit(segment, contact)
    clock.advance(DAY)
    first = sync(sandbox, streams=DEFINITIONS)
    assert personal["value"] in str(changes(first)[-1])
    assert personal["value"] not in json.dumps(first.state)
    second = sync(sandbox, streams=DEFINITIONS, state=first.state)
    assert changes(second) == changes(first)[-1:]


def test_oldest_version_since_the_start_date_tells_what_it_changed(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    since = account.timestamps.format(segment.versions[2].created + DAY / 2)
    rows = sync(sandbox, streams=DEFINITIONS, start_date=since).records("segment_definitions")
    assert len(rows) == 2
    assert "15" in rows[0]["changes_text"]


def test_failure_is_one_line_and_costs_its_tries_once(
    sandbox: Sandbox, segment: Segment, account: Account
) -> None:
    other = account.add_segment("other", [1])
    sandbox.faults.add(
        Fault("status", "definition", segment_id=segment.segment_id, status=500, times=None)
    )
    synced = sync(sandbox, streams=BOTH)
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    failed = [each for each in sandbox.requests if segment.segment_id in each.path]
    assert len(failed) == 5
    for stream in BOTH:
        assert {row["segment_id"] for row in synced.records(stream)} == {other.segment_id}


def test_numeric_id_is_warned_of_once(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("old", [1], segment_id="24")
    synced = sync(sandbox, streams=BOTH)
    assert synced.exit_code == 0
    assert len(synced.warnings) == 1


def test_odd_conditions_are_rows_with_keys(sandbox: Sandbox, segment: Segment) -> None:
    odd = [
        {"id": 7, "fields": [{"name": "x", "value": [1, 2]}, {"operator": "~", "external": True}]},
        {"id": 7, "object_type": "moon"},
        {"fields": [{"value": None}]},
    ]
    segment.edit(conditions=odd, groups=[])
    synced = sync(sandbox, streams=BOTH)
    assert synced.exit_code == 0
    newest = max(row["created_date"] for row in synced.records("segment_conditions"))
    rows = [row for row in synced.records("segment_conditions") if row["created_date"] == newest]
    assert len({(row["condition_id"], row["field_index"]) for row in rows}) == len(rows) == 4
    assert [row["external"] for row in rows] == [False, True, False, False]
    assert "moon" in {row["object_type"] for row in rows}


def test_quiet_night_reads_no_definition(
    sandbox: Sandbox, segment: Segment, clock: SharedClock
) -> None:
    streams = BOTH | {"match_all_runs", "memberships"}
    first = sync(sandbox, streams=streams)
    clock.advance(DAY)
    sandbox.clear_requests()
    second = sync(sandbox, streams=streams, state=first.state)
    assert requests(sandbox) == 0
    edit(segment, condition(1, "99"))
    clock.advance(DAY)
    third = sync(sandbox, streams=streams, state=second.state)
    assert {row["value"] for row in third.records("segment_conditions")} >= {"99"}
