"""The state that the tap is given: what of it can be used, and what is said of the rest."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.run_state import (
    RUN_STREAM,
    unreadable_parts,
)
from tap_activecampaign_segments.errors import MalformedAnswerError
from tap_activecampaign_segments.http.redaction import one_line
from tap_activecampaign_segments.singer.command_line_files import refuse

if TYPE_CHECKING:
    from collections.abc import Collection
    from logging import Logger

_VALUE = "replication_key_value"
_MARKS = {
    "partitions",
    "progress_markers",
    "replication_key_signpost",
    "starting_replication_value",
}
"""What a sync that did not end leaves, and what is looked at apart."""
_SINGERS = {"bookmarks", "currently_syncing"}
_SHOWN = 3
"""How many of those are named that are not understood."""
_WITHOUT = "for a first sync leave it out"


def usable_state(state: dict[str, Any], streams: Collection[str], logger: Logger) -> dict[str, Any]:
    """Return what of a state can be used.

    Another version, another tap or a hand may have written it.

    Args:
        state: As it was handed over, bare or in a wrapper of Meltano's or Singer's.
        streams: The names of the tap's streams, offered or not.
        logger: Where it is told what cannot be used.

    Raises:
        ConfigValidationError: There is something in it, and nothing can be used.
    """
    state = _unwrapped(state)
    bookmarks = state.get("bookmarks")
    if not state or (not bookmarks and {"bookmarks"} <= state.keys() <= _SINGERS):
        return {"bookmarks": {}}
    bookmarks = bookmarks if isinstance(bookmarks, dict) else {}
    own = {name: entry for name, entry in bookmarks.items() if name in streams}
    if not own:
        refuse([f"--state has nothing of this tap: another tap's, or broken; {_WITHOUT}"])
    kept = {name: _kept_stream(name, entry, logger) for name, entry in own.items()}
    if all(map(_is_empty, kept.values())) and not all(map(_is_empty, own.values())):
        refuse([f"--state has nothing that can be used; {_WITHOUT}"])
    if strange := sorted(str(name) for name in bookmarks.keys() - own.keys()):
        logger.warning("--state: %s: no stream of this tap, left out", ", ".join(strange[:_SHOWN]))
    return {"bookmarks": kept}


def _unwrapped(state: dict[str, Any]) -> dict[str, Any]:
    """Return what is in ``{"singer_state": …}``, ``{"type": "STATE", "value": …}``, or both."""
    while "bookmarks" not in state:
        if "singer_state" in state:
            inner = state["singer_state"]
        elif state.get("type") == "STATE" and "value" in state:
            inner = state["value"]
        else:
            break
        state = inner if isinstance(inner, dict) else {} if inner is None else {"": inner}
    return state


def _is_empty(entry: object) -> bool:
    """Tell whether nothing stands in a stream's entry."""
    if not isinstance(entry, dict):
        return not entry
    return not entry.get("partitions") and entry.keys() <= _MARKS


def _kept_stream(name: str, entry: object, logger: Logger) -> dict[str, Any]:
    if not isinstance(entry, dict):
        _tell(name, ["all of it"], logger)
        return {}
    kept = _kept(entry)
    given = entry.get("partitions")
    if given is None:
        if _is_lost(entry):
            _tell(name, ["its bookmark"], logger)
        return kept
    partitions = given if isinstance(given, list) else [None]
    found: dict[str, dict[str, Any]] = {}
    lost = []
    for place, partition in enumerate(partitions):
        context = partition.get("context") if isinstance(partition, dict) else None
        if not isinstance(context, dict) or not all(
            isinstance(each, str) for each in context.values()
        ):
            lost.append(f"number {place + 1}")
            continue
        found[str(sorted(context.items()))] = _kept(partition)
        if _is_lost(partition) or (name == RUN_STREAM and unreadable_parts(partition)):
            lost.append(", ".join(context.values()))
    _tell(name, lost, logger)
    return {**kept, "partitions": [*found.values()]}


def _kept(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with its bookmark in the one form, in which the SDK compares it."""
    kept = {key: value for key, value in entry.items() if key not in {*_MARKS, _VALUE}}
    with suppress(MalformedAnswerError):
        kept[_VALUE] = timestamps.normal(entry.get(_VALUE))
    return kept


def _is_lost(entry: dict[str, Any]) -> bool:
    """Tell whether there is a bookmark that says no instant."""
    return entry.get(_VALUE) is not None and _VALUE not in _kept(entry)


def _tell(stream: str, lost: list[str], logger: Logger) -> None:
    if lost:
        shown = "; ".join(map(one_line, lost[:_SHOWN])) + ("; …" if len(lost) > _SHOWN else "")
        logger.warning(
            "--state: %d of %s not understood (%s): it begins anew there", len(lost), stream, shown
        )
