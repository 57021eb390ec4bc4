"""Each fact can be otherwise, and the command says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.activecampaign.check.facts import FACTS
from tap_activecampaign_segments.sandbox import Fault
from tap_activecampaign_segments.sandbox.activecampaign.traits import TRAITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.sandbox import Account, Sandbox
    from tests.activecampaign.check.invoke import Checked

KEYS = [fact.key for fact in FACTS]
NEVER_SEEN = {"forbidden_is_intermittent", "deleted_contact_stays"}
"""Facts that an account without faults and deletions does not show."""
RECORDED = {
    *("recorded_run_is_kept", "recorded_run_ended_with_count", "recorded_run_has_counted_ids"),
    *("token_sees_recorded_runs", "empty_result_has_total"),
}
HIDDEN: dict[str, set[str]] = {
    "forbidden_is_intermittent": {
        *("contact_lists_are_included", "ids_select_contacts"),
        *("updated_after_selects_contacts", "id_greater_pages_contacts"),
    },
    "ready_run_has_end": {"recorded_run_ended_with_count"},
    "recorded_run_is_readable": RECORDED,
}
"""Facts that cannot be seen where another is otherwise."""


def test_the_sandbox_can_make_each_fact_otherwise() -> None:
    assert TRAITS.keys() == set(KEYS)


def test_nothing_is_otherwise_in_an_account_as_assumed(run_check: Callable[..., Checked]) -> None:
    checked = run_check()
    assert checked.exit_code == 0, checked.out
    assert list(checked.verdicts) == KEYS
    assert checked.otherwise == set()
    assert checked.not_seen == NEVER_SEEN


@pytest.mark.parametrize("key", KEYS)
def test_what_is_otherwise_is_said(
    account: Account, run_check: Callable[..., Checked], key: str
) -> None:
    account.set_otherwise(key)
    checked = run_check()
    assert checked.exit_code == 1
    assert checked.otherwise == {key}, checked.out
    assert checked.not_seen - NEVER_SEEN == HIDDEN.get(key, set()), checked.out
    assert "→ " in checked.out


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_deleted_contact_in_an_earlier_result_is_seen(
    sandbox: Sandbox, run_check: Callable[..., Checked], *, is_deleted: bool
) -> None:
    # The sandbox removes deleted contacts from earlier results, so the API denies one instead.
    def deny(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"contacts": answer["contacts"][1:]}

    sandbox.faults.add(Fault("edit", "contacts", answer=deny, after=2))
    if is_deleted:
        sandbox.faults.add(Fault("not_found", "match", after=5))
    seen = run_check().seen["deleted_contact_stays"]
    assert seen == ("1 deleted contact in one" if is_deleted else "(none of 9 who left)")


def test_nothing_is_seen_of_contacts_where_there_is_none(
    sandbox: Sandbox, run_check: Callable[..., Checked]
) -> None:
    sandbox.faults.add(Fault("empty_result", "contacts", times=None))
    checked = run_check()
    assert checked.otherwise == set()
    assert checked.seen["updated_after_selects_contacts"] == "(the account shows no contact)"
    assert checked.seen["id_greater_pages_contacts"] == "(no contact follows)"
