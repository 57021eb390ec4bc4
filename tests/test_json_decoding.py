"""Answers and inputs that fuzzing found the tap to stumble over, each by its name."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tap_activecampaign_segments.singer.stream import TapStream
from tests.mypreferences.test_exports import by_oauth
from tests.support.fuzzing import RAW, Raw, check_end
from tests.support.sync import catalog, config_of, sync, tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.sync import SharedClock

CHANGES = {"match_all_runs", "membership_changes"}
BEYOND = 2**63


def putting(value: Any, *path: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what puts a value into the first resource's attributes."""

    def put(answer: dict[str, Any]) -> dict[str, Any]:
        inner = answer["data"][0]["attributes"]
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return answer

    return put


def test_a_result_that_claims_pages_without_end_is_not_read_without_end(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))

    def claim(answer: dict[str, Any]) -> dict[str, Any]:
        facts = answer["data"][0]["attributes"]
        return putting({**facts["page"], "total": 10**18, "last_page": 10**18}, "page")(
            putting([1, 2, 3], "matches")(answer)
        )

    for operation in ("start", "read"):
        sandbox.faults.add(Fault("edit", operation, times=300, answer=claim))
    synced = sync(sandbox, streams=CHANGES, run_attempts=1)
    assert synced.exit_code == 1
    assert len(sandbox.requests) < 30
    assert not synced.records("membership_changes")


def test_a_total_that_no_integer_of_a_table_holds_is_read_again(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    sandbox.faults.add(Fault("edit", "start", answer=putting(BEYOND, "page", "total")))
    synced = sync(sandbox, streams={"match_all_runs"})
    assert [row["total"] for row in synced.records("match_all_runs")] == [3]


def test_a_number_beyond_all_measure_fails_its_segment_in_one_line(sandbox: Sandbox) -> None:
    segment = sandbox.account.add_segment("VIP", range(3))
    segment.add_count(1_700_000_000.0, 3)
    answer = putting(10**400, "result_count")
    sandbox.faults.add(Fault("edit", "count_history", times=None, answer=answer))
    synced = sync(sandbox, streams={"count_history"})
    check_end(synced)
    [line] = synced.errors
    assert "result_count that is no number" in line


def warnings_of(sandbox: Sandbox, kind: str) -> list[str]:
    """Sync well although two answers are spoilt below their JSON, and return what is warned of."""
    sandbox.account.add_segment("VIP", range(3))
    for operation in ("list", "start"):
        sandbox.faults.add(Fault("edit", operation, answer=Raw(kind).of))
    synced = sync(sandbox, streams={"segments", *CHANGES})
    check_end(synced)
    assert synced.exit_code == 0
    assert len(synced.records("membership_changes")) == 3
    return synced.warnings


@pytest.mark.parametrize("kind", sorted(RAW.keys() - {"twice", "bom", "surrogate"}))
def test_an_answer_that_is_no_json_object_is_asked_for_again(sandbox: Sandbox, kind: str) -> None:
    assert len(warnings_of(sandbox, kind)) == 2


@pytest.mark.parametrize("kind", ["bom", "surrogate"])
def test_an_answer_that_other_decoders_take_is_taken(sandbox: Sandbox, kind: str) -> None:
    assert warnings_of(sandbox, kind) == []


def test_nothing_is_looked_for_before_the_first_year(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    answer = putting("0001-01-01T00:00:00Z", "created_date")
    sandbox.faults.add(Fault("edit", "definition", times=None, answer=answer))
    synced = sync(sandbox, streams={"segment_definitions"})
    check_end(synced)
    [row] = synced.records("segment_definitions")
    assert row["created_date"] == "0001-01-01T00:00:00.000000Z"


@pytest.fixture
def group(clock: SharedClock) -> Iterator[Sandbox]:
    """MyPreferences with one group."""
    with Sandbox(
        Account(clock=clock), clock=clock, preferences=Preferences(seed=1), requests_per_second=None
    ) as served:
        served.preferences.add_group("VIP", 3)
        yield served


@pytest.mark.parametrize("token", ["", "a\nb", "\u20ac", None, 7])
def test_a_token_that_no_header_can_carry_fails_in_one_line(group: Sandbox, token: Any) -> None:
    answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
    group.faults.add(Fault("edit", "token", times=None, answer=lambda _: answer))
    synced = tap({"mypreferences": by_oauth(group)})
    check_end(synced)
    [line] = synced.errors
    assert "without a usable access_token" in line


@pytest.mark.parametrize("lifetime", ["soon", "", None, -5, 0, 10**400, 1.5, "3600", [1]])
def test_a_token_whose_lifetime_is_odd_is_used_all_the_same(group: Sandbox, lifetime: Any) -> None:
    group.faults.add(
        Fault("edit", "token", times=None, answer=lambda answer: answer | {"expires_in": lifetime})
    )
    synced = tap({"mypreferences": by_oauth(group)})
    assert synced.exit_code == 0
    assert len(synced.records("segment_group_profiles")) == 3


def test_a_profile_whose_id_no_integer_of_a_table_holds_is_no_profile(group: Sandbox) -> None:
    def enlarge(answer: dict[str, Any]) -> dict[str, Any]:
        answer["UserProfilePreferences"][0]["ProfileId"] = BEYOND
        return answer

    group.faults.add(Fault("edit", "data", times=None, answer=enlarge))
    synced = tap({"mypreferences": by_oauth(group)})
    check_end(synced)
    assert synced.exit_code == 1
    assert not synced.records("segment_group_exports")


@pytest.mark.parametrize(
    "bookmark", [["x"], {}, 5, True, "soon", "2020-01-01T02:00:02+02:00", "2020-01-01", None]
)
def test_a_bookmark_in_whatever_form_is_read_or_forgotten(sandbox: Sandbox, bookmark: Any) -> None:
    segment = sandbox.account.add_segment("VIP", range(3))
    segment.add_count(1_700_000_000.0, 3)
    streams = {"count_history", "segment_definitions"}
    state = sync(sandbox, streams=streams).state
    for stream in streams:
        state["bookmarks"][stream]["partitions"][0]["replication_key_value"] = bookmark
    synced = sync(sandbox, state=state, streams=streams)
    check_end(synced)
    assert synced.exit_code == 0
    assert synced.records("count_history")


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("run_id_end", 5),
        ("run_id_end", ["x"]),
        ("segment_timestamp", {}),
        ("segment_timestamp", "soon"),
        ("run_id", ".."),
        ("run_id", ""),
        ("sort", "age"),
    ],
)
def test_a_previous_run_with_a_broken_fact_counts_as_not_there(
    sandbox: Sandbox, fact: str, value: Any
) -> None:
    segment = sandbox.account.add_segment("VIP", range(20))
    state = sync(sandbox, streams=CHANGES).state
    [entry] = state["bookmarks"]["match_all_runs"]["partitions"]
    entry["match_all"]["predecessor"][fact] = value
    segment.members = range(1, 21)
    synced = sync(sandbox, state=state, streams=CHANGES)
    check_end(synced)
    [row] = synced.records("match_all_runs")
    assert row["is_baseline"]


