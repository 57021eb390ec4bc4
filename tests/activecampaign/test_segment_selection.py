"""Which segments the settings select: ids, name patterns, brackets, exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.activecampaign import contact_ids, segment_names
from tests.support.nightly import changes, nightly_sync, run_row, segments_in_state
from tests.support.sync import Sync, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.warehouse import Warehouse


def test_ids_and_name_patterns_are_combined(
    four_segments: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox, segment_ids=[four_segments["Trial"]], segment_names=["VIP*"])
    assert contact_ids(synced) == {0, 1, 3}
    assert segment_names(synced) == sorted(four_segments)


def test_excluded_segments_are_listed_but_not_read(
    four_segments: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox, exclude_segments=["vip*", four_segments["Trial"]])
    assert contact_ids(synced) == {2}
    assert segment_names(synced) == sorted(four_segments)


def test_pattern_without_a_match_fails_and_is_named(
    four_segments: dict[str, str], sandbox: Sandbox
) -> None:
    synced = sync(sandbox, segment_names=["Newsletter", "Nobody*"])
    assert synced.exit_code == 1
    assert "Nobody*" in synced.errors[0]
    assert contact_ids(synced) == {2}
    assert four_segments


def test_unlisted_id_is_looked_up_once(account: Account, sandbox: Sandbox) -> None:
    segment = account.add_segment(None, [7])
    synced = sync(sandbox, segment_ids=[segment.segment_id])
    [row] = synced.records("segments")
    assert row["segment_id"] == segment.segment_id
    assert row["name"] is None
    assert row["created_date"]
    assert contact_ids(synced) == {7}
    looks = [request for request in sandbox.requests if request.path.count("/") == 4]
    assert sum("segmentsV2" in request.path for request in looks) == 1


def test_missing_id_fails_without_a_row(four_segments: dict[str, str], sandbox: Sandbox) -> None:
    synced = sync(sandbox, segment_ids=["nobody", four_segments["VIP"]])
    assert synced.exit_code == 1
    assert "nobody" in synced.errors[0]
    assert segment_names(synced) == sorted(four_segments)
    assert contact_ids(synced) == {0}


def test_pattern_of_a_renamed_segment_fails_until_corrected(
    sandbox: Sandbox, segment: Segment, warehouse: Warehouse
) -> None:
    first = nightly_sync(sandbox, warehouse, segment_names=["some*"])
    segment.edit(name="another name")
    segment.members = range(3, 203)
    for _ in range(2):
        renamed = nightly_sync(sandbox, warehouse, segment_names=["some*"])
        assert renamed.exit_code == 1
        [line] = renamed.errors
        assert "no saved segment matches 'some*'" in line
        assert segments_in_state(renamed) == {segment.segment_id}
    corrected = nightly_sync(sandbox, warehouse, segment_names=["another*"])
    assert run_row(corrected)["previous_run_id"] == run_row(first)["run_id"]
    assert changes(corrected) == {"joined": {201, 202}, "left": {1, 2}}


# Names with brackets.


def evaluated_names(synced: Sync, named: dict[str, str]) -> set[str]:
    return {named[row["segment_id"]] for row in synced.records("match_all_runs")}


NAMES = ("[VIP] Buyers", "Prospects", "Inactive", "[TEST] all", "a*b", "What?", "[!x]", "]odd[")


@pytest.fixture
def named(account: Account) -> dict[str, str]:
    """Names of the account's segments by id."""
    return {account.add_segment(name, [1]).segment_id: name for name in NAMES}


@pytest.mark.parametrize(
    ("patterns", "meant"),
    [
        (["[VIP]*"], {"[VIP] Buyers"}),
        (["[vip] buyers"], {"[VIP] Buyers"}),
        (["*[VIP]*"], {"[VIP] Buyers"}),
        (["[*"], {"[VIP] Buyers", "[TEST] all", "[!x]"}),
        (["*] *"], {"[VIP] Buyers", "[TEST] all"}),
        # No name contains these: they are character classes.
        (["[ip]*"], {"Prospects", "Inactive"}),
        (["[!pwa]*"], {"[VIP] Buyers", "Inactive", "[TEST] all", "[!x]", "]odd["}),
        (["[p-w]*"], {"Prospects", "What?"}),
    ],
    ids=str,
)
def test_brackets_match_themselves_where_a_name_has_them(
    sandbox: Sandbox, named: dict[str, str], patterns: list[str], meant: set[str]
) -> None:
    synced = sync(sandbox, segment_names=patterns)
    assert synced.exit_code == 0
    assert evaluated_names(synced, named) == meant
    rest = sync(sandbox, exclude_segments=patterns)
    assert evaluated_names(rest, named) == {*NAMES} - meant
    assert rest.warnings == []


@pytest.mark.parametrize("name", NAMES)
def test_exact_name_always_matches_itself(
    sandbox: Sandbox, named: dict[str, str], name: str
) -> None:
    for pattern in (name, name.upper(), name.lower()):
        synced = sync(sandbox, segment_names=[pattern], streams={"match_all_runs"})
        assert name in evaluated_names(synced, named)


def test_rebaseline_by_a_name_with_brackets(sandbox: Sandbox, named: dict[str, str]) -> None:
    first = sync(sandbox)
    second = sync(sandbox, state=first.state, rebaseline=["[VIP] Buyers"])
    baselines = {
        named[row["segment_id"]] for row in second.records("match_all_runs") if row["is_baseline"]
    }
    assert baselines == {"[VIP] Buyers"}


@pytest.mark.parametrize("setting", ["exclude_segments", "rebaseline"])
@pytest.mark.parametrize("entry", ["Nobody*", "no-such-id", "[zz]*"])
def test_exclusion_without_a_match_is_warned_of(
    sandbox: Sandbox, named: dict[str, str], setting: str, entry: str
) -> None:
    settings: dict[str, Any] = {setting: [entry, "Inactive"]}
    synced = sync(sandbox, streams={"segments"}, **settings)
    assert synced.exit_code == 0
    [line] = synced.warnings
    assert line.endswith(f"{setting}: no segment matches {entry!r}")
    assert named


@pytest.mark.parametrize("streams", [{"segments"}, {"count_history"}, None], ids=str)
def test_pattern_without_a_match_fails_for_any_stream(
    sandbox: Sandbox, named: dict[str, str], streams: set[str] | None
) -> None:
    synced = sync(sandbox, streams=streams, segment_names=["Nobody*", "Inactive"])
    assert synced.exit_code == 1
    [line] = synced.errors
    assert line.endswith("segment_names: no saved segment matches 'Nobody*'")
    assert len(synced.records("segments")) in {0, len(named)}
