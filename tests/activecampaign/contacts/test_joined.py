"""`contacts: joined`: who joined a segment, looked up before the run's row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.clocks import DAY, SharedClock
from tests.support.contacts import JOINED_STREAMS, contact_queries, instead_of
from tests.support.recorded import record_days
from tests.support.sync import Sync, catalog, config_of, run_tap, sync

if TYPE_CHECKING:
    from collections.abc import Sequence


def ids(synced: Sync) -> list[int]:
    return [row["contact_id"] for row in synced.records("contacts")]


def missing(synced: Sync) -> list[int]:
    return [row["contact_id"] for row in synced.records("contacts") if not row["is_found"]]


def next_day(sandbox: Sandbox, clock: SharedClock) -> None:
    clock.advance(DAY)
    sandbox.clear_requests()


@pytest.mark.parametrize("size", [1, 99, 100, 101, 1101])
def test_each_member_is_read_once_with_few_requests(
    account: Account, sandbox: Sandbox, size: int
) -> None:
    account.add_segment("VIP", range(1, size + 1))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 0
    assert sorted(ids(synced)) == [*range(1, size + 1)]
    assert len(contact_queries(sandbox)) == -(-size // 100)


def test_second_sync_reads_who_joined(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    segment = account.add_segment("VIP", range(1, 301))
    first = sync(sandbox, streams=JOINED_STREAMS)
    next_day(sandbox, clock)
    segment.members = range(11, 304)
    second = sync(sandbox, streams=JOINED_STREAMS, state=first.state)
    assert ids(second) == [301, 302, 303]
    assert len(contact_queries(sandbox)) == 1
    next_day(sandbox, clock)
    third = sync(sandbox, streams=JOINED_STREAMS, state=second.state)
    assert not ids(third)
    assert not contact_queries(sandbox)


def test_contact_of_several_segments_is_read_once(account: Account, sandbox: Sandbox) -> None:
    for number in range(5):
        account.add_segment(f"segment {number}", range(1 + 10 * number, 200 + 10 * number))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert sorted(ids(synced)) == [*range(1, 240)]
    assert len(contact_queries(sandbox)) <= 4


def test_segments_share_requests(account: Account, sandbox: Sandbox, clock: SharedClock) -> None:
    segments = [account.add_segment(f"segment {n}", [5 * n + 1]) for n in range(50)]
    first = sync(sandbox, streams=JOINED_STREAMS)
    assert len(ids(first)) == 50
    next_day(sandbox, clock)
    for segment in segments:
        segment.members = [*segment.members, *(segment.members[0] + n for n in (1, 2, 3))]
    # The others are evaluated while the first one is.
    segments[0].evaluation_seconds = 300
    second = sync(sandbox, streams=JOINED_STREAMS, state=first.state)
    assert len(ids(second)) == 150
    assert len(contact_queries(sandbox)) == 2


def test_rows_precede_the_run_that_made_them_necessary(account: Account, sandbox: Sandbox) -> None:
    for number in range(3):
        account.add_segment(f"segment {number}", range(150 * number + 1, 150 * number + 200))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    known: set[int] = set()
    commits = 0
    for message in synced.messages:
        if message["type"] != "RECORD":
            continue
        record = message["record"]
        if message["stream"] == "contacts":
            known.add(record["contact_id"])
        elif message["stream"] == "membership_changes":
            assert record["contact_id"] in known
        elif message["stream"] == "match_all_runs":
            commits += 1
    assert commits == 3


# Contacts that do not come.


def test_deleted_contact_is_asked_for_twice_and_not_found(
    account: Account, sandbox: Sandbox
) -> None:
    account.add_segment("VIP", range(1, 251))
    forget = {7, 150, 249}

    def without(answer: dict[str, Any]) -> dict[str, Any]:
        found = [each for each in answer["contacts"] if int(each["id"]) not in forget]
        return {**answer, "contacts": found, "meta": {"total": str(len(found))}}

    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=without))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 0
    assert sorted(ids(synced)) == [*range(1, 251)]
    assert sorted(missing(synced)) == sorted(forget)
    *_, again = contact_queries(sandbox)
    assert again.count("ids%5B%5D=") == 3
    assert len(contact_queries(sandbox)) == 4
    row = next(row for row in synced.records("contacts") if row["contact_id"] == 7)
    identity = {"contact_id", "is_found", "read_at"}
    assert all(value is None for name, value in row.items() if name not in identity)


def test_contact_that_comes_the_second_time_is_found(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [3, 5])
    sandbox.faults.add(Fault("edit", "contacts", times=1, answer=lambda _: {"contacts": []}))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert sorted(ids(synced)) == [3, 5]
    assert missing(synced) == []


@pytest.mark.parametrize("cap", [1, 20, 99])
def test_response_with_fewer_contacts_than_match_is_continued(
    account: Account, sandbox: Sandbox, cap: int
) -> None:
    account.add_segment("VIP", range(1, 101))

    def cut(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "contacts": answer["contacts"][:cap]}

    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=cut))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert sorted(ids(synced)) == [*range(1, 101)]
    assert missing(synced) == []


@pytest.mark.parametrize(
    "contacts",
    [
        [{"id": "900", "email": "contact900@example.com"}],
        [{"email": "contact1@example.com"}],
        [{"id": "x"}, "contact"],
        [None],
    ],
    ids=["others", "no id", "unusable", "null"],
)
def test_answer_to_another_question_is_no_missing_contact(
    account: Account, sandbox: Sandbox, contacts: Sequence[Any]
) -> None:
    account.add_segment("VIP", [1, 2])
    answer = {"contacts": contacts, "meta": {"total": "1"}}
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=lambda _: answer))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 1
    assert synced.records("contacts") == synced.records("match_all_runs") == []
    [line] = synced.errors
    assert "'VIP'" in line
    assert "example.com" not in synced.log


# Failures.


def test_failure_fails_the_commit_and_the_next_sync_finishes_it(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    bad = account.add_segment("bad", range(1, 101))
    good = account.add_segment("good", range(101, 201))
    first = sync(sandbox, streams=JOINED_STREAMS)
    next_day(sandbox, clock)
    bad.members = [*range(1, 101), 301]
    good.members = [*range(101, 201), 401]
    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=instead_of(301)))
    good.evaluation_seconds = 60
    second = sync(sandbox, streams=JOINED_STREAMS, state=first.state)
    assert second.exit_code == 1
    assert [row["segment_id"] for row in second.records("match_all_runs")] == [good.segment_id]
    assert {row["segment_id"] for row in second.records("membership_changes")} == {good.segment_id}
    sandbox.faults.clear()
    next_day(sandbox, clock)
    third = sync(sandbox, streams=JOINED_STREAMS, state=second.state)
    assert third.exit_code == 0
    assert 301 in ids(third)
    changes = [row for row in third.records("membership_changes") if row["contact_id"] == 301]
    assert [row["change"] for row in changes] == ["joined"]


def test_refusal_is_not_repeated_for_each_segment(account: Account, sandbox: Sandbox) -> None:
    names = [f"segment {number}" for number in range(9)]
    for number, name in enumerate(names):
        account.add_segment(name, [number + 1])
    sandbox.faults.add(Fault("status", "contacts", status=403, times=None))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 1
    assert len(synced.errors) == 9
    assert synced.records("match_all_runs") == []
    assert len(contact_queries(sandbox)) <= 9


def test_server_that_ignores_ids_is_named(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [500, 501])
    account.set_otherwise("ids_select_contacts")
    synced = sync(sandbox, streams=JOINED_STREAMS)
    assert synced.exit_code == 1
    assert synced.records("contacts") == []
    assert "set contacts to all" in synced.errors[0]


# What earlier syncs read.


@pytest.mark.parametrize("streams", [JOINED_STREAMS, {"match_all_runs", "contacts"}, {"contacts"}])
def test_selected_later_all_members_are_read_without_a_baseline(
    account: Account, sandbox: Sandbox, clock: SharedClock, streams: set[str]
) -> None:
    segment = account.add_segment("VIP", range(1, 151))
    without = streams - {"contacts"} or {"match_all_runs", "membership_changes"}
    first = sync(sandbox, streams=without)
    next_day(sandbox, clock)
    segment.members = range(2, 153)
    second = sync(sandbox, streams=streams, state=first.state)
    assert second.exit_code == 0
    assert second.warnings == []
    assert sorted(ids(second)) == [*range(2, 153)]
    if "membership_changes" in streams:
        assert len(second.records("membership_changes")) == 3
        assert not second.records("match_all_runs")[0]["is_baseline"]
    next_day(sandbox, clock)
    segment.members = range(2, 154)
    third = sync(sandbox, streams=streams, state=second.state)
    assert ids(third) == [153]


def test_left_out_for_a_night_all_members_are_read(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    segment = account.add_segment("VIP", range(1, 4))
    synced = sync(sandbox, streams=JOINED_STREAMS)
    for streams, expected in ((JOINED_STREAMS - {"contacts"}, []), (JOINED_STREAMS, [2, 3, 4, 5])):
        next_day(sandbox, clock)
        segment.members = range(2, segment.members[-1] + 2)
        synced = sync(sandbox, streams=streams, state=synced.state)
        assert sorted(ids(synced)) == expected
        assert not synced.records("match_all_runs")[0]["is_baseline"]


def test_other_identifiers_are_read_for_all_members(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", range(1, 4))
    plain = sync(sandbox, streams=JOINED_STREAMS)
    next_day(sandbox, clock)
    hashed = sync(sandbox, streams=JOINED_STREAMS, state=plain.state, contact_identifiers="hashed")
    rows = hashed.records("contacts")
    assert [row["contact_id"] for row in rows] == [1, 2, 3]
    assert {row["email"] for row in rows} == {None}
    assert [row["email_sha256"] for row in rows] == [
        row["email_sha256"] for row in plain.records("contacts")
    ]


def test_plain_after_a_repeated_run_with_digests_reads_all_members_again(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", range(1, 4))
    plain = sync(sandbox, streams=JOINED_STREAMS)
    clock.advance(60)
    options: dict[str, Any] = {"streams": JOINED_STREAMS, "contact_identifiers": "hashed"}
    hashed = sync(sandbox, state=plain.state, reuse_runs_within=3600, **options)
    assert {row["email"] for row in hashed.records("contacts")} == {None}
    next_day(sandbox, clock)
    again = sync(sandbox, streams=JOINED_STREAMS, state=hashed.state)
    assert sorted(ids(again)) == [1, 2, 3]
    assert None not in {row["email"] for row in again.records("contacts")}


@pytest.mark.parametrize("streams", [JOINED_STREAMS, {"contacts"}])
def test_contacts_alone_compare_runs(
    account: Account, sandbox: Sandbox, clock: SharedClock, streams: set[str]
) -> None:
    segment = account.add_segment("VIP", range(1, 4))
    first = sync(sandbox, streams=streams)
    next_day(sandbox, clock)
    segment.members = [2, 3, 9]
    second = sync(sandbox, streams=streams, state=first.state)
    assert ids(second) == [9]


def test_changes_selected_after_contacts_begin_with_a_baseline(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", range(1, 4))
    first = sync(sandbox, streams={"match_all_runs", "contacts"})
    [run] = first.records("match_all_runs")
    assert run["joined_count"] is run["baseline_run_id"] is None
    next_day(sandbox, clock)
    second = sync(sandbox, streams=JOINED_STREAMS, state=first.state)
    assert second.records("match_all_runs")[0]["is_baseline"]
    assert "membership_changes" in second.warnings[0]


# Runs that the tap did not start.


def test_reused_predecessor_is_read_for_its_contacts(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    account.add_segment("VIP", range(1, 4))
    first = sync(sandbox, streams=JOINED_STREAMS - {"contacts"})
    clock.advance(60)
    options: dict[str, Any] = {"streams": JOINED_STREAMS, "reuse_runs_within": 3600}
    second = sync(sandbox, state=first.state, **options)
    assert second.exit_code == 0
    assert sorted(ids(second)) == [1, 2, 3]
    assert second.records("membership_changes") == []
    sandbox.clear_requests()
    third = sync(sandbox, state=second.state, **options)
    assert not ids(third)
    assert not contact_queries(sandbox)
    assert not any("segmentMatch" in request.path for request in sandbox.requests)


@pytest.mark.parametrize("knows", [False, True], ids=["selected later", "known"])
def test_contacts_of_recorded_runs_are_read(
    account: Account, sandbox: Sandbox, clock: SharedClock, *, knows: bool
) -> None:
    segment = account.add_segment("VIP", range(1, 101), created=clock.time() - 100 * DAY)
    streams = JOINED_STREAMS if knows else JOINED_STREAMS - {"contacts"}
    first = sync(sandbox, streams=streams)
    clock.advance(DAY)
    segment.record_run(clock.time() - 3600, range(1, 102))
    clock.advance(DAY)
    segment.members = [*range(1, 101), 200]
    second = sync(sandbox, streams=JOINED_STREAMS, state=first.state, backfill_days=5)
    assert [row["origin"] for row in second.records("match_all_runs")] == ["activecampaign", "tap"]
    expected = [101, 200] if knows else [*range(1, 102), 200]
    assert sorted(ids(second)) == expected
    sandbox.clear_requests()
    third = sync(sandbox, streams=JOINED_STREAMS, state=second.state, backfill_days=5)
    assert ids(third) == []


def test_first_sync_with_recorded_days_reads_everybody_who_was_there(
    account: Account, sandbox: Sandbox, clock: SharedClock
) -> None:
    segment = account.add_segment("VIP", created=clock.time() - 100 * DAY)
    runs = record_days(account, segment, 5)
    synced = sync(sandbox, streams=JOINED_STREAMS, backfill_days=10)
    everybody = {each for run in runs for each in run.members} | {*segment.members}
    assert sorted(ids(synced)) == sorted(everybody)


def test_connection_test_asks_for_one_contact(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", range(1, 5001))
    synced = run_tap(config_of(sandbox), "--test", **{"--catalog": catalog(JOINED_STREAMS)})
    assert synced.exit_code == 0
    [query] = contact_queries(sandbox)
    assert query.count("ids%5B%5D=") == 1
