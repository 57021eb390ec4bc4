"""Damaged answers: no false fact, endless loop, crash or invalid record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tests.support.fuzzing import MOST_TIMES, Change, Raw, check_end, fuzz, members_by_log, spoilers
from tests.support.mypreferences import oauth_config, signed_config
from tests.support.sync import run_tap, sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock

spoilt_times = st.sampled_from([1, 2, 6, MOST_TIMES])
MOST_REQUESTS = 400
LONGEST = 4 * 3600.0
"""Maximum duration of a damaged sync, in seconds: a run is awaited for an hour."""


@pytest.mark.timeout(0)
@fuzz(40)
@given(
    operation=st.sampled_from(
        ["list", "segment", "definition", "start", "read", "count_history", "recent_counts"]
    ),
    spoiler=spoilers,
    after=st.integers(0, 3),
    times=spoilt_times,
    unsaved=st.sampled_from(["77", "un/saved?#%20"]),
    page_size=st.sampled_from([4, 50]),
    evaluation_seconds=st.sampled_from([0.0, 6.0]),
    is_first=st.booleans(),
)
def test_damaged_activecampaign_answers_never_falsify(
    clock: SharedClock,
    operation: str,
    spoiler: Change | Raw,
    after: int,
    times: int,
    unsaved: str,
    page_size: int,
    evaluation_seconds: float,
    is_first: bool,  # noqa: FBT001 (given by name)
) -> None:
    account = Account(clock=clock)
    with Sandbox(account, clock=clock, requests_per_second=None) as sandbox:
        vip = account.add_segment("VIP", range(20), evaluation_seconds=evaluation_seconds)
        account.add_segment("other", range(5))
        account.add_segment(None, range(3), segment_id=unsaved)
        options: dict[str, Any] = {
            "page_size": page_size,
            "segment_names": ["*"],
            "segment_ids": [unsaved],
            "max_left_share": 1,
        }
        syncs = []
        old: dict[str, set[int]] = {each.segment_id: set() for each in account.segments}
        if not is_first:
            syncs.append(sync(sandbox, **options))
            old = {each.segment_id: set(each.members) for each in account.segments}
            vip.members = [*range(5, 20), *range(30, 35)]
        state = syncs[-1].state if syncs else None

        sandbox.clear_requests()
        began = clock.monotonic()
        sandbox.faults.add(
            Fault("edit", operation=operation, after=after, times=times, answer=spoiler.of)
        )
        syncs.append(sync(sandbox, state=state, **options))
        check_end(syncs[-1], sandbox.token)
        assert len(sandbox.requests) < MOST_REQUESTS
        assert clock.monotonic() - began < LONGEST
        committed = {row["segment_id"] for row in syncs[-1].records("match_all_runs")}
        for segment in account.segments:
            now = set(segment.members) if segment.segment_id in committed else None
            assert members_by_log(syncs, segment.segment_id) == (now or old[segment.segment_id])
        if syncs[-1].states:
            state = syncs[-1].state

        sandbox.faults.clear()
        syncs.append(sync(sandbox, state=state, **options))
        check_end(syncs[-1], sandbox.token)
        assert syncs[-1].exit_code == 0, syncs[-1].errors
        for segment in account.segments:
            assert members_by_log(syncs, segment.segment_id) == set(segment.members)


@pytest.mark.timeout(0)
@fuzz(30)
@given(
    operation=st.sampled_from(["initiate", "status", "data", "commit", "token"]),
    spoiler=spoilers,
    after=st.integers(0, 3),
    times=spoilt_times,
    export=st.sampled_from(["full", "changes"]),
    page_size=st.sampled_from([3, 50]),
    authorize=st.sampled_from([signed_config, oauth_config]),
    is_first=st.booleans(),
)
def test_damaged_mypreferences_answers_never_falsify(
    clock: SharedClock,
    operation: str,
    spoiler: Change | Raw,
    after: int,
    times: int,
    export: str,
    page_size: int,
    authorize: Any,
    is_first: bool,  # noqa: FBT001 (given by name)
) -> None:
    preferences = Preferences(seed=1)
    with Sandbox(
        Account(clock=clock), clock=clock, preferences=preferences, requests_per_second=None
    ) as sandbox:
        groups = {"VIP": 10, "b/ä?#%20": 2}
        for name, size in groups.items():
            preferences.add_group(name, size)
        authorize = oauth_config if operation == "token" else authorize
        config = {"mypreferences": authorize(sandbox, export=export, page_size=page_size)}
        state = None if is_first else run_tap(config).state

        sandbox.clear_requests()
        began = clock.monotonic()
        sandbox.faults.add(
            Fault("edit", operation=operation, after=after, times=times, answer=spoiler.of)
        )
        spoilt = run_tap(config, **{"--state": state})
        secrets = [preferences.shared_secret, preferences.oauth_client_secret]
        secrets += [str(each.token) for group in preferences.groups for each in group.exports]
        check_end(spoilt, *secrets)
        assert len(sandbox.requests) < MOST_REQUESTS
        assert clock.monotonic() - began < LONGEST
        for row in spoilt.records("segment_group_exports"):
            profiles = {
                each["ProfileId"]
                for each in spoilt.records("segment_group_profiles")
                if each["segment_group_name"] == row["segment_group_name"]
                and each["exported_at"] == row["exported_at"]
            }
            assert len(profiles) == row["total_results"]

        sandbox.faults.clear()
        clean = run_tap(config, **{"--state": spoilt.state})
        check_end(clean)
        assert clean.exit_code == 0, clean.errors
        for row in clean.records("segment_group_exports"):
            if row["is_full"]:
                assert row["total_results"] == groups[row["segment_group_name"]]
