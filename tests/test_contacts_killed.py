"""SIGKILL while contacts are read: the next sync goes on with the last STATE, and skips none."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import running_tap
from tests.support.sync import CHANGE_STREAMS, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Request, Sandbox
    from tests.support.sync import Sync

STREAMS = {"contacts", *CHANGE_STREAMS}
CONTACTS = range(1, 9_500, 2)
"""More than a pipe holds: the tap cannot be done before they are read."""
FREQUENT_STATES = (
    "-c",
    """
from tap_activecampaign_segments.singer import state_writer as states
from tap_activecampaign_segments.tap import TapActiveCampaignSegments
states.MIN_INTERVAL, states.BYTES_PER_SECOND = 0, float("inf")
TapActiveCampaignSegments.cli()
""",
)
"""The tap with a STATE after each page, and not only every other second."""


def contact_ids(synced: Sync) -> list[int]:
    return [row["contact_id"] for row in synced.records("contacts")]


def contact_requests(sandbox: Sandbox) -> list[Request]:
    return [request for request in sandbox.requests if request.path.endswith("/contacts")]


def walked_to(state: dict[str, object] | None) -> int:
    """Return the id up to which a state claims that all contacts are emitted."""
    match state:
        case {"bookmarks": {"contacts": {"walk": {"after": int(after)}}}}:
            return after
    return 0


@pytest.mark.parametrize("moment", range(10))
def test_walk_goes_on_where_the_last_state_says(
    account: Account, sandbox: Sandbox, tmp_path: Path, moment: int
) -> None:
    account.add_contacts(CONTACTS)
    with running_tap(
        sandbox, tmp_path, streams={"contacts"}, contacts="all", command=FREQUENT_STATES
    ) as tap:
        tap.read_until(b'"walk"')
        tap.read_lines(random.Random(moment).randrange(150, 4_000))
        tap.signal(signal.SIGKILL)
        killed = tap.finish()
    after = walked_to(killed.state)
    assert after in CONTACTS
    sandbox.clear_requests()
    resumed = sync(sandbox, state=killed.state, streams={"contacts"}, contacts="all")
    assert resumed.exit_code == 0
    assert {*contact_ids(killed), *contact_ids(resumed)} == {*CONTACTS}
    assert min(contact_ids(resumed)) > after
    requests = contact_requests(sandbox)
    assert f"id_greater={after}" in requests[0].raw_query
    assert not any("offset" in request.raw_query for request in requests)
    assert walked_to(resumed.state) == 0


def test_killed_resumption_goes_on_as_well(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    account.add_contacts(CONTACTS)
    options = {"streams": {"contacts"}, "contacts": "all", "command": FREQUENT_STATES}
    found: set[int] = set()
    state = None
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        with running_tap(sandbox, folder, state=state, **options) as tap:  # type: ignore[arg-type]
            tap.read_until(b'"walk"')
            tap.read_lines(500)
            tap.signal(signal.SIGKILL)
            killed = tap.finish()
        assert walked_to(killed.state) > walked_to(state)
        state = killed.state
        found.update(contact_ids(killed))
    assert found < {*CONTACTS}
    last = sync(sandbox, state=state, streams={"contacts"}, contacts="all")
    assert found | {*contact_ids(last)} == {*CONTACTS}


@pytest.mark.parametrize("lines", [150, 1_500, 4_000])
def test_baseline_is_committed_once_all_its_contacts_are_read(
    account: Account, sandbox: Sandbox, tmp_path: Path, lines: int
) -> None:
    account.add_segment("some", CONTACTS)
    with running_tap(sandbox, tmp_path, streams=STREAMS, command=FREQUENT_STATES) as tap:
        tap.read_until(b'"email"')
        tap.read_lines(lines)
        tap.signal(signal.SIGKILL)
        killed = tap.finish()
    assert contact_ids(killed)
    assert killed.records("match_all_runs") == []
    last = sync(sandbox, state=killed.state, streams=STREAMS)
    assert last.exit_code == 0
    [run] = last.records("match_all_runs")
    assert run["is_baseline"]
    assert run["joined_count"] == len(CONTACTS)
    kinds = [stream for kind, stream in last.types if kind == "RECORD"]
    assert kinds.index("match_all_runs") > kinds.index("contacts") + len(CONTACTS)
    assert sorted(contact_ids(last)) == [*CONTACTS]
    assert {row["contact_id"] for row in last.records("membership_changes")} == {*CONTACTS}
    assert not any("offset" in request.raw_query for request in contact_requests(sandbox))


def test_difference_is_committed_once_its_contacts_are_read(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    segment = account.add_segment("some", [2, 4])
    first = sync(sandbox, streams=STREAMS)
    segment.members = [4, *CONTACTS]
    account.clock.advance(86_400)  # type: ignore[attr-defined]
    with running_tap(
        sandbox, tmp_path, state=first.state, streams=STREAMS, command=FREQUENT_STATES
    ) as tap:
        tap.read_until(b'"email"')
        tap.read_lines(300)
        tap.signal(signal.SIGKILL)
        killed = tap.finish()
    assert killed.records("match_all_runs") == []
    last = sync(sandbox, state=killed.state, streams=STREAMS)
    assert last.exit_code == 0
    runs = last.records("match_all_runs")
    assert [row["joined_count"] for row in runs][:1] == [len(CONTACTS)]
    assert {*contact_ids(last)} >= {*CONTACTS}
