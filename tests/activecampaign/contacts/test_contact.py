"""What a row of `contacts` holds."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tests.support.sync import sync

STREAMS = {"match_all_runs", "contacts"}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def row_of(
    account: Account, sandbox: Sandbox, contact: dict[str, Any], *others: Any, **settings: Any
) -> dict[str, Any]:
    """Return the row of a contact with some fields, and other parts of the response."""
    account.add_segment("VIP", [5])

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        [known] = answer["contacts"]
        return {**answer, "contacts": [{**known, **contact}], **dict(others)}

    sandbox.faults.add(Fault("edit", "contacts", times=None, answer=change))
    synced = sync(sandbox, streams=STREAMS, **settings)
    assert synced.exit_code == 0
    [row] = synced.records("contacts")
    return row


def test_plain_identity(account: Account, sandbox: Sandbox) -> None:
    contact = {
        "email": "  Some.Body@Example.COM ",
        "phone": "+1 (555) 010-0100",
        "firstName": "Some",
        "lastName": "Body",
        "cdate": "2018-09-12T16:53:50-05:00",
        "udate": "2018-09-12 23:00:00",
        "bounced_hard": "2",
        "bounced_soft": 1,
    }
    row = row_of(account, sandbox, contact)
    assert row["email"] == contact["email"]
    assert row["email_sha256"] == digest("some.body@example.com")
    assert row["phone"] == contact["phone"]
    assert row["phone_sha256"] == digest("+15550100100")
    assert (row["first_name"], row["last_name"]) == ("Some", "Body")
    assert row["created_at"] == "2018-09-12T21:53:50.000000Z"
    assert row["updated_at"] == "2018-09-12T23:00:00.000000Z"
    assert (row["bounced_hard"], row["bounced_soft"]) == (2, 1)
    assert (row["is_anonymized"], row["is_found"]) == (False, True)


def test_hashed_identity(account: Account, sandbox: Sandbox) -> None:
    contact = {"email": "some@example.com", "phone": "+15550100", "firstName": "Some"}
    row = row_of(account, sandbox, contact, contact_identifiers="hashed")
    assert row["email"] is row["phone"] is row["first_name"] is row["last_name"] is None
    assert row["email_sha256"] == digest("some@example.com")
    assert row["phone_sha256"] == digest("+15550100")


@pytest.mark.parametrize("empty", ["", "  ", None, [], {}, True])
def test_empty_texts_are_null_and_have_no_digest(
    account: Account, sandbox: Sandbox, empty: Any
) -> None:
    names = ("email", "phone", "firstName", "lastName")
    row = row_of(account, sandbox, dict.fromkeys(names, empty))
    identity = ("email", "email_sha256", "phone", "phone_sha256", "first_name", "last_name")
    assert [row[name] for name in identity] == [None] * 6


def test_phone_of_punctuation_has_no_digest(account: Account, sandbox: Sandbox) -> None:
    assert row_of(account, sandbox, {"phone": "-"})["phone_sha256"] is None


@pytest.mark.parametrize("date", ["0000-00-00", "0000-00-00 00:00:00", "", None, "soon", 5])
def test_no_date_is_null(account: Account, sandbox: Sandbox, date: Any) -> None:
    row = row_of(account, sandbox, {"cdate": date, "udate": date})
    assert row["created_at"] is row["updated_at"] is None


@pytest.mark.parametrize(
    ("anonymized", "expected"), [("1", True), (1, True), ("0", False), (None, None), ("", None)]
)
def test_anonymized(
    account: Account, sandbox: Sandbox, anonymized: Any, *, expected: bool | None
) -> None:
    assert row_of(account, sandbox, {"anonymized": anonymized})["is_anonymized"] is expected


@pytest.mark.parametrize("deleted", ["1", 1])
def test_contact_that_is_marked_as_deleted_is_not_found(
    account: Account, sandbox: Sandbox, deleted: Any
) -> None:
    row = row_of(account, sandbox, {"deleted": deleted})
    assert row["is_found"] is False
    assert row["email"] is row["email_sha256"] is row["first_name"] is None


@pytest.mark.parametrize("bounced", ["x", "-1", None, str(2**63), "1.5"])
def test_odd_number_of_bounces_is_null(account: Account, sandbox: Sandbox, bounced: Any) -> None:
    assert row_of(account, sandbox, {"bounced_hard": bounced})["bounced_hard"] is None


# Subscriptions.


def test_subscriptions(account: Account, sandbox: Sandbox) -> None:
    lists = [
        {"contact": "5", "list": "2", "status": "1", "udate": "2018-09-12T16:53:50-05:00"},
        {"contact": 5, "list": 3, "status": 2, "udate": "0000-00-00 00:00:00"},
        {"contact": "6", "list": "2", "status": "1"},
    ]
    row = row_of(account, sandbox, {}, ("contactLists", lists))
    assert row["subscriptions"] == [
        {"list_id": "2", "status": "1", "updated_at": "2018-09-12T21:53:50.000000Z"},
        {"list_id": "3", "status": "2", "updated_at": None},
    ]


def test_contact_without_subscriptions_has_an_empty_array(
    account: Account, sandbox: Sandbox
) -> None:
    assert row_of(account, sandbox, {}, ("contactLists", []))["subscriptions"] == []


@pytest.mark.parametrize("lists", [None, {}, "x", [{"list": "1"}], ["x"], [{"contact": "x"}]])
def test_subscriptions_that_the_api_does_not_tell_are_null(
    account: Account, sandbox: Sandbox, lists: Any
) -> None:
    assert row_of(account, sandbox, {}, ("contactLists", lists))["subscriptions"] is None


def test_subscriptions_that_do_not_come_are_null(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("VIP", [5])
    account.set_otherwise("contact_lists_are_included")
    [row] = sync(sandbox, streams=STREAMS).records("contacts")
    assert row["subscriptions"] is None
