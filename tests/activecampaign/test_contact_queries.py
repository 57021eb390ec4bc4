"""The documented query that joins contacts to current members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.clocks import DAY, SharedClock
from tests.support.nightly import nightly_sync
from tests.support.sync import CHANGE_STREAMS

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.support.warehouse import Warehouse

ADDRESSES = "current members with addresses"
STREAMS = {*CHANGE_STREAMS, "contacts"}


def address(contact: int) -> str:
    return f"contact{contact}@example.com"


def test_addresses_are_those_of_current_members(
    account: Account, sandbox: Sandbox, warehouse: Warehouse, clock: SharedClock
) -> None:
    segment = account.add_segment("some", range(1, 6))
    nightly_sync(sandbox, warehouse, streams=STREAMS)
    clock.advance(DAY)
    segment.members = range(2, 7)
    nightly_sync(sandbox, warehouse, streams=STREAMS)
    rows = warehouse.query(ADDRESSES)
    assert [row[:3] for row in rows] == [
        (segment.segment_id, each, address(each)) for each in range(2, 7)
    ]
    assert all(read_at is not None for *_, read_at in rows)


def test_addresses_of_unknown_missing_and_anonymized_members_are_null(
    account: Account, sandbox: Sandbox, warehouse: Warehouse
) -> None:
    account.add_segment("some", range(1, 6))
    account.mark_contact_deleted(2)
    account.anonymize_contact(3)
    nightly_sync(sandbox, warehouse, streams=STREAMS)
    warehouse.drop("contacts", contact_id=4)
    rows = warehouse.query(ADDRESSES)
    found = {contact_id: email for _, contact_id, email, *_ in rows}
    assert found == {1: address(1), 2: None, 3: None, 4: None, 5: address(5)}
    assert [contact_id for _, contact_id, *_, read_at in rows if read_at] == [1, 5]
    assert len(warehouse.rows("contacts")) == 4
