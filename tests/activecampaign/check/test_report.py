"""The report identifies neither the account nor its contacts, whatever the answers hold."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.activecampaign.check.facts import FACTS
from tap_activecampaign_segments.sandbox import Fault
from tap_activecampaign_segments.sandbox.faults.kinds import OPERATIONS
from tests.support.identities import BODY, MALFORMED, identity_forms
from tests.support.secrets import assert_absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.activecampaign.check.invoke import Checked

PLANTED = "sesame-planted"


def test_report_has_every_fact(run_check: Callable[..., Checked]) -> None:
    checked = run_check()
    assert checked.report
    assert [each["key"] for each in checked.report["facts"]] == [fact.key for fact in FACTS]
    assert {each["key"]: each["verdict"] for each in checked.report["facts"]} == checked.verdicts
    assert checked.report["endpoints"]["/users/me"]["shapes"] == {
        "200": {"user": {"id": "string", "(other fields)": 1}}
    }
    assert checked.report["evaluations"] == 2


def test_report_has_nothing_of_the_account(
    account: Account, sandbox: Sandbox, run_check: Callable[..., Checked]
) -> None:
    for segment in account.segments:
        segment.versions[-1].description = PLANTED
        segment.versions[-1].meta = {PLANTED: PLANTED}
    checked = run_check()
    text = json.dumps(checked.report)
    assert PLANTED not in text
    assert sandbox.url.rpartition(":")[2] not in text
    for secret in secrets(account):
        assert secret not in text
        assert secret not in checked.out


@pytest.mark.parametrize("operation", [None, *OPERATIONS[:6], "user", "match", "contacts"])
def test_planted_values_do_not_reach_the_report(
    sandbox: Sandbox, run_check: Callable[..., Checked], operation: str | None
) -> None:
    sandbox.faults.add(Fault("edit", operation, answer=plant, times=None))
    checked = run_check()
    assert PLANTED not in checked.out
    assert PLANTED not in json.dumps(checked.report)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
@pytest.mark.parametrize("after", [0, 1])
def test_error_bodies_do_not_reach_the_report(
    sandbox: Sandbox, run_check: Callable[..., Checked], status: int, after: int
) -> None:
    errors = [{"title": PLANTED, "detail": PLANTED, PLANTED: PLANTED, "source": {PLANTED: PLANTED}}]
    for operation in OPERATIONS:
        if operation != "list":
            sandbox.faults.add(
                Fault(
                    "status",
                    operation,
                    status=status,
                    after=after,
                    headers={"RateLimit-Limit": PLANTED, "X-Planted": PLANTED},
                    body=json.dumps({"errors": errors}),
                    times=None,
                )
            )
    checked = run_check()
    assert checked.report
    assert str(status) in json.dumps(checked.report)
    assert PLANTED not in json.dumps(checked.report)
    assert PLANTED not in checked.out + checked.err


@pytest.mark.parametrize("how", MALFORMED)
def test_identities_of_contacts_are_told_nowhere(
    sandbox: Sandbox, run_check: Callable[..., Checked], how: str
) -> None:
    fault = sandbox.faults.add(Fault("edit", "contacts", answer=MALFORMED[how], times=None))
    checked = run_check()
    assert fault.applied
    assert_absent(json.dumps(checked.report) + checked.out + checked.err, identity_forms())


@pytest.mark.parametrize("status", [200, 400, 404, 422, 500])
def test_errors_that_quote_contacts_are_told_nowhere(
    sandbox: Sandbox, run_check: Callable[..., Checked], status: int
) -> None:
    body = json.dumps(BODY)
    fault = sandbox.faults.add(Fault("status", "contacts", status=status, body=body, times=None))
    checked = run_check()
    assert fault.applied
    assert_absent(json.dumps(checked.report) + checked.out + checked.err, identity_forms())


def plant(content: Any) -> Any:
    """Return an answer with planted texts and keys everywhere but where the check needs ids."""
    if isinstance(content, dict):
        kept = {"run_id", "segment_id", "id", "is_ready"}
        planted = {
            name: value
            if name in kept or name.endswith(("_date", "timestamp", "_start", "_end"))
            else plant(value)
            for name, value in content.items()
        }
        return {**planted, PLANTED: PLANTED, f"{PLANTED}-object": {PLANTED: [PLANTED]}}
    if isinstance(content, list):
        return [plant(each) for each in content]
    return PLANTED if isinstance(content, str) else content


def secrets(account: Account) -> Iterator[str]:
    """Yield what identifies an account: tokens, ids, hashes and names."""
    yield account.token
    yield "127.0.0.1"
    for segment in account.segments:
        yield segment.segment_id
        yield from (version.segment_hash for version in segment.versions)
        yield from (run.run_id for run in segment.runs)
        yield from (str(member) for member in segment.members if member > HTTPStatus.BAD_REQUEST)
        assert segment.name
        yield f'"{segment.name}'
    yield "@example.com"
    # Names and phone numbers of the sandbox's contacts.
    yield from ("First1", "Last1", "+1555")
