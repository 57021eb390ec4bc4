"""MyPreferences' streams, and the query for a group's members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.mypreferences import EXPORTS, PROFILES, export, group_members, signed_config
from tests.support.sync import discover, run_tap
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox
    from tests.support.clocks import SharedClock


def test_streams_are_offered_only_if_configured(mypreferences: Sandbox) -> None:
    mypreferences.preferences.add_group("Newsletter", 3)
    assert EXPORTS not in {entry["tap_stream_id"] for entry in discover()["streams"]}
    alone = export(mypreferences)
    assert {stream for kind, stream in alone.types if kind == "SCHEMA"} == {PROFILES, EXPORTS}
    both = run_tap(
        {
            "mypreferences": signed_config(mypreferences),
            "api_url": mypreferences.url,
            "api_token": mypreferences.token,
        }
    )
    assert both.exit_code == 0
    assert {"segments", PROFILES} <= {stream for kind, stream in both.types if kind == "SCHEMA"}


def test_group_members_query_is_up_to_date(mypreferences: Sandbox, clock: SharedClock) -> None:
    group = mypreferences.preferences.add_group(
        "Newsletter", [{"ProfileId": number} for number in range(9)]
    )
    warehouse = Warehouse()
    for members in (range(9), range(2, 9), range(5, 12)):
        group.profiles = [{"ProfileId": number} for number in members]
        warehouse.load(export(mypreferences, warehouse.state).messages)
        clock.advance(3600)
        found = warehouse.query("members of a segment group")
        assert {(name, number) for name, number, *_ in found} == {
            ("Newsletter", number) for number in members
        }
    group.touch(7)
    warehouse.load(export(mypreferences, warehouse.state, export="changes").messages)
    assert len(warehouse.query("members of a segment group")) == 7


@pytest.mark.parametrize("arrived", [0, 5, 24])
def test_partial_export_keeps_the_previous_one(
    mypreferences: Sandbox,
    clock: SharedClock,
    arrived: int,
) -> None:
    group = mypreferences.preferences.add_group(
        "VIP", [{"ProfileId": number} for number in range(25)]
    )
    warehouse = Warehouse().load(export(mypreferences).messages)
    clock.advance(3600)
    group.profiles = [{"ProfileId": number} for number in range(5, 30)]
    second = export(mypreferences, warehouse.state)
    schemas = [stream for kind, stream in second.types if kind == "SCHEMA"]
    assert schemas.index(PROFILES) < schemas.index(EXPORTS)
    profiles = [message for message in second.messages if message.get("stream") == PROFILES]
    # The table of the commits was loaded first.
    warehouse.load(message for message in second.messages if message.get("stream") == EXPORTS)
    warehouse.load(profiles[: arrived + 1])
    found = group_members(warehouse)
    assert {*range(25)} <= found <= {*range(30)}
    warehouse.load(profiles)
    assert group_members(warehouse) == {*range(5, 30)}
