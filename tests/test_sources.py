"""Two sources in one sync: the failure of one does not end the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_activecampaign_segments.activecampaign.source import ActiveCampaign
from tap_activecampaign_segments.sandbox import Fault, Sandbox
from tests.support.mypreferences import export, exported_groups, signed_config
from tests.support.sync import Sync, config_of, discover, run_tap, sync_everything


def sync_both(sandbox: Sandbox, state: dict[str, Any] | None = None, **settings: Any) -> Sync:
    config = {**config_of(sandbox), "mypreferences": signed_config(sandbox), **settings}
    return sync_everything(config, state)


GROUP_STREAMS = {"segment_group_exports", "segment_group_profiles"}


def streams_of(synced: Sync) -> set[str | None]:
    return {stream for _, stream in synced.types if stream}


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
def test_failed_listing_does_not_stop_exports(two_of_each: Sandbox, fault: Fault) -> None:
    first = sync_both(two_of_each)
    assert first.exit_code == 0
    two_of_each.faults.add(fault)
    second = sync_both(two_of_each, first.state)
    assert second.exit_code == 1
    assert len(second.errors) == 1
    assert streams_of(second) == GROUP_STREAMS
    assert exported_groups(second) == ["A", "B"]
    # ActiveCampaign's state is unchanged.
    for stream in ("match_all_runs", "count_history", "segment_definitions"):
        assert partitions(second, stream) == partitions(first, stream)
    two_of_each.faults.clear()
    assert sync_both(two_of_each, second.state).exit_code == 0


def test_failed_listing_without_groups_writes_nothing(
    two_of_each: Sandbox,
) -> None:
    first = sync_both(two_of_each)
    catalog = json.loads(json.dumps(first.state))  # any state will do
    two_of_each.faults.add(Fault("status", "list", None, status=401))
    chosen = {
        "streams": [
            {
                "tap_stream_id": "segments",
                "schema": {},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
        ]
    }
    config = {**config_of(two_of_each), "mypreferences": signed_config(two_of_each)}
    synced = run_tap(config, **{"--state": catalog, "--catalog": chosen})
    assert synced.exit_code == 1
    assert synced.messages == []


def test_revoked_token_does_not_stop_exports(two_of_each: Sandbox) -> None:
    two_of_each.faults.add(Fault("status", "start", None, 1, status=401))
    config = {**config_of(two_of_each), "mypreferences": signed_config(two_of_each)}
    # By default no contacts, which would have to be read after the refusal.
    synced = run_tap({**config, "max_concurrent_requests": 1})
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(synced.records("match_all_runs")) == 1
    assert exported_groups(synced) == ["A", "B"]


@pytest.mark.parametrize("operation", ["initiate", "status", "data"])
def test_rejected_mypreferences_user_does_not_stop_segments(
    two_of_each: Sandbox, operation: str
) -> None:
    two_of_each.faults.add(Fault("status", operation, None, status=401))
    synced = sync_both(two_of_each)
    assert synced.exit_code == 1
    assert len(synced.errors) == 1
    assert len(synced.records("match_all_runs")) == 2
    assert len(synced.records("segment_definitions")) == 2
    assert exported_groups(synced) == []


def test_unexpected_error_fails_one_group_and_quotes_no_profile(two_of_each: Sandbox) -> None:
    expression = "int(Emails[0]['Value']) if segment_group_name == 'A' else 1"
    synced = sync_both(two_of_each, stream_maps={"segment_group_profiles": {"kind": expression}})
    assert synced.exit_code == 1
    [line] = synced.errors
    assert "segment group 'A': unexpected ValueError" in line
    assert "@" not in synced.log
    assert exported_groups(synced) == ["B"]
    assert len(synced.records("match_all_runs")) == 2


# Sources that are selected, but not configured.


def _discovered(config: dict[str, Any]) -> dict[str, Any]:
    """Return a catalog of both sources; MyPreferences' streams have only their keys."""
    assert config["mypreferences"]
    found = discover()
    text, number = {"type": "string"}, {"type": "integer"}
    for entry in found["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] == []:
                metadata["metadata"]["selected"] = True
    for name, key in (
        ("segment_group_exports", {"exported_at": text}),
        ("segment_group_profiles", {"ProfileId": number}),
    ):
        columns = {"segment_group_name": text, **key}
        found["streams"].append(
            {
                "tap_stream_id": name,
                "key_properties": [*columns],
                "schema": {"type": "object", "properties": columns},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
        )
    return found


def test_selected_streams_of_an_unset_source_fail(both_vendors: Sandbox) -> None:
    config = {**config_of(both_vendors), "mypreferences": signed_config(both_vendors)}
    chosen = json.loads(json.dumps(_discovered(config)))
    without_groups = run_tap(config_of(both_vendors), **{"--catalog": chosen})
    assert without_groups.exit_code == 1
    assert len(without_groups.records("match_all_runs")) == 1
    assert len(without_groups.errors) == 2
    assert all("mypreferences is not set" in line for line in without_groups.errors)
    without_segments = run_tap(
        {"mypreferences": signed_config(both_vendors)}, **{"--catalog": chosen}
    )
    assert without_segments.exit_code == 1
    assert len(without_segments.records("segment_group_exports")) == 1
    assert len(without_segments.errors) == len(ActiveCampaign.stream_types)
    assert all("api_url and api_token are not set" in each for each in without_segments.errors)


def test_unselected_source_may_be_unset(both_vendors: Sandbox) -> None:
    chosen = _discovered({**config_of(both_vendors), "mypreferences": signed_config(both_vendors)})
    for entry in chosen["streams"]:
        if entry["tap_stream_id"].startswith("segment_group"):
            for metadata in entry["metadata"]:
                metadata["metadata"]["selected"] = False
    assert run_tap(config_of(both_vendors), **{"--catalog": chosen}).exit_code == 0


def test_incomplete_activecampaign_settings_are_an_error(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 5)
    synced = export(mypreferences, top={"api_url": mypreferences.url})
    assert synced.exit_code == 1
    assert any("api_token" in line for line in synced.errors)
