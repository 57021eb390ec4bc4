"""The documented queries that join contacts: addresses, audiences, and who may be written to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox, Segment
from tests.support.clocks import DAY, SharedClock
from tests.support.mypreferences import export
from tests.support.nightly import nightly_sync
from tests.support.sync import CHANGE_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.warehouse import Warehouse

ADDRESSES = "current members with addresses"
AUDIENCE = "audience for ad platforms"
MAILABLE = "who may be written to"
STREAMS = {*CHANGE_STREAMS, "contacts"}
UNSUBSCRIBED, ACTIVE, UNCONFIRMED = 2, 1, 0
GROUP = "Newsletter consents"


@pytest.fixture
def sandbox(account: Account, clock: SharedClock) -> Iterator[Sandbox]:
    preferences = Preferences(seed=1, clock=clock)
    preferences.add_group(GROUP, [])
    with Sandbox(account, clock, preferences=preferences, requests_per_second=None) as served:
        yield served


@pytest.fixture(autouse=True)
def segment(account: Account) -> Segment:
    """A segment of five contacts that are subscribed to list 1."""
    return account.add_segment("some", range(1, 6))


def address(contact: int) -> str:
    return f"contact{contact}@example.com"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def profile(contact: int, *consents: tuple[str, str, str], **fields: Any) -> dict[str, Any]:
    """Return the profile of a contact; by default it permits marketing e-mail."""
    given = consents or (("Email", "Marketing", "OptIn"), ("Phone", "Marketing", "OptOut"))
    names = ("Channel", "Purpose", "Status")
    return {
        "ProfileId": 1000 + contact,
        "IsActive": True,
        "ReasonCode": None,
        "Emails": [{"Type": "Personal", "Value": address(contact), "IsPrimary": True}],
        "Consents": [dict(zip(names, each, strict=True)) for each in given],
        **fields,
    }


def mailable(sandbox: Sandbox, warehouse: Warehouse, **settings: Any) -> set[int]:
    """Sync both sources, and return the contacts that may be written to."""
    nightly_sync(sandbox, warehouse, streams=STREAMS, **settings)
    warehouse.load(export(sandbox).messages)
    return {contact_id for _, contact_id, _ in warehouse.query(MAILABLE)}


def forget(warehouse: Warehouse, contact: int) -> None:
    """Let a contact count as not found, although the rest of its row is still there."""
    for row in warehouse.rows("contacts"):
        if row["contact_id"] == contact:
            row["is_found"] = False


class TestAddresses:
    def test_are_those_of_current_members(
        self, sandbox: Sandbox, segment: Segment, warehouse: Warehouse, clock: SharedClock
    ) -> None:
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        clock.advance(DAY)
        segment.members = range(2, 7)
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        rows = warehouse.query(ADDRESSES)
        assert [row[:3] for row in rows] == [
            (segment.segment_id, each, address(each)) for each in range(2, 7)
        ]
        assert all(read_at is not None for *_, read_at in rows)

    def test_of_unknown_missing_and_anonymized_members_are_null(
        self, account: Account, sandbox: Sandbox, warehouse: Warehouse
    ) -> None:
        account.mark_contact_deleted(2)
        account.anonymize_contact(3)
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        warehouse.drop("contacts", contact_id=4)
        rows = warehouse.query(ADDRESSES)
        found = {contact_id: email for _, contact_id, email, *_ in rows}
        assert found == {1: address(1), 2: None, 3: None, 4: None, 5: address(5)}
        assert [contact_id for _, contact_id, *_, read_at in rows if read_at] == [1, 5]
        assert len(warehouse.rows("contacts")) == 4


class TestAudience:
    def test_has_each_subscribed_member_once(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        account.subscribe(1, 2, ACTIVE)
        account.subscribe(2, 1, UNSUBSCRIBED)
        account.subscribe(3, 1, UNCONFIRMED)
        account.mark_contact_deleted(4)
        account.anonymize_contact(5)
        segment.members = [*range(1, 6), 6]
        nightly_sync(sandbox, warehouse, streams=STREAMS, contact_identifiers="hashed")
        rows = warehouse.query(AUDIENCE)
        assert len(rows) == 2
        assert set(rows) == {
            (segment.segment_id, digest(address(1)), None),
            (segment.segment_id, digest(address(6)), digest("+15550000006")),
        }

    def test_lacks_members_who_left_or_have_no_identifier(
        self, account: Account, sandbox: Sandbox, segment: Segment, warehouse: Warehouse
    ) -> None:
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        account.update_contact(6, email="", phone="")
        segment.members = [1, 2, 6]
        nightly_sync(sandbox, warehouse, streams=STREAMS, max_left_share=1)
        forget(warehouse, 2)
        assert [email for _, email, _ in warehouse.query(AUDIENCE)] == [digest(address(1))]

    def test_is_empty_if_no_subscription_is_known(
        self, account: Account, sandbox: Sandbox, warehouse: Warehouse
    ) -> None:
        account.set_otherwise("contact_lists_are_included")
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        assert {row["subscriptions"] for row in warehouse.rows("contacts")} == {None}
        assert warehouse.query(AUDIENCE) == []


class TestMailable:
    @pytest.fixture
    def profiles(self, sandbox: Sandbox) -> list[dict[str, Any]]:
        """Profiles of the members, all of whom may be written to."""
        found = [profile(contact) for contact in range(1, 6)]
        sandbox.preferences.groups[0].profiles = found
        return found

    def test_are_members_with_a_profile_that_permits_it(
        self,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        profiles: list[dict[str, Any]],
    ) -> None:
        sandbox.preferences.groups[0].profiles = [*profiles[:3], profile(9)]
        assert mailable(sandbox, warehouse) == {1, 2, 3}
        [row] = [row for row in warehouse.query(MAILABLE) if row[1] == 1]
        assert row == (segment.segment_id, 1, address(1))

    @pytest.mark.parametrize(
        "changed",
        [
            profile(2, ("Email", "Marketing", "OptOut")),
            profile(2, ("Email", "Marketing", "OptIn"), ("Email", "Marketing", "OptOut")),
            profile(2, ("Email", "Marketing", None)),  # type: ignore[arg-type]
            profile(2, ("Phone", "Marketing", "OptIn")),
            profile(2, ("Email", "Service", "OptIn")),
            profile(2, Consents=None),
            profile(2, Consents=[]),
            profile(2, IsActive=False),
            profile(2, IsActive=None),
            profile(2, ReasonCode="CustomerRequest"),
            profile(2, Emails=None),
            profile(2, Emails=[{"Value": None}]),
        ],
        ids=str,
    )
    def test_are_not_those_whose_permission_is_unknown_or_refused(
        self,
        sandbox: Sandbox,
        warehouse: Warehouse,
        profiles: list[dict[str, Any]],
        changed: dict[str, Any],
    ) -> None:
        profiles[1] = changed
        sandbox.preferences.groups[0].profiles = profiles
        assert mailable(sandbox, warehouse) == {1, 3, 4, 5}

    def test_need_the_permission_of_every_profile_with_the_address(
        self,
        sandbox: Sandbox,
        warehouse: Warehouse,
        profiles: list[dict[str, Any]],
    ) -> None:
        refusing = profile(2, ("Email", "Marketing", "OptOut"), ProfileId=2002)
        unknown = profile(3, Consents=None, ProfileId=2003)
        same = profile(4, ProfileId=2004)
        sandbox.preferences.groups[0].profiles = [*profiles, refusing, unknown, same]
        assert mailable(sandbox, warehouse) == {1, 4, 5}

    def test_are_found_by_the_address_however_it_is_written(
        self,
        account: Account,
        sandbox: Sandbox,
        warehouse: Warehouse,
        profiles: list[dict[str, Any]],
    ) -> None:
        account.update_contact(1, email=" Contact1@Example.com")
        profiles[1]["Emails"][0]["Value"] = "CONTACT2@example.com "
        sandbox.preferences.groups[0].profiles = profiles
        assert mailable(sandbox, warehouse) == {1, 2, 3, 4, 5}

    @pytest.mark.usefixtures("profiles")
    def test_are_not_those_whom_the_account_does_not_write_to(
        self,
        account: Account,
        sandbox: Sandbox,
        warehouse: Warehouse,
    ) -> None:
        account.subscribe(1, 1, UNSUBSCRIBED)
        # Another list is another permission.
        account.subscribe(1, 2, ACTIVE)
        account.update_contact(2, bounced_hard="1")
        account.update_contact(3, bounced_hard=None)
        nightly_sync(sandbox, warehouse, streams=STREAMS)
        forget(warehouse, 4)
        warehouse.load(export(sandbox).messages)
        assert [row[1] for row in warehouse.query(MAILABLE)] == [5]

    @pytest.mark.parametrize("anonymized", ["1", None])
    @pytest.mark.usefixtures("profiles")
    def test_are_not_those_who_may_be_anonymized(
        self,
        account: Account,
        sandbox: Sandbox,
        warehouse: Warehouse,
        anonymized: str | None,
    ) -> None:
        account.update_contact(2, anonymized=anonymized)
        assert mailable(sandbox, warehouse) == {1, 3, 4, 5}

    @pytest.mark.usefixtures("profiles")
    def test_are_none_if_no_subscription_is_known(
        self,
        account: Account,
        sandbox: Sandbox,
        warehouse: Warehouse,
    ) -> None:
        account.set_otherwise("contact_lists_are_included")
        assert mailable(sandbox, warehouse) == set()

    def test_are_not_those_who_left_the_segment_or_the_group(
        self,
        sandbox: Sandbox,
        segment: Segment,
        warehouse: Warehouse,
        profiles: list[dict[str, Any]],
        clock: SharedClock,
    ) -> None:
        assert mailable(sandbox, warehouse) == {1, 2, 3, 4, 5}
        clock.advance(DAY)
        segment.members = range(2, 6)
        sandbox.preferences.groups[0].profiles = profiles[:4]
        assert mailable(sandbox, warehouse) == {2, 3, 4}

    def test_are_those_of_the_latest_complete_export(
        self,
        sandbox: Sandbox,
        warehouse: Warehouse,
        profiles: list[dict[str, Any]],
        clock: SharedClock,
    ) -> None:
        assert mailable(sandbox, warehouse) == {1, 2, 3, 4, 5}
        clock.advance(DAY)
        # A load that broke before the last two profiles; one of those that came refuses now.
        profiles[0] = profile(1, ("Email", "Marketing", "OptOut"))
        sandbox.preferences.groups[0].profiles = profiles[:4]
        messages = export(sandbox).messages
        lost = (1003, 1004)
        warehouse.load(
            each for each in messages if each.get("record", {}).get("ProfileId") not in lost
        )
        assert {row[1] for row in warehouse.query(MAILABLE)} == {2, 3, 4, 5}

    def test_of_another_group_do_not_count(
        self,
        sandbox: Sandbox,
        warehouse: Warehouse,
        profiles: list[dict[str, Any]],
    ) -> None:
        sandbox.preferences.groups[0].profiles = profiles[:2]
        sandbox.preferences.add_group("Other", profiles[2:])
        assert mailable(sandbox, warehouse) == {1, 2}
