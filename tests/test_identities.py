"""Addresses, phone numbers and names appear in no log line, error or state.

Where `contact_identifiers` is ``hashed``, they appear in no message either.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.support.batches import batch_config
from tests.support.identities import (
    ADDRESS,
    BODY,
    IDENTITY,
    MALFORMED,
    PHONE,
    WORDS,
    assert_discreet,
    plant,
    said,
)
from tests.support.sync import sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment
    from tests.support.sync import Sync

    SyncContacts = Callable[..., Sync]

MODES = [
    ("joined", "plain", "records"),
    ("joined", "hashed", "batches"),
    ("all", "plain", "batches"),
    ("all", "hashed", "records"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(params=MODES, ids="-".join)
def mode(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    found: tuple[str, str, str] = request.param
    return found


@pytest.fixture
def is_hashed(mode: tuple[str, str, str]) -> bool:
    return mode[1] == "hashed"


@pytest.fixture
def sync_contacts(
    account: Account,
    sandbox: Sandbox,
    mode: tuple[str, str, str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> SyncContacts:
    """Syncs every stream of an account of three contacts, with all details on the log."""
    contacts, identifiers, form = mode
    account.add_segment("some", [1, 2, 3])
    monkeypatch.setenv("LOGLEVEL", "DEBUG")

    def sync_once(**settings: Any) -> Sync:
        if form == "batches":
            settings["batch_config"] = batch_config(folder)
        return sync(sandbox, contacts=contacts, contact_identifiers=identifiers, **settings)

    return sync_once


def test_identities_are_in_plain_rows_alone(
    sandbox: Sandbox, sync_contacts: SyncContacts, folder: Path, *, is_hashed: bool
) -> None:
    sandbox.faults.add(Fault("edit", "contacts", answer=plant, times=None))
    synced = sync_contacts()
    assert synced.exit_code == 0
    messages = said(synced, folder)
    assert messages.count('"email_sha256"') >= 3
    assert_discreet(synced, *([messages] if is_hashed else []))
    assert all(value in messages for value in IDENTITY.values()) == (not is_hashed)


@pytest.mark.parametrize("how", MALFORMED)
def test_malformed_contacts_are_quoted_nowhere(
    sandbox: Sandbox, sync_contacts: SyncContacts, folder: Path, how: str, *, is_hashed: bool
) -> None:
    fault = sandbox.faults.add(Fault("edit", "contacts", answer=MALFORMED[how], times=None))
    synced = sync_contacts()
    assert fault.applied
    assert_discreet(synced, *([said(synced, folder)] if is_hashed else []))
    assert synced.exit_code == bool(synced.errors)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        *((status, {}, json.dumps(BODY)) for status in (400, 403, 404, 422, 429, 500)),
        *((status, {}, json.dumps({"message": WORDS})) for status in (400, 500)),
        *((status, {}, WORDS) for status in (400, 404, 500, 200)),
        (500, {"Retry-After": ADDRESS.strip(), "X-Detail": PHONE}, f"<h1>{WORDS}</h1>"),
        (302, {"Location": "https://example.com/?email=Sesame.Address%40Example.com"}, WORDS),
        (401, {}, json.dumps(BODY)),
        (402, {}, json.dumps(BODY)),
        (503, {"Retry-After": "3600"}, json.dumps(BODY)),
    ],
)
def test_errors_that_quote_a_contact_are_quoted_nowhere(
    sandbox: Sandbox,
    sync_contacts: SyncContacts,
    folder: Path,
    status: int,
    headers: dict[str, str],
    body: str,
) -> None:
    details: dict[str, Any] = {"status": status, "headers": headers, "body": body}
    sandbox.faults.add(Fault("status", "contacts", times=None, **details))
    synced = sync_contacts()
    assert synced.exit_code == 1
    assert any(f"answered {status}" in line for line in synced.errors)
    assert_discreet(synced, said(synced, folder))


@pytest.mark.parametrize(
    "expressions",
    [
        {"email": "int(email)"},
        {"phone": "{}[phone]"},
        {"x": "int(str(first_name) + str(last_name))"},
        {"x": "float(str(record['email']) + 'x')"},
        {"x": "json.loads(str(email) + str(phone))"},
        {"__filter__": "int(str(email) + str(phone))"},
    ],
    ids=json.dumps,
)
def test_stream_map_that_fails_on_a_contact_quotes_nothing(
    sandbox: Sandbox,
    sync_contacts: SyncContacts,
    folder: Path,
    expressions: dict[str, str],
) -> None:
    sandbox.faults.add(Fault("edit", "contacts", answer=plant, times=None))
    synced = sync_contacts(stream_maps={"contacts": expressions})
    assert synced.exit_code == 1
    assert synced.errors
    assert_discreet(synced, said(synced, folder))


ABOUT_A_PERSON = {
    "address": ("email", "somebody@example.com"),
    "phone": ("phone", "+1 555 017 3902"),
    "first name": ("first_name", "Sesame"),
    "last name": ("lastName", "Sesame"),
    "address in a field of one's own": ("field[7]", "somebody@example.com"),
}


@pytest.mark.parametrize(("name", "value"), ABOUT_A_PERSON.values(), ids=ABOUT_A_PERSON)
def test_change_of_a_condition_about_a_person_is_in_no_state(
    sandbox: Sandbox, segment: Segment, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("LOGLEVEL", "DEBUG")
    streams = {"segment_definitions", "segment_conditions"}
    first = sync(sandbox, streams=streams)
    sandbox.account.clock.advance(86_400)  # type: ignore[attr-defined]
    field = {"name": name, "data_type": "string", "operator": "contains", "value": value}
    condition = {
        "id": "1",
        "source_system": "activecampaign",
        "object_type": "contact",
        "fields": [field],
        "field_aggregate": {"aggregate_field_operator": ""},
    }
    segment.edit(conditions=[condition], groups=[])
    second = sync(sandbox, streams=streams, state=first.state)
    newest = second.records("segment_definitions")[-1]
    assert value in newest["definition_text"]
    assert value in newest["changes_text"]
    assert value in [row["value"] for row in second.records("segment_conditions")]
    assert value not in second.log
    assert value not in json.dumps(second.states)
    third = sync(sandbox, streams=streams, state=second.state)
    assert third.exit_code == 0
    assert third.records("segment_definitions")[-1]["changes_text"] == newest["changes_text"]
    assert value not in third.log
    assert value not in json.dumps(third.states)
