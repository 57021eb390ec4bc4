"""Which segments the settings mean: names with brackets, and entries that mean nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.sync import sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.support.sync import Sync

NAMES = ("[VIP] Buyers", "Prospects", "Inactive", "[TEST] all", "a*b", "What?", "[!x]", "]odd[")


@pytest.fixture
def named(account: Account) -> dict[str, str]:
    """The names of the account's segments, by id."""
    return {account.add_segment(name, [1]).segment_id: name for name in NAMES}


def read(synced: Sync, named: dict[str, str]) -> set[str]:
    return {named[row["segment_id"]] for row in synced.records("match_all_runs")}


@pytest.mark.parametrize(
    ("patterns", "meant"),
    [
        (["[VIP]*"], {"[VIP] Buyers"}),
        (["[vip] buyers"], {"[VIP] Buyers"}),
        (["*[VIP]*"], {"[VIP] Buyers"}),
        (["[*"], {"[VIP] Buyers", "[TEST] all", "[!x]"}),
        (["*] *"], {"[VIP] Buyers", "[TEST] all"}),
        # No name has these: they are a choice of characters.
        (["[ip]*"], {"Prospects", "Inactive"}),
        (["[!pwa]*"], {"[VIP] Buyers", "Inactive", "[TEST] all", "[!x]", "]odd["}),
        (["[p-w]*"], {"Prospects", "What?"}),
    ],
    ids=str,
)
def test_brackets_mean_themselves_where_a_name_has_them(
    sandbox: Sandbox, named: dict[str, str], patterns: list[str], meant: set[str]
) -> None:
    synced = sync(sandbox, segment_names=patterns)
    assert synced.exit_code == 0
    assert read(synced, named) == meant
    rest = sync(sandbox, exclude_segments=patterns)
    assert read(rest, named) == {*NAMES} - meant
    assert rest.warnings == []


@pytest.mark.parametrize("name", NAMES)
def test_an_exact_name_always_matches_itself(
    sandbox: Sandbox, named: dict[str, str], name: str
) -> None:
    for pattern in (name, name.upper(), name.lower()):
        synced = sync(sandbox, segment_names=[pattern], streams={"match_all_runs"})
        assert name in read(synced, named)


def test_a_rebaseline_by_a_name_with_brackets_is_one(
    sandbox: Sandbox, named: dict[str, str]
) -> None:
    first = sync(sandbox)
    second = sync(sandbox, state=first.state, rebaseline=["[VIP] Buyers"])
    baselines = {
        named[row["segment_id"]] for row in second.records("match_all_runs") if row["is_baseline"]
    }
    assert baselines == {"[VIP] Buyers"}


@pytest.mark.parametrize("setting", ["exclude_segments", "rebaseline"])
@pytest.mark.parametrize("entry", ["Nobody*", "no-such-id", "[zz]*"])
def test_an_entry_that_means_nobody_is_a_warning(
    sandbox: Sandbox, named: dict[str, str], setting: str, entry: str
) -> None:
    settings: dict[str, Any] = {setting: [entry, "Inactive"]}
    synced = sync(sandbox, streams={"segments"}, **settings)
    assert synced.exit_code == 0
    [line] = synced.warnings
    assert line.endswith(f"{setting}: no segment matches {entry!r}")
    assert named


@pytest.mark.parametrize("streams", [{"segments"}, {"count_history"}, None], ids=str)
def test_a_pattern_on_names_that_matches_nothing_is_a_failure_whatever_is_selected(
    sandbox: Sandbox, named: dict[str, str], streams: set[str] | None
) -> None:
    synced = sync(sandbox, streams=streams, segment_names=["Nobody*", "Inactive"])
    assert synced.exit_code == 1
    [line] = synced.errors
    assert line.endswith("segment_names: no saved segment matches 'Nobody*'")
    assert len(synced.records("segments")) in {0, len(named)}
