"""The log of a night at the default level: few lines, each worth reading."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tests.support.mypreferences import signed_config
from tests.support.sync import CHANGE_STREAMS, DEFAULT_STREAMS, Sync, config_of, run_tap, sync

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock

DAY = 86_400.0
QUIET = 60
"""Maximum lines of a night in which nothing happened."""


def texts(synced: Sync) -> list[str]:
    """Return the log's lines without time, level and logger."""
    return [line.split("|", 3)[3].strip() for line in synced.log.splitlines()]


def summary(synced: Sync) -> str:
    """Return the only summary."""
    [line] = [text for text in texts(synced) if re.match(r"sync (finished|failed|stopped)", text)]
    return line


def numbers(synced: Sync) -> dict[str, int]:
    """Return the numbers of the summary by name."""
    found = re.findall(r"([\w/{}-][\w/{} -]*?) (\d+)(?=[,;)\s]|$)", summary(synced))
    return {name: int(number) for name, number in found}


def durations(synced: Sync) -> tuple[float, float]:
    """Return the seconds in all, and the seconds waited."""
    [found] = re.findall(r"in ([\d.]+) s \(([\d.]+) s waited\)", summary(synced))
    return float(found[0]), float(found[1])


def baselines(synced: Sync) -> list[str]:
    return [text for text in texts(synced) if "a baseline" in text]


def test_quiet_night_of_many_segments_is_short(account: Account, sandbox: Sandbox) -> None:
    for number in range(400):
        account.add_segment(f"number {number}", range(5))
    streams = {"segments", *CHANGE_STREAMS}
    first = sync(sandbox, streams=streams)
    assert len(baselines(first)) == 400
    second = sync(sandbox, streams=streams, state=first.state)
    assert len(texts(second)) < QUIET
    assert texts(second)[-1] == summary(second)
    assert second.warnings == []
    assert "METRIC" not in second.log
    assert "Beginning sync" not in second.log


def test_nothing_but_version_and_summary_without_news(sandbox: Sandbox, segment: Segment) -> None:
    first = sync(sandbox, streams=DEFAULT_STREAMS)
    assert segment.segment_id in baselines(first)[0]
    version, line = texts(sync(sandbox, streams=DEFAULT_STREAMS, state=first.state))
    assert version.startswith("tap-activecampaign-segments v")
    assert line.startswith("sync finished in ")


def test_summary_tells_what_the_tables_and_the_server_saw(
    account: Account, sandbox: Sandbox
) -> None:
    grown, other = account.add_segment("grown", range(20)), account.add_segment("other", range(5))
    first = sync(sandbox, streams=DEFAULT_STREAMS)
    grown.members = [*range(3, 20), 100, 101]
    sandbox.clear_requests()
    second = sync(
        sandbox, streams=DEFAULT_STREAMS, state=first.state, rebaseline=[other.segment_id]
    )
    found = numbers(second)
    assert found["segments read"] == 2
    assert found["segments failed"] == 0
    assert found["baselines"] == 1
    changes = Counter(row["change"] for row in second.records("membership_changes"))
    assert (found["joined"], found["left"]) == (changes["joined"], changes["left"]) == (7, 3)
    for stream in DEFAULT_STREAMS:
        assert found[stream] == len(second.records(stream))
    assert found["rows"] == sum(found[stream] for stream in DEFAULT_STREAMS)
    assert found["requests"] == len(sandbox.requests)
    endpoints = {name: number for name, number in found.items() if name.startswith("/")}
    assert sum(endpoints.values()) == len(sandbox.requests)
    assert endpoints["/segmentMatchAll/{id}"] == 2
    assert grown.segment_id not in summary(second)


def test_summary_counts_retries_and_rejections(sandbox: Sandbox, segment: Segment) -> None:
    sandbox.faults.add(Fault("status", "start", status=429, times=2))
    sandbox.faults.add(Fault("reset", "list", times=1))
    synced = sync(sandbox, streams=CHANGE_STREAMS)
    found = numbers(synced)
    assert (found["retries"], found["429s"]) == (3, 2)
    assert found["requests"] == len(sandbox.requests)
    assert f"segment '{segment.name}'" in baselines(synced)[0]


