"""Segments: the listing, empty listings, and unlisted segments."""

from __future__ import annotations

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.activecampaign import contact_ids, segment_names
from tests.support.sync import sync


def test_all_segments_are_emitted_before_other_requests(
    four_segments: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox)
    assert segment_names(synced) == sorted(four_segments)
    records = [stream for kind, stream in synced.types if kind == "RECORD"]
    assert records[:4] == ["segments"] * 4
    assert len({row["listed_at"] for row in synced.records("segments")}) == 1
    assert sandbox.requests[0].path == "/api/3/audiences"


def test_account_without_segments_is_no_error(sandbox: Sandbox) -> None:
    synced = sync(sandbox)
    assert synced.exit_code == 0
    assert synced.records("segments") == []
    assert [request.status for request in sandbox.requests] == [404]


def test_empty_listing_after_a_sync_with_segments_fails(
    account: Account, sandbox: Sandbox, four_segments: dict[str, str]
) -> None:
    first = sync(sandbox)
    for segment in account.segments:
        account.remove(segment)
    second = sync(sandbox, state=first.state)
    assert len(four_segments) == 4
    assert second.exit_code == 1
    assert second.messages == []
    [line] = second.errors
    assert "lists no segments, but 4 were synced before" in line


def test_old_state_knows_segments_by_their_partitions(
    account: Account, sandbox: Sandbox, four_segments: dict[str, str]
) -> None:
    state = sync(sandbox).state
    del state["bookmarks"]["segments"]
    for segment in account.segments:
        account.remove(segment)
    [line] = sync(sandbox, state=state).errors
    assert f"lists no segments, but {len(four_segments)} were synced before" in line
    assert "api_url" in line


def test_listing_alone_is_remembered(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment("some")
    first = sync(sandbox, streams={"segments"})
    account.remove(segment)
    second = sync(sandbox, streams={"segments"}, state=first.state)
    assert second.exit_code == 1
    assert "1 were synced before" in second.errors[0]
    assert second.messages == []


def test_unlisted_segments_alone_can_be_synced_repeatedly(
    account: Account, sandbox: Sandbox
) -> None:
    segment = account.add_segment(None, [7])
    first = sync(sandbox, segment_ids=[segment.segment_id])
    second = sync(sandbox, segment_ids=[segment.segment_id], state=first.state)
    assert second.exit_code == 0
    assert contact_ids(second) == {7}


def test_refused_listing_ends_the_sync_in_one_line(
    four_segments: dict[str, str], sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("status", operation="list", status=403, times=None))
    synced = sync(sandbox)
    assert four_segments
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(sandbox.requests) == 3
