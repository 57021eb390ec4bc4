"""The check only reads, and keeps to its limits whatever the account answers."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Fault
from tests.activecampaign.check.invoke import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.sandbox import Account, Request, Sandbox
    from tests.activecampaign.check.invoke import Checked

START = re.compile(r"/api/3/segmentMatchAll/[^/]+")
OWN_READ = re.compile(r"/api/3/segmentMatchAll/[^/]+/([^/]+)")


def starts(sandbox: Sandbox) -> list[Request]:
    return [each for each in sandbox.requests if START.fullmatch(each.path)]


def test_only_reads_within_its_limits(sandbox: Sandbox, run_check: Callable[..., Checked]) -> None:
    checked = run_check()
    assert {each.method for each in sandbox.requests} == {"GET"}
    assert len(sandbox.requests) <= 60
    assert len(starts(sandbox)) == 2
    assert f"{len(sandbox.requests)} requests, 2 evaluations" in checked.out


def test_keeps_the_pace_of_the_tap(sandbox: Sandbox, run_check: Callable[..., Checked]) -> None:
    assert run_check(requests_per_second=2).exit_code == 0
    instants = [each.at for each in sandbox.requests]
    assert all(later - earlier > 0.45 for earlier, later in pairwise(instants))


@pytest.mark.parametrize("limit", [1, 2, 5, 20])
def test_the_request_limit_is_hard(
    sandbox: Sandbox, run_check: Callable[..., Checked], limit: int
) -> None:
    checked = run_check("--requests", str(limit))
    assert checked.exit_code == 0
    assert len(sandbox.requests) == limit
    assert "(the request limit was reached)" in checked.out
    assert checked.otherwise == set()


def test_retries_count(sandbox: Sandbox, run_check: Callable[..., Checked]) -> None:
    sandbox.faults.add(Fault("status", "read", status=503, times=None))
    checked = run_check()
    assert checked.exit_code == 0
    assert len(sandbox.requests) <= 60
    assert checked.seen["ready_run_has_end"] == "(/segmentMatchAll/{id}/{id} answered 503)"
    assert checked.verdicts["ids_select_contacts"] == "not seen"
    assert checked.verdicts["user_is_told"] == "confirmed"


def test_a_start_that_is_sent_again_counts_as_an_evaluation(
    sandbox: Sandbox, run_check: Callable[..., Checked]
) -> None:
    sandbox.faults.add(Fault("status", "start", status=503, times=None))
    checked = run_check()
    assert len(starts(sandbox)) == 2
    assert checked.verdicts["new_run_is_known_at_once"] == "not seen"


@pytest.mark.parametrize("arguments", [[], ["--no-evaluation"]])
def test_recorded_runs_are_never_read_in_a_way_that_evaluates(
    account: Account, sandbox: Sandbox, run_check: Callable[..., Checked], arguments: list[str]
) -> None:
    for segment in account.segments:
        for run in segment.runs:
            run.sort = "-cdate"
    recorded = {run.run_id: run.started for each in account.segments for run in each.runs}
    run_check(*arguments)
    read = {match[1] for each in sandbox.requests if (match := OWN_READ.fullmatch(each.path))}
    assert len(read) == (not arguments)
    assert not read & recorded.keys()
    assert (
        recorded.items()
        <= {run.run_id: run.started for each in account.segments for run in each.runs}.items()
    )


def test_a_start_that_answers_an_earlier_run_is_not_read(
    account: Account, sandbox: Sandbox, run_check: Callable[..., Checked]
) -> None:
    recorded = {run.run_id for each in account.segments for run in each.runs}
    sandbox.faults.add(Fault("same_run"))
    checked = run_check()
    assert checked.seen["new_run_is_known_at_once"] == "(the start answered an earlier run)"
    assert not [each for each in sandbox.requests if OWN_READ.fullmatch(each.path)]
    assert {run.run_id for each in account.segments for run in each.runs} == recorded


def test_without_evaluation_a_recorded_run_is_looked_into(
    sandbox: Sandbox, run_check: Callable[..., Checked]
) -> None:
    checked = run_check("--no-evaluation")
    assert checked.exit_code == 0
    assert starts(sandbox) == []
    assert checked.verdicts["page_order_is_kept"] == "confirmed"
    assert checked.verdicts["run_names_definition"] == "confirmed"
    unseen = {key for key, seen in checked.seen.items() if seen == "(--no-evaluation)"}
    assert unseen == {
        *("own_run_is_counted", "own_run_is_last_total", "new_run_is_known_at_once"),
        *("run_starts_later", "external_is_rejected", "match_some_has_same_ids"),
    }


def test_a_named_segment_is_looked_into(account: Account, sandbox: Sandbox) -> None:
    unsaved = account.add_segment(None, range(1, 50)).segment_id
    checked = check(sandbox, "--segment", unsaved)
    assert checked.exit_code == 0
    assert {each.path for each in starts(sandbox)} >= {f"/api/3/segmentMatchAll/{unsaved}"}
    assert checked.seen["own_run_is_last_total"] == "(the segment is not saved)"


def test_an_intermittent_403_is_seen(sandbox: Sandbox, run_check: Callable[..., Checked]) -> None:
    sandbox.faults.add(Fault("status", "contacts", status=403, body="{}", times=1))
    assert run_check().verdicts["forbidden_is_intermittent"] == "confirmed"


def test_a_failed_probe_leaves_the_others_alone(
    sandbox: Sandbox, run_check: Callable[..., Checked]
) -> None:
    sandbox.faults.add(
        Fault("edit", "count_history", answer=lambda _: {"data": [{"attributes": 7}]})
    )
    sandbox.faults.add(
        Fault("edit", "segment", answer=lambda _: {"data": [{"attributes": {"fields": 1}}]})
    )
    checked = run_check()
    assert checked.exit_code == 0
    assert "Traceback" not in checked.err
    assert checked.verdicts["ready_run_has_end"] == "confirmed"
    what = "(the answer of /segmentsV2/{id}/count-history cannot be read)"
    assert checked.seen["history_is_newest_first"] == what