def test_an_unfinished_export_keeps_its_instant_in_the_one_form(group: Sandbox) -> None:
    config = {"mypreferences": by_oauth(group)}
    group.faults.add(Fault("status", "data", times=None))
    state = tap(config).state
    [entry] = state["bookmarks"]["segment_group_exports"]["partitions"]
    at = entry["running"]["exported_at"]
    entry["running"]["exported_at"] = at.replace("Z", "+0000")
    group.faults.clear()
    synced = tap(config, **{"--state": state})
    assert [row["exported_at"] for row in synced.records("segment_group_exports")] == [at]


@pytest.mark.parametrize(
    "broken",
    [
        {"streams": [5]},
        {"streams": [{}]},
        {"streams": {"a": 1}},
        {"streams": [{"tap_stream_id": "segments", "metadata": [{"breadcrumb": []}]}]},
        {"streams": [{"tap_stream_id": "segments", "metadata": 5}]},
    ],
)
def test_a_catalog_that_is_none_ends_in_one_line(sandbox: Sandbox, broken: Any) -> None:
    synced = tap(config_of(sandbox), **{"--catalog": broken})
    assert synced.exit_code == 1
    assert "Traceback" not in synced.log
    assert any("--catalog is no Singer catalog" in line for line in synced.errors)
    assert not sandbox.requests


def test_rows_have_no_property_that_the_schema_of_the_catalog_lacks(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    chosen = deepcopy(catalog({"segments", "match_all_runs", "match_all_results"}))
    for entry in chosen["streams"]:
        for name in ("counts", "total", "position"):
            entry["schema"]["properties"].pop(name, None)
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 0
    assert len(synced.records("match_all_results")) == 3
    for message in synced.messages:
        if message["type"] == "RECORD":
            assert not {"counts", "total", "position"} & message["record"].keys()


def test_a_catalog_without_a_word_on_keys_leaves_them_as_they_are(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    chosen = catalog({"segments"})
    for entry in chosen["streams"]:
        del entry["key_properties"]
        for each in entry["metadata"]:
            each["metadata"].pop("table-key-properties", None)
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    [schema] = [each for each in synced.messages if each["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["segment_id"]


def test_null_for_a_setting_is_as_good_as_its_absence(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("VIP", range(3))
    names = ("max_concurrent_requests", "run_attempts", "page_size", "sort", "run_timeout")
    synced = sync(sandbox, **dict.fromkeys(names))
    assert synced.exit_code == 0
    assert len(synced.records("memberships")) == 3


def test_a_catalog_without_metadata_selects_all(sandbox: Sandbox) -> None:
    sandbox.account.add_segment("some", range(3))
    bare = {
        "streams": [
            {key: entry[key] for key in ("tap_stream_id", "stream", "schema")}
            for entry in catalog({"segments"})["streams"]
        ]
    }
    synced = tap(config_of(sandbox), **{"--catalog": bare})
    assert synced.exit_code == 0
    assert len(synced.records("match_all_results")) == 3


def test_a_catalog_whose_schema_lacks_a_key_ends_in_one_line(sandbox: Sandbox) -> None:
    chosen = deepcopy(catalog({"match_all_results"}))
    for entry in chosen["streams"]:
        entry["schema"]["properties"].pop("contact_id", None)
    synced = tap(config_of(sandbox), **{"--catalog": chosen})
    assert synced.exit_code == 1
    assert any("match_all_results lacks contact_id, its key" in line for line in synced.errors)
    assert not sandbox.requests


def test_what_nobody_thought_of_ends_in_one_line(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.account.add_segment("some", range(3))

    def break_off(*_: object) -> None:
        raise ZeroDivisionError("never thought of")

    monkeypatch.setattr(TapStream, "_write_schema_message", break_off)
    for arguments, what in (([], "sync"), (["--test"], "test")):
        synced = tap(config_of(sandbox), *arguments)
        assert synced.exit_code == 1
        [line] = synced.errors
        assert line.endswith(f"the {what} broke off: ZeroDivisionError: never thought of")
        assert "Traceback" not in synced.log
