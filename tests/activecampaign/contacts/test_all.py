"""`contacts: all`: the whole account, and later what was updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.clocks import DAY, SharedClock
from tests.support.sync import Sync, catalog, config_of, run_tap, sync

if TYPE_CHECKING:
    from collections.abc import Iterable

STREAMS = {"contacts"}


def contact_requests(sandbox: Sandbox) -> list[dict[str, str]]:
    return [
        dict(parse_qsl(each.raw_query))
        for each in sandbox.requests
        if each.path.endswith("/contacts")
    ]


def ids(synced: Sync) -> list[int]:
    return [row["contact_id"] for row in synced.records("contacts")]


def sync_all(sandbox: Sandbox, **options: Any) -> Sync:
    return sync(sandbox, **{"streams": STREAMS, "contacts": "all", **options})


def bookmark(synced: Sync) -> dict[str, Any]:
    found: dict[str, Any] = synced.state["bookmarks"]["contacts"]
    return found


@pytest.mark.parametrize(
    ("size", "requests"), [(0, 2), (1, 1), (99, 1), (100, 2), (200, 3), (250, 3), (1000, 11)]
)
def test_all_contacts_are_read_in_the_order_of_ids(
    account: Account, sandbox: Sandbox, size: int, requests: int
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(10, 10 + 3 * size, 3))
    synced = sync_all(sandbox)
    assert synced.exit_code == 0
    assert ids(synced) == [*range(10, 10 + 3 * size, 3)]
    assert len(contact_requests(sandbox)) == requests
    assert not any("offset" in query for query in contact_requests(sandbox))


def test_later_only_updated_contacts_are_read(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 1001))
    first = sync_all(sandbox)
    clock.advance(5 * DAY)
    account.update_contact(400, at=clock.time() - DAY, phone="+15550100")
    account.update_contact(500, at=clock.time() - 5 * DAY - DAY / 2, phone="+15550101")
    account.update_contact(600, at=clock.time() - 7 * DAY, phone="+15550102")
    sandbox.clear_requests()
    second = sync_all(sandbox, state=first.state)
    assert ids(second) == [400, 500]
    assert len(contact_requests(sandbox)) == 1
    assert second.warnings == []
    assert bookmark(second)["replication_key_value"] > bookmark(first)["replication_key_value"]


def test_update_during_a_walk_is_read_by_the_next_one(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 301))

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        # Contact 5 is updated once the walk is beyond it, and the walk takes days.
        clock.advance(3 * DAY)
        account.update_contact(5, firstName="Later")
        return answer

    sandbox.faults.add(Fault("edit", "contacts", times=1, after=1, answer=change))
    first = sync_all(sandbox)
    clock.advance(30 * DAY)
    second = sync_all(sandbox, state=first.state)
    assert 5 in ids(second)


def test_ignored_filter_is_warned_of_once_and_made_up_for(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 101))
    account.set_otherwise("updated_after_selects_contacts")
    first = sync_all(sandbox)
    clock.advance(5 * DAY)
    account.update_contact(7, firstName="Later")
    second = sync_all(sandbox, state=first.state)
    assert second.exit_code == 0
    assert ids(second) == [7]
    [warning] = second.warnings
    assert "filters[updated_after]" in warning


def test_response_that_is_not_in_the_order_of_ids_fails(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 301))
    account.set_otherwise("id_greater_pages_contacts")
    synced = sync_all(sandbox)
    assert synced.exit_code == 1
    assert len(contact_requests(sandbox)) < 5
    assert "in the order of ids" in synced.errors[0]


def test_capped_pages_are_read_to_the_end(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 31))
    edit = Fault(
        "edit",
        "contacts",
        times=None,
        answer=lambda answer: {**answer, "contacts": answer["contacts"][:7]},
    )
    sandbox.faults.add(edit)
    assert ids(sync_all(sandbox)) == [*range(1, 31)]


@pytest.mark.parametrize("meta", [{}, {"meta": {}}, {"meta": {"total": "x"}}, {"meta": []}])
def test_without_a_total_the_walk_ends_at_an_empty_page(
    account: Account, sandbox: Sandbox, meta: dict[str, Any]
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 151))
    edit = Fault(
        "edit",
        "contacts",
        times=None,
        answer=lambda answer: {"contacts": answer["contacts"], **meta},
    )
    sandbox.faults.add(edit)
    assert ids(sync_all(sandbox)) == [*range(1, 151)]
    assert len(contact_requests(sandbox)) == 4


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("meta", [{}, {"meta": {"total": "0"}}])
def test_one_empty_response_is_not_the_end(
    account: Account, sandbox: Sandbox, meta: dict[str, Any], after: int
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 501))
    answer = {"contacts": [], **meta}
    sandbox.faults.add(Fault("edit", "contacts", times=1, after=after, answer=lambda _: answer))
    synced = sync_all(sandbox)
    assert synced.exit_code == 0
    assert ids(synced) == [*range(1, 501)]


def test_empty_response_to_which_contacts_match_fails(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 501))

    def empty(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "contacts": []}

    sandbox.faults.add(Fault("edit", "contacts", times=None, after=2, answer=empty))
    first = sync_all(sandbox)
    assert first.exit_code == 1
    assert "replication_key_value" not in bookmark(first)
    sandbox.faults.clear()
    assert ids(first) + ids(sync_all(sandbox, state=first.state)) == [*range(1, 501)]


@pytest.mark.parametrize("size", [150, 200])
def test_total_of_the_account_does_not_keep_the_walk_from_ending(
    account: Account, sandbox: Sandbox, size: int
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, size + 1))

    def count_all(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "meta": {"total": str(size)}}

    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=count_all))
    synced = sync_all(sandbox)
    assert synced.exit_code == 0
    assert ids(synced) == [*range(1, size + 1)]
    assert "replication_key_value" in bookmark(synced)


def test_one_total_that_is_too_small_hides_no_contact(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 501))

    def count_page(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "meta": {"total": "100"}}

    sandbox.faults.add(Fault("edit", "contacts", times=1, after=2, answer=count_page))
    assert ids(sync_all(sandbox)) == [*range(1, 501)]


def test_contact_without_id_costs_itself_and_is_named(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 151))

    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        answer["contacts"][3] = {"email": "contact4@example.com"}
        return answer

    sandbox.faults.add(Fault("edit", "contacts", times=1, answer=spoil))
    synced = sync_all(sandbox)
    assert synced.exit_code == 1
    assert ids(synced) == [each for each in range(1, 151) if each != 4]
    [line] = synced.errors
    assert "contacts: " in line
    assert "example.com" not in synced.log


def test_failure_is_its_own(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [1, 2, 3])
    sandbox.faults.add(Fault("status", "contacts", status=500, times=None))
    synced = sync_all(sandbox, streams=None)
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "contacts: " in line
    assert len(synced.records("match_all_runs")) == 1


# What earlier syncs read.


def interrupted(sandbox: Sandbox, *, after: int = 2) -> Sync:
    """Sync until some pages were read."""
    sandbox.faults.add(Fault("status", "contacts", status=400, after=after, times=None))
    synced = sync_all(sandbox)
    sandbox.faults.clear()
    sandbox.clear_requests()
    assert synced.exit_code == 1
    return synced


def test_interrupted_walk_is_resumed(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 501))
    first = interrupted(sandbox)
    assert ids(first) == [*range(1, 201)]
    clock.advance(20 * DAY)
    account.update_contact(3, at=clock.time() - 10 * DAY, firstName="Between")
    second = sync_all(sandbox, state=first.state)
    assert ids(second) == [*range(201, 501)]
    assert contact_requests(sandbox)[0]["id_greater"] == "200"
    # What was updated since the walk began is read by the next one.
    third = sync_all(sandbox, state=second.state)
    assert ids(third) == [3]


@pytest.mark.parametrize(
    "walk",
    [
        None,
        [],
        {},
        {"started_at": "x", "after": 5},
        {"started_at": "2026-01-01T00:00:00Z", "after": "5"},
        {"started_at": "2026-01-01T00:00:00Z", "after": True},
    ],
)
def test_unusable_walk_in_the_state_begins_anew(
    account: Account, sandbox: Sandbox, walk: Any
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 501))
    state = interrupted(sandbox).state
    state["bookmarks"]["contacts"]["walk"] = walk
    assert ids(sync_all(sandbox, state=state)) == [*range(1, 501)]


def _read_by_another_user(account: Account, sandbox: Sandbox, state: dict[str, Any]) -> Sync:
    return sync_all(sandbox, state=state, api_token=account.add_token("2"))


def _read_with_digests(account: Account, sandbox: Sandbox, state: dict[str, Any]) -> Sync:  # noqa: ARG001
    return sync_all(sandbox, state=state, contact_identifiers="hashed")


def _read_after_the_future(account: Account, sandbox: Sandbox, state: dict[str, Any]) -> Sync:  # noqa: ARG001
    state["bookmarks"]["contacts"]["replication_key_value"] = "2999-01-01T00:00:00Z"
    return sync_all(sandbox, state=state)


@pytest.mark.parametrize(
    "read", [_read_by_another_user, _read_with_digests, _read_after_the_future]
)
@pytest.mark.parametrize("is_complete", [False, True], ids=["within a walk", "after a walk"])
def test_what_was_read_otherwise_is_read_again_with_a_warning(
    account: Account, sandbox: Sandbox, read: Any, *, is_complete: bool
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 301))
    first = sync_all(sandbox) if is_complete else interrupted(sandbox)
    second = read(account, sandbox, first.state)
    assert second.exit_code == 0
    assert ids(second) == [*range(1, 301)]
    assert any("all are read again" in line for line in second.warnings)


def test_joined_leaves_the_bookmark_of_all(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", [1, 2])
    first = sync_all(sandbox)
    clock.advance(DAY)
    second = sync(sandbox, streams={"match_all_runs", "contacts"}, state=first.state)
    assert ids(second) == [1, 2]
    clock.advance(DAY)
    third = sync_all(sandbox, state=second.state)
    assert ids(third) == []


def test_full_table_reads_all_each_time(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 31))
    chosen = catalog(STREAMS)
    for entry in chosen["streams"]:
        if entry["tap_stream_id"] == "contacts":
            entry["replication_method"] = "FULL_TABLE"
            for each in entry["metadata"]:
                if not each["breadcrumb"]:
                    each["metadata"]["forced-replication-method"] = "FULL_TABLE"
    config = config_of(sandbox, contacts="all")
    first = run_tap(config, **{"--catalog": chosen})
    second = run_tap(config, **{"--catalog": chosen, "--state": first.state})
    assert ids(second) == [*range(1, 31)]


def test_connection_test_reads_one_page(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 5001))
    config = config_of(sandbox, contacts="all")
    synced = run_tap(config, "--test", **{"--catalog": catalog(STREAMS)})
    assert synced.exit_code == 0
    assert len(contact_requests(sandbox)) == 1


def test_bookmark_is_by_the_clock_of_the_server(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 11))
    account.clock_ahead = -10 * DAY
    first = sync_all(sandbox)
    text = f"{clock.now():%Y-%m-%d}"
    assert bookmark(first)["replication_key_value"] < text
    assert {row["read_at"] < text for row in first.records("contacts")} == {True}


def test_clock_that_is_behind_makes_no_future_bookmark(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", [])
    account.add_contacts(range(1, 11))
    account.clock_ahead = 10 * DAY
    first = sync_all(sandbox)
    clock.advance(DAY)
    second = sync_all(sandbox, state=first.state)
    assert second.warnings == []
    assert ids(second) == []


def test_pages_are_read_while_segments_are(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("slow", range(1, 11), evaluation_seconds=60)
    synced = sync_all(sandbox, streams={"match_all_runs", "contacts"})
    assert synced.exit_code == 0
    kinds = [each.path.split("/")[3] for each in sandbox.requests]
    assert kinds.index("contacts") < len(kinds) - 1 - kinds[::-1].index("segmentMatchAll")


def _streams(synced: Sync) -> Iterable[str]:
    return (each["stream"] for each in synced.messages if each["type"] == "RECORD")


def test_rows_are_the_last_of_a_sync(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", range(1, 11))
    order = [*dict.fromkeys(_streams(sync_all(sandbox, streams=None)))]
    assert order[0] == "segments"
    assert order[-1] == "contacts"
