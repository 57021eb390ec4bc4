"""The fault matrix: whatever goes wrong with any request, everything emitted is true."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from tap_activecampaign_segments.sandbox import Account, Preferences, Sandbox
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tests.fault_matrix.request_kinds import (
    DEFINITION,
    DEFINITIONS,
    LIST,
    LOOK_UP_CONTACTS,
    RESUMED,
    Outcome,
)
from tests.fault_matrix.table import CASES
from tests.fault_matrix.truth import PARTIAL, partition
from tests.fault_matrix.world import IN_FLIGHT, World
from tests.support.clocks import SharedClock
from tests.support.mypreferences import oauth_config, signed_config
from tests.support.sync import config_of, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fault_matrix.table import Case
    from tests.fault_matrix.world import Said
    from tests.support.sync import Sync

OWN_WAITING = 60.0
"""Documented maximum total retry delay of a request, in seconds."""
FAILURES = {Outcome.FAILS, Outcome.FORBIDDEN, Outcome.ENDS}
LONG = OWN_WAITING * (IN_FLIGHT + 2)
"""Maximum duration of a sync, in seconds of a clock on which concurrent waits add up."""


@pytest.fixture(scope="module")
def whole_world() -> Iterator[World]:
    clock = SharedClock()
    account, preferences = Account(seed=1, clock=clock), Preferences(seed=1)
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(account, clock, requests_per_second=None, preferences=preferences) as sandbox,
        Sandbox() as elsewhere,
    ):
        patch.setattr(TapActiveCampaignSegments, "clock", clock)
        yield World(sandbox, elsewhere, clock)


@pytest.fixture
def world(whole_world: World) -> Iterator[World]:
    yield whole_world
    whole_world.restore()


@pytest.fixture
def delays(whole_world: World, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Retry delays in seconds: backoff alone does not use the tap's clock."""
    taken: list[float] = []

    def sleep(seconds: float) -> None:
        taken.append(seconds)
        whole_world.clock.sleep(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    return taken


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fault(world: World, delays: list[float], case: Case) -> None:
    kind, is_whole = case.kind, case.trouble.is_typical
    usual = world.usual(kind, is_whole=is_whole)
    fault = world.sandbox.faults.add(world.fault(case))
    begun = world.clock.time()
    request_timeout = 1 if case.trouble.fault == "hang" else 60
    synced = world.sync(kind, is_whole=is_whole, request_timeout=request_timeout)

    world.check(kind, synced)
    CHECKS[case.outcome](world, case, synced, usual)
    assert synced.exit_code == (case.outcome in FAILURES)
    assert "Traceback" not in synced.log
    assert world.sandbox.token not in synced.log
    asked = world.asked(kind)
    assert fault.applied == case.times or (case.times is None and fault.applied)
    assert len(asked) == case.requests or case.requests is None
    assert sum(delays) <= OWN_WAITING
    assert world.clock.time() - begun < LONG
    if case.trouble.wait:
        assert asked[1] - asked[0] >= case.trouble.wait
    assert world.elsewhere.requests == []


def check_passed(world: World, _: Case, synced: Sync, usual: Said) -> None:
    assert synced.errors == []
    assert world.said(synced) == usual


def check_warned(world: World, case: Case, synced: Sync, usual: Said) -> None:
    check_passed(world, case, synced, usual)
    final = [line for line in synced.warnings if "trying again" not in line]
    assert any(names(world, case, line) and case.says in line for line in final)


def check_new_baseline(world: World, case: Case, synced: Sync, usual: Said) -> None:
    assert synced.errors == []
    assert any(names(world, case, line) and case.says in line for line in synced.warnings)
    who = world.owner(case.kind)
    [row] = [row for row in synced.records("match_all_runs") if row["segment_id"] == who]
    assert row["is_baseline"]
    assert others(world, case, world.said(synced)) == others(world, case, usual)


def check_failed(world: World, case: Case, synced: Sync, usual: Said) -> None:
    [line] = synced.errors
    assert names(world, case, line)
    assert case.says in line
    said, who = world.said(synced), world.owner(case.kind)
    assert others(world, case, said) == others(world, case, usual)
    for stream in case.kind.spoils:
        # True rows of a result may precede its failure, but contacts precede all other rows.
        may_precede = stream in PARTIAL and case.kind is not LOOK_UP_CONTACTS
        assert (stream, who) not in said or may_precede
        before, after = (
            kept(case, partition(state, stream, who))
            for state in (world.state(case.kind), synced.state)
        )
        assert before == after


def check_forbidden(world: World, case: Case, synced: Sync, usual: Said) -> None:
    spoilt = case.kind.spoils
    needed = {owner for stream, owner in usual if stream == "contacts"}
    assert len(synced.errors) == len(needed) > 1
    for owner in needed:
        assert any(f"| {owner}: " in line or f"({owner})" in line for line in synced.errors)
    assert all(case.says in line for line in synced.errors)
    kept = {key: rows for key, rows in usual.items() if key[0] not in spoilt}
    assert world.said(synced) == kept


def check_ended(world: World, case: Case, synced: Sync, _: Said) -> None:
    [line] = synced.errors
    assert case.says in line
    # Requests in flight may still arrive; none follows.
    last = world.asked(case.kind)[-1]
    assert sum(request.at > last for request in world.sandbox.requests) <= IN_FLIGHT
    if case.kind is LIST:
        assert synced.messages == []


CHECKS: dict[Outcome, Callable[[World, Case, Sync, Said], None]] = {
    Outcome.PASSES: check_passed,
    Outcome.WARNS: check_warned,
    Outcome.BASELINE: check_new_baseline,
    Outcome.FAILS: check_failed,
    Outcome.FORBIDDEN: check_forbidden,
    Outcome.ENDS: check_ended,
}


def names(world: World, case: Case, line: str) -> bool:
    """Whether a log line names the segment or group with the fault."""
    return f"'{case.kind.who}'" in line or f"| {world.owner(case.kind)}: " in line


def others(world: World, case: Case, said: Said) -> Said:
    """Return the records of all other segments and groups."""
    who = {world.owner(case.kind)}
    return {
        (stream, owner): rows
        for (stream, owner), rows in said.items()
        if stream not in case.kind.spoils or not {stream, owner} & who
    }


def kept(case: Case, entry: dict[str, Any]) -> dict[str, Any]:
    """Return what must not change in the state after a failure."""
    facts = entry.get("match_all", {})
    fixed = {"committed", "predecessor", *({"running"} if case.kind is RESUMED else ())}
    if case.kind.contact is None:
        # Contacts are read once a difference is known, so its pair is in the state by then.
        fixed.add("pair")
    return {
        "bookmark": entry.get("replication_key_value"),
        **{name: facts.get(name) for name in fixed},
    }


@pytest.mark.parametrize("streams", [*map(frozenset, combinations(DEFINITIONS, 1)), DEFINITIONS])
def test_second_stream_of_definitions_costs_no_request(
    world: World, streams: frozenset[str]
) -> None:
    kind = replace(DEFINITION, spoils=streams)
    assert {stream for stream, _ in world.usual(kind, is_whole=False)} == {"segments", *streams}
    assert len(world.asked(kind)) == DEFINITION.usual


@pytest.mark.parametrize("source", ["listing", "initiation", "token"])
@pytest.mark.parametrize("refusals", [4, None], ids=["4 times", "for ever"])
def test_refused_connection(
    clock: SharedClock, monkeypatch: pytest.MonkeyPatch, source: str, refusals: int | None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    sandbox = Sandbox(Account(clock=clock), clock, port, None, preferences=Preferences())
    sandbox.account.add_segment("some", [1])
    sandbox.preferences.add_group("some", 1)
    config = {
        "listing": config_of(sandbox),
        "initiation": {"mypreferences": signed_config(sandbox)},
        "token": {"mypreferences": oauth_config(sandbox)},
    }[source]
    delays: list[float] = []
    with ExitStack() as up:

        def sleep(seconds: float) -> None:
            delays.append(seconds)
            clock.sleep(seconds)
            if len(delays) == refusals:
                up.enter_context(sandbox)

        monkeypatch.setattr(time, "sleep", sleep)
        synced = run_tap(config)
    assert len(delays) == 4
    assert sum(delays) <= OWN_WAITING
    assert "Traceback" not in synced.log
    if refusals:
        assert synced.exit_code == 0
        assert len(synced.records("segments") + synced.records("segment_group_exports")) == 1
    else:
        assert synced.exit_code == 1
        [line] = synced.errors
        assert "broke off" in line
        assert not [message for message in synced.messages if message["type"] == "RECORD"]
