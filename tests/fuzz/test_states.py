"""Foreign and broken states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.activecampaign import serve_empty_account
from tests.support.sync import sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock

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
def test_foreign_state_never_crashes(clock: SharedClock, state: dict[str, Any]) -> None:
    with serve_empty_account(clock) as sandbox:
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
