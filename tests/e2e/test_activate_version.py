"""ACTIVATE_VERSION in a real SQL target."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.e2e import postgres
from tests.e2e.truth import KEYS
from tests.support.activate_version import ACTIVATED_STREAMS, EMIT, RESULTS, THIRD_ID, activated
from tests.support.sync import Sync, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment

KEPT = {
    stream: keys
    for stream, keys in KEYS.items()
    if stream not in ACTIVATED_STREAMS and not stream.startswith("segment_group_")
}
"""Keys of the streams that never drop rows."""


@pytest.fixture
def segments(account: Account) -> list[Segment]:
    """Three saved segments; some contacts are in two of them."""
    return [
        account.add_segment("first", range(1, 121)),
        account.add_segment("second", range(100, 161)),
        account.add_segment("third", range(1, 31), segment_id=THIRD_ID),
    ]


@pytest.fixture
def target(server: postgres.Server, tmp_path: Path) -> postgres.Target:
    """A target without tables."""
    return postgres.Target(server, tmp_path, tmp_path.name)


def night(
    sandbox: Sandbox, target: postgres.Target, *, hard_delete: bool = True, **settings: Any
) -> Sync:
    """Sync into the target as a pipeline does every night."""
    synced = sync(sandbox, state=target.state, **EMIT, **settings)
    # Several batches: some rows are loaded, others pending, when the message arrives.
    target.load(synced.messages, hard_delete=hard_delete, batch_size_rows=100)
    versions = [each["version"] for each in synced.messages if "version" in each]
    wait_until_after(max(versions, default=0))
    return synced


def wait_until_after(version: int) -> None:
    """Wait for the next second, the precision of versions. `time.sleep` is patched here."""
    threading.Event().wait(max(version + 1 - time.time(), 0))


def members(target: postgres.Target) -> set[tuple[str, int]]:
    """The contacts in the target's table of the full result, without those marked as deleted."""
    return {
        (row["segment_id"], row["contact_id"])
        for row in target.rows(RESULTS)
        if row["_sdc_deleted_at"] is None
    }


def truth(account: Account) -> set[tuple[str, int]]:
    """The contacts that are in the segments of the account now."""
    return {(each.segment_id, member) for each in account.segments for member in each.members}


def names(target: postgres.Target) -> set[str]:
    return {row["name"] for row in target.rows("segments") if row["_sdc_deleted_at"] is None}


def kept(target: postgres.Target) -> dict[str, set[tuple[Any, ...]]]:
    """Keys of the rows that are never dropped."""
    return {
        stream: {tuple(row[key] for key in keys) for row in target.rows(stream)}
        for stream, keys in KEPT.items()
    }


def churn(segments: list[Segment]) -> None:
    """Let five contacts leave and three join."""
    first, second, _ = segments
    first.members = [*range(4, 121), 500, 501]
    second.members = [*range(102, 161), 500]


def test_complete_sync_drops_left_members_and_deleted_segments(
    account: Account, sandbox: Sandbox, segments: list[Segment], target: postgres.Target
) -> None:
    for each in segments:
        each.add_count(1_700_000_000.0, 7)
    gone = account.add_segment("gone", range(1, 11))
    night(sandbox, target)
    before = members(target)
    assert before == truth(account)
    assert len(before) == 120 + 61 + 30 + 10
    assert names(target) == {"first", "second", "third", "gone"}
    history = kept(target)
    assert all(history.values())

    churn(segments)
    account.remove(gone)
    assert night(sandbox, target).exit_code == 0
    assert members(target) == truth(account)
    assert len(before - members(target)) == 5 + 10
    assert len(members(target) - before) == 3
    assert names(target) == {"first", "second", "third"}
    for stream, keys in kept(target).items():
        assert keys >= history[stream]
    log = "membership_changes"
    assert len(kept(target)[log] - history[log]) == 5 + 3


def test_soft_delete_marks_exactly_what_is_deleted(
    account: Account, sandbox: Sandbox, segments: list[Segment], target: postgres.Target
) -> None:
    night(sandbox, target, streams=ACTIVATED_STREAMS, hard_delete=False)
    before = members(target)
    assert before == truth(account)
    churn(segments)
    assert night(sandbox, target, streams=ACTIVATED_STREAMS, hard_delete=False).exit_code == 0
    assert members(target) == truth(account)
    assert len(target.rows(RESULTS)) == len(before | truth(account)) == len(before) + 3


def test_failed_sync_drops_no_member_until_the_next_one(
    account: Account, sandbox: Sandbox, segments: list[Segment], target: postgres.Target
) -> None:
    night(sandbox, target, streams=ACTIVATED_STREAMS)
    before = members(target)
    failing = segments[2]
    sandbox.faults.add(Fault("run_fails", times=None, segment_id=failing.segment_id))
    churn(segments)
    failing.members = range(1, 26)
    second = night(sandbox, target, streams=ACTIVATED_STREAMS, run_attempts=1)
    assert second.exit_code == 1
    assert len(second.errors) == 1
    assert activated(second) == ["segments"]
    # Members who joined the two readable segments are added, and none is dropped.
    assert members(target) > before
    assert len(members(target) - before) == 3

    sandbox.faults.clear()
    assert night(sandbox, target, streams=ACTIVATED_STREAMS).exit_code == 0
    assert members(target) == truth(account)
    assert len(before - members(target)) == 5 + 5


def test_partial_selection_drops_only_deleted_segments(
    account: Account, sandbox: Sandbox, segments: list[Segment], target: postgres.Target
) -> None:
    gone = account.add_segment("gone", range(1, 11))
    night(sandbox, target, streams=ACTIVATED_STREAMS)
    before = members(target)
    churn(segments)
    account.remove(gone)
    scopes: list[dict[str, Any]] = [
        {"segment_names": ["first"]},
        {"exclude_segments": ["third"]},
    ]
    for scope in scopes:
        assert night(sandbox, target, streams=ACTIVATED_STREAMS, **scope).exit_code == 0
        assert members(target) > before
        # A partial selection still reads the whole listing.
        assert names(target) == {"first", "second", "third"}
    assert len(members(target) - before) == 3


def test_batched_rows_are_not_dropped(
    account: Account,
    sandbox: Sandbox,
    segments: list[Segment],
    target: postgres.Target,
    tmp_path: Path,
) -> None:
    batches = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri()},
        "batch_size": 50,
    }
    night(sandbox, target, streams=ACTIVATED_STREAMS, batch_config=batches)
    assert segments
    assert members(target) == truth(account)
    assert names(target) == {"first", "second", "third"}