def test_summary_tells_how_long_was_waited(both_vendors: Sandbox) -> None:
    both_vendors.faults.add(Fault("export_never_ends", times=None))
    config = {"mypreferences": signed_config(both_vendors), "run_timeout": 60}
    [(seconds, waited)] = re.findall(
        r"in ([\d.]+) s \(([\d.]+) s waited\)", summary(run_tap(config))
    )
    assert 60 <= float(waited) <= float(seconds)


def test_rows_in_batches_and_after_filters_are_counted(
    sandbox: Sandbox, segment: Segment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("batches")
    batch_config = {"encoding": {"format": "jsonl"}, "storage": {"root": f"file://{folder}"}}
    streams = {"segments", *CHANGE_STREAMS}
    batched = numbers(sync(sandbox, streams=streams, batch_config=batch_config))
    maps = {"memberships": {"__filter__": "record['contact_id'] > 190"}}
    filtered = numbers(sync(sandbox, streams=streams, stream_maps=maps))
    assert batched["memberships"] == batched["joined"] == len(segment.members) == 200
    assert filtered["memberships"] == 10
    assert filtered["membership_changes"] == 200


def test_failed_night_ends_with_its_failures(account: Account, sandbox: Sandbox) -> None:
    good, bad = account.add_segment("good", range(9)), account.add_segment("bad", range(9))
    sandbox.faults.add(Fault("run_fails", segment_id=bad.segment_id, times=None))
    synced = sync(
        sandbox, streams=CHANGE_STREAMS, segment_ids=[good.segment_id, bad.segment_id, "x"]
    )
    assert synced.exit_code == 1
    lines = texts(synced)
    place = lines.index(summary(synced))
    assert lines[place].startswith("sync failed in ")
    assert {line.partition(":")[0] for line in lines[place + 1 :]} == {
        f"segment 'bad' ({bad.segment_id})",
        "x",
    }
    found = numbers(synced)
    assert (found["segments read"], found["segments failed"]) == (1, 2)


def test_failed_start_ends_with_its_cause(sandbox: Sandbox, segment: Segment) -> None:
    synced = sync(sandbox, api_token="wrong")
    last = texts(synced)[-1]
    assert "api_token is wrong, or its user lacks the right" in last
    assert [last] == [line.split("|", 3)[3].strip() for line in synced.errors]
    assert numbers(synced)["requests"] == 3
    assert segment.segment_id not in synced.log


@pytest.mark.parametrize(
    "cause",
    [
        "this is its first run",
        "rebaseline names it",
        "expired or unknown",
        "memberships knows nothing of the last run",
        "was not made by the user of this API token",
    ],
)
def test_each_baseline_has_one_line_with_its_cause(
    account: Account,
    sandbox: Sandbox,
    clock: SharedClock,
    segment: Segment,
    cause: str,
) -> None:
    settings: dict[str, object] = {}
    state = None
    if "first run" not in cause:
        before = CHANGE_STREAMS - ({"memberships"} if "memberships" in cause else set())
        state = sync(sandbox, streams=before).state
    if "expired" in cause:
        clock.advance(91 * DAY)
        segment.members = range(150)
    if "API token" in cause:
        settings["api_token"] = account.add_token("2")
    if "rebaseline" in cause:
        settings["rebaseline"] = ["some"]
    synced = sync(sandbox, streams=CHANGE_STREAMS, state=state, **settings)
    assert synced.exit_code == 0
    [line] = baselines(synced)
    assert line.startswith(f"segment 'some' ({segment.segment_id}): ")
    assert cause in line
    assert numbers(synced)["baselines"] == 1


def test_run_without_change_streams_is_no_baseline(sandbox: Sandbox, segment: Segment) -> None:
    synced = sync(sandbox, streams={"match_all_runs", "match_all_results"})
    assert baselines(synced) == []
    assert numbers(synced)["baselines"] == 0
    assert numbers(synced)["match_all_results"] == len(segment.members)


def test_both_vendors_are_in_one_summary(both_vendors: Sandbox) -> None:
    both_vendors.faults.add(Fault("export_never_ends", times=None))
    synced = sync(
        both_vendors,
        run_timeout=40,
        mypreferences=signed_config(both_vendors, segment_groups=["Newsletter"]),
    )
    found = numbers(synced)
    assert (found["segments read"], found["groups exported"], found["groups failed"]) == (1, 0, 1)
    assert found["requests"] == len(both_vendors.requests)
    assert texts(synced)[-1].startswith("segment group 'Newsletter': ")


def test_export_that_is_waited_for_is_reported(both_vendors: Sandbox) -> None:
    both_vendors.faults.add(Fault("export_never_ends", times=None))
    config = {"mypreferences": signed_config(both_vendors), "run_timeout": 60}
    lines = texts(run_tap(config))
    waiting = [line for line in lines if "is not complete after" in line]
    assert waiting
    assert waiting[0].startswith("segment_group_exports 1 of 1; segment group 'Newsletter'; ")


@pytest.mark.usefixtures("segment")
def test_segments_without_streams_of_their_own_do_not_count_as_read(sandbox: Sandbox) -> None:
    found = numbers(sync(sandbox, streams={"segments"}))
    assert (found["segments selected"], found["segments read"], found["segments"]) == (1, 0, 1)


def test_segment_that_vanishes_is_skipped_and_said_once(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("stays", range(5))
    gone = account.add_segment("gone", range(5))
    sandbox.faults.add(Fault("not_found", segment_id=gone.segment_id, times=None))
    synced = sync(sandbox, streams=DEFAULT_STREAMS)
    found = numbers(synced)
    assert found["segments selected"] == 2
    assert (found["segments read"], found["segments skipped"], found["segments failed"]) == (
        1,
        1,
        0,
    )
    assert len([text for text in texts(synced) if "is gone since it was listed" in text]) == 1
    assert len(baselines(synced)) == 1


def test_wait_before_a_404_is_believed_is_waited(sandbox: Sandbox, segment: Segment) -> None:
    synced = sync(sandbox, segment_ids=[segment.segment_id, "missing"])
    seconds, waited = durations(synced)
    assert 5 <= waited <= seconds


def test_rows_are_counted_under_the_names_that_stream_maps_give(
    sandbox: Sandbox, segment: Segment
) -> None:
    maps = {
        "memberships": {"__alias__": "members"},
        "few": {"__source__": "membership_changes", "__filter__": "record['contact_id'] <= 7"},
    }
    synced = sync(sandbox, streams=CHANGE_STREAMS, stream_maps=maps)
    found = numbers(synced)
    for name in ("members", "few", "membership_changes", "match_all_runs"):
        assert found[name] == len(synced.records(name)) > 0
    assert found["memberships"] == 0
    assert found["members"] == len(segment.members)


def test_baseline_that_is_not_emitted_is_not_told(
    account: Account, sandbox: Sandbox, segment: Segment
) -> None:
    account.add_segment("other", range(5))
    sandbox.faults.add(Fault("status", "start", status=402, times=None))
    assert baselines(sync(sandbox, streams=CHANGE_STREAMS)) == []
    sandbox.faults.clear()
    assert baselines(run_tap(config_of(sandbox), "--test")) == []
    told = baselines(sync(sandbox, streams=CHANGE_STREAMS))
    assert len(told) == 2
    assert any(segment.segment_id in line for line in told)


def test_retry_names_the_segment(sandbox: Sandbox, segment: Segment) -> None:
    sandbox.faults.add(Fault("status", "start", status=503))
    [line] = sync(sandbox, streams=CHANGE_STREAMS).warnings
    assert f"segment '{segment.name}': GET api/3/segmentMatchAll/" in line
