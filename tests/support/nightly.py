"""Nightly syncs into a warehouse, and loads that break off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.sync import CHANGE_STREAMS, Sync, sync

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox
    from tests.support.warehouse import Warehouse


def nightly_sync(sandbox: Sandbox, warehouse: Warehouse, **settings: Any) -> Sync:
    """Sync into a warehouse, starting with its state."""
    settings.setdefault("streams", CHANGE_STREAMS)
    synced = sync(sandbox, state=warehouse.state, **settings)
    warehouse.load(synced.messages)
    return synced


def run_row(synced: Sync) -> dict[str, Any]:
    """Return the only row of match_all_runs."""
    [row] = synced.records("match_all_runs")
    return row


def changes(synced: Sync) -> dict[str, set[int]]:
    """Return the contact ids that joined and left."""
    found: dict[str, set[int]] = {"joined": set(), "left": set()}
    for row in synced.records("membership_changes"):
        found[row["change"]].add(row["contact_id"])
    return found


def run_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the run state of the only segment in a state."""
    [partition] = state["bookmarks"]["match_all_runs"]["partitions"]
    found: dict[str, Any] = partition["match_all"]
    return found


def segments_in_state(synced: Sync) -> set[str]:
    """Return the ids of the segments whose runs are in the state."""
    entries = synced.state["bookmarks"]["match_all_runs"]["partitions"]
    return {entry["context"]["segment_id"] for entry in entries}


def existing_segments(warehouse: Warehouse) -> dict[str, str | None]:
    """Return names by id of the segments that exist."""
    return {segment_id: name for segment_id, name, *_ in warehouse.query("segments that exist")}


def cut_in_difference(messages: list[dict[str, Any]], rows: int) -> list[dict[str, Any]]:
    """Return the messages up to a kill, `rows` rows into a difference."""
    places = [
        place
        for place, message in enumerate(messages)
        if message.get("stream") == "membership_changes" and message["type"] == "RECORD"
    ]
    return messages[: places[rows]]


def load_partially(
    warehouse: Warehouse, synced: Sync, tables: tuple[str, ...], rows: int = 0
) -> None:
    """Load some tables, of the last only `rows` rows, and no STATE."""
    for stream in tables:
        found = [message for message in synced.messages if message.get("stream") == stream]
        warehouse.load(found[: 1 + rows] if stream == tables[-1] else found)
    warehouse.load(message for message in synced.messages if message["type"] == "SCHEMA")
