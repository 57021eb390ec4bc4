"""Any members and any fault: the log leads from the old members to the new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tap_activecampaign_segments.sandbox import Fault
from tests.support.activecampaign import serve_empty_account
from tests.support.sync import LOG_STREAMS, sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock

members = st.sets(st.integers(0, 80), max_size=60)
# Not "no_page": twice, it is an empty result by the API's design.
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


@pytest.mark.timeout(240)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(old=members, new=members, page_size=st.integers(1, 70), damage=faults)
def test_log_leads_from_old_to_new_members(
    clock: SharedClock, old: set[int], new: set[int], page_size: int, damage: list[Fault]
) -> None:
    with serve_empty_account(clock) as sandbox:
        segment = sandbox.account.add_segment("some", sorted(old))
        options: dict[str, Any] = {
            "streams": LOG_STREAMS,
            "page_size": page_size,
            "max_left_share": 1,
        }
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
def test_contradictions_never_make_a_wrong_result(
    clock: SharedClock,
    size: int,
    page_size: int,
    lies: dict[str, Any],
    ids: str,
    operations: list[str],
) -> None:
    # A repeated page whose total is its own size is no contradiction.
    assume(ids != "of the first page" or str(lies.get("total")) != str(min(size, page_size)))
    # Neither are four answers that say nothing.
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

    with serve_empty_account(clock) as sandbox:
        sandbox.account.add_segment("some", range(1, size + 1))
        for operation in operations:
            sandbox.faults.add(Fault("edit", operation, times=None, answer=told))
        synced = sync(sandbox, streams=LOG_STREAMS, page_size=page_size)
        found = {row["contact_id"] for row in synced.records("membership_changes")}
        rows = [row["total"] for row in synced.records("match_all_runs")]
        assert (rows, found) in (([], set()), ([size], {*range(1, size + 1)}))
        assert bool(synced.exit_code) == (not rows)
