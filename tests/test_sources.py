"""Two sources in one sync: the failure of one is not the other's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Preferences, Sandbox
from tests.mypreferences.test_exports import signed
from tests.support.sync import Sync, config_of, tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.sync import SharedClock

GROUP_STREAMS = {"segment_group_exports", "segment_group_profiles"}


@pytest.fixture
def both(clock: SharedClock) -> Iterator[Sandbox]:
    """Two segments, and two segment groups of three profiles."""
    account, preferences = Account(clock=clock), Preferences(seed=1)
    for name in ("A", "B"):
        account.add_segment(name, [1, 2, 3])
        preferences.add_group(name, 3)
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


def sync_both(sandbox: Sandbox, state: dict[str, Any] | None = None, **settings: Any) -> Sync:
    config = {**config_of(sandbox), "mypreferences": signed(sandbox), **settings}
    return tap(config, **{"--state": state})


def streams_of(synced: Sync) -> set[str | None]:
    return {stream for _, stream in synced.types if stream}


def groups_of(synced: Sync) -> list[str]:
    return [row["segment_group_name"] for row in synced.records("segment_group_exports")]


def partitions(synced: Sync, stream: str) -> Any:
    return synced.state["bookmarks"][stream].get("partitions")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", "list", None, status=401),
        Fault("status", "list", None, status=402),
        Fault("status", "list", None, status=403),
        Fault("status", "list", None, status=429, headers={"Retry-After": "3600"}),
        Fault("status", "list", None, status=404),
        Fault("reset", "list", None),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_groups_are_exported_though_no_segment_can_be_listed(both: Sandbox, fault: Fault) -> None:
    first = sync_both(both)
    assert first.exit_code == 0
    both.faults.add(fault)
    second = sync_both(both, first.state)
    assert second.exit_code == 1
    assert len(second.errors) == 1
    assert streams_of(second) == GROUP_STREAMS
    assert groups_of(second) == ["A", "B"]
    # Nothing that is known of ActiveCampaign is lost or moved.
    for stream in ("match_all_runs", "count_history", "segment_definitions"):
        assert partitions(second, stream) == partitions(first, stream)
    both.faults.clear()
    assert sync_both(both, second.state).exit_code == 0


def test_nothing_is_written_where_no_segment_can_be_listed_and_no_group_is_selected(
    both: Sandbox,
) -> None:
    first = sync_both(both)
    catalog = json.loads(json.dumps(first.state))  # any state will do
    both.faults.add(Fault("status", "list", None, status=401))
    chosen = {
        "streams": [
            {
                "tap_stream_id": "segments",
                "schema": {},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
        ]
    }
    config = {**config_of(both), "mypreferences": signed(both)}
    synced = tap(config, **{"--state": catalog, "--catalog": chosen})
    assert synced.exit_code == 1
    assert synced.messages == []


def test_groups_are_exported_though_the_key_is_revoked_in_mid_sync(both: Sandbox) -> None:
    both.faults.add(Fault("status", "start", None, 1, status=401))
    synced = sync_both(both, max_concurrent_requests=1)
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(synced.records("match_all_runs")) == 1
    assert groups_of(synced) == ["A", "B"]


@pytest.mark.parametrize("operation", ["initiate", "status", "data"])
def test_segments_are_read_though_mypreferences_refuses_the_user(
    both: Sandbox, operation: str
) -> None:
    both.faults.add(Fault("status", operation, None, status=401))
    synced = sync_both(both)
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(synced.records("match_all_runs")) == 2
    assert len(synced.records("segment_definitions")) == 2
    assert groups_of(synced) == []


def test_what_nobody_thought_of_fails_one_group_and_quotes_no_profile(both: Sandbox) -> None:
    expression = "int(Emails[0]['Value']) if segment_group_name == 'A' else 1"
    synced = sync_both(both, stream_maps={"segment_group_profiles": {"kind": expression}})
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "segment group 'A': unexpected ValueError" in line
    assert "@" not in synced.log
    assert groups_of(synced) == ["B"]
    assert len(synced.records("match_all_runs")) == 2


# Data that are not there yet.


@pytest.mark.parametrize("status", [404, 403])
@pytest.mark.parametrize("seconds", [3, 25])
def test_an_export_whose_data_come_a_little_late_is_read_and_not_repeated(
    both: Sandbox, clock: SharedClock, status: int, seconds: int
) -> None:
    times = {3: 2, 25: 7}[seconds]
    body = json.dumps({"Message": "not there"})
    fault = both.faults.add(
        Fault("status", "data", times, segment_id="A", status=status, body=body)
    )
    before = clock.time()
    synced = tap({"mypreferences": signed(both)})
    assert synced.exit_code == 0
    assert fault.applied == times
    assert groups_of(synced) == ["A", "B"]
    assert len(both.preferences.exports) == 2
    assert clock.time() - before < 60


def test_data_that_do_not_come_cost_three_exports_and_half_a_minute_each(
    both: Sandbox, clock: SharedClock
) -> None:
    both.faults.add(
        Fault("status", "data", None, segment_id="A", status=404, body='{"Message": "no"}')
    )
    before = clock.time()
    synced = tap({"mypreferences": signed(both)})
    assert synced.exit_code == 1
    assert groups_of(synced) == ["B"]
    assert len(both.preferences.exports) == 4
    assert 90 <= clock.time() - before < 150


def test_an_export_taken_up_again_has_the_same_grace(both: Sandbox) -> None:
    late = Fault("export_never_ends", times=None, segment_id="A")
    both.faults.add(late)
    first = tap({"mypreferences": signed(both), "run_timeout": 5})
    assert first.exit_code == 1
    both.faults.clear()
    for export in both.preferences.exports:
        export.ended = export.started
    both.faults.add(Fault("status", "data", 1, segment_id="A", status=404, body='{"Message": 1}'))
    second = tap({"mypreferences": signed(both)}, **{"--state": first.state})
    assert second.exit_code == 0
    assert groups_of(second)[0] == "A"
