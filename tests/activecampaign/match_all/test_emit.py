"""Emit: rows first, then the commit, then the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.sync import RUN_STREAMS, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Account, Sandbox, Segment


def test_commit_row_follows_the_rows_of_its_children(account: Account, sandbox: Sandbox) -> None:
    account.add_segment("some", [1, 2])
    messages = [stream for kind, stream in sync(sandbox).types if kind == "RECORD"]
    last = messages.index("match_all_runs")
    below = [place for place, name in enumerate(messages) if name in RUN_STREAMS]
    assert last == max(below)


def test_commit_schema_follows_the_child_schemas(sandbox: Sandbox, segment: Segment) -> None:
    schemas = [stream for kind, stream in sync(sandbox).types if kind == "SCHEMA"]
    for child in RUN_STREAMS - {"match_all_runs"}:
        assert schemas.index(child) < schemas.index("match_all_runs")
    assert segment.members
