"""Definitions: every version, found by walking back from now."""

from __future__ import annotations

from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.answers import with_attribute
from tests.support.clocks import DAY, SharedClock
from tests.support.fuzzing import check_end
from tests.support.sync import Sync, sync

STREAM = {"segment_definitions"}


def add_versions(account: Account, number: int) -> Segment:
    created = account.clock.time() - 100 * DAY
    segment = account.add_segment("some", [1], created=created)
    for version in range(1, number):
        segment.edit(at=created + version * DAY)
    return segment


def created_dates(synced: Sync) -> list[str]:
    return [row["created_date"] for row in synced.records("segment_definitions")]


def definition_requests(sandbox: Sandbox) -> int:
    return sum("createdDate" in request.path for request in sandbox.requests)


def test_versions_are_emitted_oldest_first(account: Account, sandbox: Sandbox) -> None:
    segment = add_versions(account, 5)
    synced = sync(sandbox, streams=STREAM)
    rows = synced.records("segment_definitions")
    assert len(rows) == 5
    assert created_dates(synced) == sorted(created_dates(synced))
    assert [row["segment_hash"] for row in rows] == [
        version.segment_hash for version in segment.versions
    ]
    assert rows[0]["segment_conditions"][0]["fields"]
    assert all(len(date) == 27 and date.endswith("Z") for date in created_dates(synced))


def test_second_sync_takes_one_request(account: Account, sandbox: Sandbox) -> None:
    add_versions(account, 5)
    first = sync(sandbox, streams=STREAM)
    sandbox.clear_requests()
    second = sync(sandbox, streams=STREAM, state=first.state)
    assert created_dates(second) == created_dates(first)[-1:]
    assert definition_requests(sandbox) == 1


def test_second_sync_emits_new_versions(account: Account, sandbox: Sandbox) -> None:
    segment = add_versions(account, 3)
    first = sync(sandbox, streams=STREAM)
    segment.edit()
    segment.edit(at=account.clock.time() + 1)
    account.clock.advance(5)  # type: ignore[attr-defined]
    second = sync(sandbox, streams=STREAM, state=first.state)
    assert len(created_dates(second)) == 3
    assert created_dates(second)[0] == created_dates(first)[-1]


def test_start_date_includes_the_version_in_force(account: Account, sandbox: Sandbox) -> None:
    segment = add_versions(account, 5)
    since = account.timestamps.format(segment.versions[2].created + DAY / 2)
    synced = sync(sandbox, streams=STREAM, start_date=since)
    assert len(created_dates(synced)) == 3


def test_endlessly_repeated_version_fails(account: Account, sandbox: Sandbox) -> None:
    add_versions(account, 1)

    created = account.timestamps.format(account.clock.time() - 50 * DAY)

    def same(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["attributes"]["created_date"] = created
        return body

    sandbox.faults.add(Fault("edit", operation="definition", times=None, answer=same))
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 1
    assert definition_requests(sandbox) < 5
    assert created_dates(synced) == []
    assert "older versions cannot be read" in synced.errors[0]


def test_endless_versions_fail(account: Account, sandbox: Sandbox) -> None:
    segment = add_versions(account, 1)
    moment = account.clock.time()

    def one_more(body: dict[str, Any]) -> dict[str, Any]:
        nonlocal moment
        moment -= 60
        body["data"][0]["attributes"]["created_date"] = account.timestamps.format(moment)
        return body

    sandbox.faults.add(Fault("edit", operation="definition", times=None, answer=one_more))
    segment.versions[0].created = 0.0
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 1
    assert "start_date" in synced.errors[0]


def test_numeric_id_has_no_history_and_is_warned_of(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("old", [1], segment_id="24")
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 0
    assert created_dates(synced) == []
    assert definition_requests(sandbox) == 0
    assert len(synced.warnings) == 1


def test_data_object_is_read_like_an_array(account: Account, sandbox: Sandbox) -> None:
    add_versions(account, 2)
    sandbox.faults.add(Fault("data_object", operation="definition", times=None))
    assert len(created_dates(sync(sandbox, streams=STREAM))) == 2


def test_version_before_the_bookmark_is_ignored(account: Account, sandbox: Sandbox) -> None:
    segment = add_versions(account, 3)
    other = account.add_segment("other", [1])
    first = sync(sandbox, streams=STREAM)

    def lag(answer: dict[str, Any]) -> dict[str, Any]:
        answer["data"][0]["attributes"]["created_date"] = "2020-01-01T00:00:00.000Z"
        return answer

    segment_id = segment.segment_id
    sandbox.faults.add(Fault("edit", "definition", segment_id=segment_id, answer=lag, times=None))
    other.edit()
    second = sync(sandbox, streams=STREAM, state=first.state)
    assert second.exit_code == 0
    rows = second.records("segment_definitions")
    assert [row["segment_id"] for row in rows] == [other.segment_id] * 2
    before, after = (
        [
            entry["replication_key_value"]
            for entry in synced.state["bookmarks"]["segment_definitions"]["partitions"]
            if entry["context"]["segment_id"] == segment_id
        ]
        for synced in (first, second)
    )
    assert before == after


def test_version_of_the_first_year_ends_the_walk(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    answer = with_attribute("0001-01-01T00:00:00Z", "created_date")
    sandbox.faults.add(Fault("edit", "definition", times=None, answer=answer))
    synced = sync(sandbox, streams={"segment_definitions"})
    check_end(synced)
    [row] = synced.records("segment_definitions")
    assert row["created_date"] == "0001-01-01T00:00:00.000000Z"


# Versions close to each other.


@pytest.mark.parametrize("step", [0.0003, 0.001, 0.0014, 0.002, 0.5])
@pytest.mark.parametrize("digits", [3, 4, 6])
def test_close_versions_are_read_or_warned_of(
    account: Account, sandbox: Sandbox, step: float, digits: int
) -> None:
    account.timestamps.digits = digits
    created = float(round(account.clock.time() - 50 * DAY))
    segment = account.add_segment("some", [1], created=created)
    for number in (1, 2):
        segment.edit(at=created + number * step)
    synced = sync(sandbox, streams=STREAM)
    assert synced.exit_code == 0
    known = {version.created for version in segment.versions}
    found = len({*created_dates(synced)})
    assert found == len(known) or any("may be missing" in line for line in synced.warnings)
    if step >= 0.001:
        assert found == len(known)


@pytest.mark.parametrize("digits", [0, 3])
def test_edit_within_one_instant_of_a_run_is_read(
    account: Account, sandbox: Sandbox, clock: SharedClock, digits: int
) -> None:
    account.timestamps.digits = 6
    segment = account.add_segment("some", [1], created=clock.time() - 50 * DAY)
    for operation in ("start", "read"):
        sandbox.faults.add(Fault("digits", operation, times=None, value=digits))
    at = float(int(clock.time()) - 5)
    segment.edit(at=at + 0.0002)
    first = sync(sandbox)
    segment.edit(at=at + 0.0008)
    clock.advance(3 * DAY)
    second = sync(sandbox, state=first.state)
    clock.advance(DAY)
    sandbox.clear_requests()
    sync(sandbox, state=second.state)
    assert len({*created_dates(first), *created_dates(second)}) == 3
    # From then on the runs report that nothing changed.
    assert definition_requests(sandbox) == 0


def test_transient_404_does_not_end_the_walk(account: Account, sandbox: Sandbox) -> None:
    add_versions(account, 5)
    sandbox.faults.add(Fault("not_found", "definition", after=2))
    assert len(created_dates(sync(sandbox, streams=STREAM))) == 5
