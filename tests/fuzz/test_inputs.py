"""Damaged states, catalogs and settings: the truth, or clear errors."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.support.fuzzing import Change, changes, check_end, fuzz, json_values, members_by_log
from tests.support.mypreferences import oauth_config, signed_config
from tests.support.sync import catalog, config_of, run_tap, sync, sync_everything

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clocks import SharedClock


@contextmanager
def served(clock: SharedClock) -> Iterator[Sandbox]:
    account = Account(clock=clock)
    with Sandbox(
        account, clock=clock, preferences=Preferences(seed=1), requests_per_second=None
    ) as sandbox:
        account.add_segment("VIP", range(20))
        account.add_segment("other", range(5))
        sandbox.preferences.add_group("VIP", 4)
        yield sandbox


MOST_REQUESTS = 100


@pytest.mark.timeout(0)
@fuzz(20)
@given(
    edits=st.lists(changes, min_size=1, max_size=2),
    broken=st.sampled_from(["read", "count_history", "data", None]),
    is_early=st.booleans(),
    authorize=st.sampled_from([signed_config, oauth_config]),
    export=st.sampled_from(["full", "changes"]),
)
def test_damaged_state_keeps_the_log_true(
    clock: SharedClock,
    edits: list[Change],
    broken: str | None,
    is_early: bool,  # noqa: FBT001 (given by name)
    authorize: Any,
    export: str,
) -> None:
    with served(clock) as sandbox:
        source = authorize(sandbox, export=export)
        config = config_of(sandbox, page_size=7, max_left_share=1, mypreferences=source)
        syncs = [sync_everything(config)]
        sandbox.account.segments[0].members = [*range(5, 20), *range(30, 35)]
        if broken:
            sandbox.faults.add(Fault("status", operation=broken, times=None))
            syncs.append(sync_everything(config, syncs[-1].state))
            sandbox.faults.clear()
        state: Any = syncs[-1].states[-2 if is_early else -1]
        for edit in edits:
            state = edit.of(state)

        sandbox.clear_requests()
        syncs.append(sync_everything(config, state))
        check_end(syncs[-1], sandbox.token, source.get("shared_secret") or sandbox.token)
        assert len(sandbox.requests) < MOST_REQUESTS
        if not isinstance(state, dict | None):
            assert syncs[-1].exit_code == 1
            return
        if any("--state has nothing" in line for line in syncs[-1].errors):
            assert not sandbox.requests
            return
        assert syncs[-1].exit_code == 0, syncs[-1].errors
        for segment in sandbox.account.segments:
            assert members_by_log(syncs, segment.segment_id) == set(segment.members)


breadcrumbs = st.lists(
    st.sampled_from(["properties", "counts", "last_total", "name", "contact_id", "", "x", "0"]),
    max_size=4,
)
notes = st.fixed_dictionaries(
    {},
    optional={
        "selected": st.sampled_from([True, False, None]),
        "selected-by-default": st.booleans(),
        "inclusion": st.sampled_from(["available", "automatic", "unsupported"]),
        "forced-replication-method": st.sampled_from(["FULL_TABLE", "INCREMENTAL"]),
        "x": json_values,
    },
)
metadata = st.lists(st.fixed_dictionaries({"breadcrumb": breadcrumbs, "metadata": notes}))
STREAMS = [entry["tap_stream_id"] for entry in catalog(())["streams"]]


@pytest.mark.timeout(0)
@fuzz(20)
@given(
    selected=st.sets(st.sampled_from(STREAMS)),
    more=st.dictionaries(st.sampled_from(STREAMS), metadata, max_size=3),
    bare=st.sets(st.sampled_from(STREAMS), max_size=2),
    lacking=st.sets(st.sampled_from(["name", "counts", "total", "position", "changed_at", "id"])),
    full_table=st.sets(st.sampled_from(STREAMS), max_size=2),
    has_state=st.booleans(),
)
def test_any_selection_emits_valid_records(
    clock: SharedClock,
    selected: set[str],
    more: dict[str, Any],
    bare: set[str],
    lacking: set[str],
    full_table: set[str],
    has_state: bool,  # noqa: FBT001 (given by name)
) -> None:
    chosen = catalog(selected)
    for entry in chosen["streams"]:
        name = entry["tap_stream_id"]
        entry["metadata"] = ([] if name in bare else entry["metadata"]) + more.get(name, [])
        for each in lacking - {*entry["key_properties"], entry.get("replication_key")}:
            entry["schema"]["properties"].pop(each, None)
        if name in full_table:
            entry["replication_method"] = "FULL_TABLE"
    chosen["streams"].append({**chosen["streams"][0], "tap_stream_id": "x", "stream": "x"})
    with served(clock) as sandbox:
        state = sync(sandbox).state if has_state else None
        synced = run_tap(config_of(sandbox), **{"--state": state, "--catalog": chosen})
        check_end(synced, sandbox.token)
        assert synced.exit_code == 0, synced.errors
        for segment in sandbox.account.segments:
            members = set(segment.members)
            for row in synced.records("match_all_results") + synced.records("memberships"):
                if row["segment_id"] == segment.segment_id:
                    assert row["contact_id"] in members


@pytest.mark.timeout(0)
@fuzz(15)
@given(edit=changes)
def test_damaged_catalog_never_crashes(clock: SharedClock, edit: Change) -> None:
    with served(clock) as sandbox:
        chosen = edit.of({"streams": [{"tap_stream_id": "segments", "metadata": []}]})
        check_end(run_tap(config_of(sandbox), **{"--catalog": chosen}), sandbox.token)


SETTINGS = TapActiveCampaignSegments.config_jsonschema["properties"]
NAMES = sorted(SETTINGS.keys() - {"api_url", "mypreferences"})
IDS = st.lists(
    st.sampled_from(["../..", "a/b", "?", "#", "100%", " ", "ä\u202e", "[!", "[a-", "***", "."])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    max_size=3,
)
values = st.dictionaries(
    st.sampled_from(NAMES),
    json_values | st.integers(-1, 100) | st.floats() | IDS,
    min_size=1,
    max_size=2,
)


def is_json(value: Any) -> bool:
    """Whether a value is valid JSON, without infinities."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@pytest.mark.timeout(0)
@fuzz(30)
@given(settings=values)
def test_any_json_setting_is_used_or_refused(clock: SharedClock, settings: dict[str, Any]) -> None:
    with served(clock) as sandbox:
        config = {**config_of(sandbox), **settings}
        assume(is_json(config))
        synced = run_tap(config)
        check_end(synced)
        if not sandbox.requests:
            assert synced.exit_code == 1
            assert not synced.messages
        elif synced.exit_code:
            wanted = [*(settings.get("segment_ids") or ()), *(settings.get("segment_names") or ())]
            assert wanted or "api_token" in settings


@pytest.mark.timeout(0)
@fuzz(30)
@given(edit=changes)
def test_any_mypreferences_json_is_used_or_refused(clock: SharedClock, edit: Change) -> None:
    with served(clock) as sandbox:
        source = signed_config(sandbox, match_criteria="ProfileId", match_values=["1"])
        config = {"mypreferences": edit.of(source)}
        assume(is_json(config))
        synced = run_tap(config)
        check_end(synced, sandbox.preferences.shared_secret)
        assert sandbox.requests or synced.exit_code
