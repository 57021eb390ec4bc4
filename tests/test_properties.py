"""For any members and any fault: the log applied to the old members gives the new ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
from tap_activecampaign_segments.activecampaign.match_all.membership_diff import diff_contact_ids
from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support import SharedClock, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGES = {"match_all_runs", "membership_changes"}
# Not "no_page": said twice, it is an empty result by the design of the API.
FAULTS = [
    "run_fails",
    "run_expires",
    "total_changes",
    "duplicate",
    "missing_row",
    "text_id",
    "no_data",
    "empty",
    "cut",
    "reset",
    "status",
]

members = st.sets(st.integers(0, 80), max_size=60)
pages = st.lists(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20), max_size=10)
faults = st.lists(
    st.builds(
        lambda kind, operation, after, times: Fault(
            kind, operation=operation, after=after, times=times
        ),
        st.sampled_from(FAULTS),
        st.sampled_from(["start", "read"]),
        st.integers(0, 3),
        st.sampled_from([1, 2, 3, None]),
    ),
    max_size=3,
)


@contextmanager
def served(clock: SharedClock) -> Iterator[Sandbox]:
    account = Account(clock=clock)
    with Sandbox(account, clock=clock, requests_per_second=None) as sandbox:
        yield sandbox


@pytest.mark.timeout(240)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(old=members, new=members, page_size=st.integers(1, 70), damage=faults)
def test_the_log_applied_to_the_old_members_gives_the_new_ones_or_says_nothing(
    clock: SharedClock, old: set[int], new: set[int], page_size: int, damage: list[Fault]
) -> None:
    with served(clock) as sandbox:
        segment = sandbox.account.add_segment("some", sorted(old))
        options: dict[str, Any] = {"streams": CHANGES, "page_size": page_size, "max_left_share": 1}
        first = sync(sandbox, **options)
        segment.members = sorted(new)
        for fault in damage:
            sandbox.faults.add(fault)
        second = sync(sandbox, state=first.state, **options)
        runs = second.records("match_all_runs")
        now = set(old)
        for row in second.records("membership_changes"):
            if row["is_baseline"]:
                continue
            (now.add if row["change"] == "joined" else now.discard)(row["contact_id"])
        if second.exit_code:
            assert not runs
            assert now == old
        elif runs[0]["is_baseline"]:
            assert {row["contact_id"] for row in second.records("membership_changes")} == new
        else:
            assert now == new


numbers = st.none() | st.integers(0, 40) | st.integers(0, 40).map(str)


@pytest.mark.timeout(240)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    size=st.integers(0, 30),
    page_size=st.integers(1, 12),
    lies=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["total", "last_page", "per_page"], numbers)
    ),
    ids=st.sampled_from(["all", "without the last", "with one twice", "of the first page"]),
    operations=st.sampled_from([["start"], ["read"], ["start", "read"]]),
)
def test_no_contradiction_of_numbers_and_ids_makes_a_result_that_is_not_one(
    clock: SharedClock,
    size: int,
    page_size: int,
    lies: dict[str, Any],
    ids: str,
    operations: list[str],
) -> None:
    # A page that comes again and again, and is all that there is said to be, is no contradiction.
    assume(ids != "of the first page" or str(lies.get("total")) != str(min(size, page_size)))
    # Nor is it to say nothing at all, four times.
    assume(ids != "without the last" or page_size > 1 or lies.get("total", "") is not None)

    def told(body: dict[str, Any]) -> dict[str, Any]:
        facts = body["data"][0]["attributes"]
        if "page" not in facts:
            return body
        facts["page"] |= lies
        if ids == "without the last":
            del facts["matches"][-1:]
        elif ids == "with one twice":
            facts["matches"][-1:] = facts["matches"][:1]
        elif ids == "of the first page":
            facts["matches"] = [*range(1, min(size, page_size) + 1)]
        return body

    with served(clock) as sandbox:
        sandbox.account.add_segment("some", range(1, size + 1))
        for operation in operations:
            sandbox.faults.add(Fault("edit", operation, times=None, answer=told))
        synced = sync(sandbox, streams=CHANGES, page_size=page_size)
        found = {row["contact_id"] for row in synced.records("membership_changes")}
        rows = [row["total"] for row in synced.records("match_all_runs")]
        assert (rows, found) in (([], set()), ([size], {*range(1, size + 1)}))
        assert bool(synced.exit_code) == (not rows)


@given(previous=pages, new=pages)
def test_the_difference_of_contact_ids_is_that_of_their_sets(
    previous: list[list[int]], new: list[list[int]]
) -> None:
    sides = []
    for side in (previous, new):
        distinct = list(dict.fromkeys(number for page in side for number in page))
        contact_ids = ContactIds()
        for start in range(0, len(distinct), 7):
            contact_ids.append(distinct[start : start + 7])
        sides.append((contact_ids, set(distinct)))
    (ids_before, before), (ids_after, after) = sides
    assert diff_contact_ids(ids_before, ids_after) == (
        sorted(after - before),
        sorted(before - after),
    )


@given(ids=pages)
def test_contact_ids_give_their_pages_back_and_know_duplicates(ids: list[list[int]]) -> None:
    contact_ids = ContactIds()
    for page in ids:
        contact_ids.append(page)
    flat = [number for page in ids for number in page]
    assert list(contact_ids) == ids
    assert len(contact_ids) == len(flat)
    assert contact_ids.has_duplicates == (len(set(flat)) < len(flat))


@given(ids=st.sets(st.integers(0, 2**63 - 1), min_size=1, max_size=50), seed=st.randoms())
def test_the_digest_of_contact_ids_does_not_depend_on_the_order(ids: set[int], seed: Any) -> None:
    shuffled = list(ids)
    seed.shuffle(shuffled)
    one, other = ContactIds(), ContactIds()
    one.append(sorted(ids))
    for number in shuffled:
        other.append([number])
    assert one.digest == other.digest
    other.append([7 if 7 not in ids else 2**62 + 1])
    assert one.digest != other.digest


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = ["context", "match_all", "replication_key_value", "run_id", "running", "predecessor", "pair"]
entries = st.dictionaries(
    st.sampled_from(KEYS),
    json_values
    | st.fixed_dictionaries({"segment_id": st.sampled_from(["known", "", "other", "."])})
    | st.fixed_dictionaries(
        {
            "predecessor": json_values,
            "running": st.fixed_dictionaries({"run_id": json_values, "sort": st.just("id")}),
        }
    ),
)
foreign_states = st.fixed_dictionaries(
    {
        "bookmarks": json_values
        | st.dictionaries(
            st.sampled_from(["segments", "match_all_runs", "count_history", "other"]),
            json_values
            | st.fixed_dictionaries({"partitions": json_values | st.lists(entries, max_size=3)}),
            max_size=4,
        )
    }
)


@pytest.mark.timeout(240)
@settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(state=foreign_states)
def test_a_broken_or_foreign_state_ends_well_or_with_one_line(
    clock: SharedClock, state: dict[str, Any]
) -> None:
    with served(clock) as sandbox:
        sandbox.account.add_segment("some", range(20), segment_id="known")
        synced = sync(sandbox, state=state)
        assert "Traceback" not in synced.log
        if synced.exit_code:
            [line] = synced.errors
            assert "--state has nothing" in line
            assert sandbox.requests == []
            assert state["bookmarks"]
            return
        [row] = synced.records("match_all_runs")
        assert row["total"] == row["joined_count"] == 20
