"""The state file: which of its entries can be used."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import MalformedResponseError, one_line
from tap_activecampaign_segments.singer.command_line import raise_config_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from logging import Logger

_BOOKMARK = "replication_key_value"
_MANAGED = {
    "partitions",
    "progress_markers",
    "replication_key_signpost",
    "starting_replication_value",
}
"""Keys of an entry that are read apart, or that only an unfinished sync leaves."""
_SINGER_KEYS = {"bookmarks", "currently_syncing"}
_MAX_NAMED = 3
"""How many unreadable entries a warning names."""
_HINT = "for a first sync leave it out"


def sanitize_state(
    state: dict[str, Any],
    unreadable: Mapping[str, Callable[[dict[str, Any]], list[str]]],
    logger: Logger,
) -> dict[str, Any]:
    """Return a state without stale progress markers and entries that cannot be read.

    Another version, another tap or a person may have written it.

    Args:
        state: The file, bare or wrapped by Meltano (``singer_state``) or as a STATE message.
        unreadable: For each stream of the tap: returns which values of a partition it cannot
            read.
        logger: Where warnings go.

    Raises:
        ConfigValidationError: It has content, and none of it can be used.
    """
    state = _unwrapped(state)
    bookmarks = state.get("bookmarks")
    if not state or (not bookmarks and {"bookmarks"} <= state.keys() <= _SINGER_KEYS):
        return {"bookmarks": {}}
    bookmarks = bookmarks if isinstance(bookmarks, dict) else {}
    own = {name: entry for name, entry in bookmarks.items() if name in unreadable}
    if not own:
        raise_config_errors([f"--state has nothing of this tap: another tap's, or broken; {_HINT}"])
    kept = {name: _sanitized(name, entry, unreadable[name], logger) for name, entry in own.items()}
    if all(map(_is_empty, kept.values())) and not all(map(_is_empty, own.values())):
        raise_config_errors([f"--state has nothing that can be used; {_HINT}"])
    if unknown := sorted(str(name) for name in bookmarks.keys() - own.keys()):
        logger.warning(
            "--state: %s: no stream of this tap, left out", ", ".join(unknown[:_MAX_NAMED])
        )
    return {"bookmarks": kept}


def _unwrapped(state: dict[str, Any]) -> dict[str, Any]:
    """Unwrap ``{"singer_state": …}``, ``{"type": "STATE", "value": …}``, or both."""
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
    if not isinstance(entry, dict):
        return not entry
    return not entry.get("partitions") and entry.keys() <= _MANAGED


def _sanitized(
    stream: str,
    entry: object,
    unreadable: Callable[[dict[str, Any]], list[str]],
    logger: Logger,
) -> dict[str, Any]:
    if not isinstance(entry, dict):
        _warn(stream, ["all of it"], logger)
        return {}
    kept = _normalized(entry)
    given = entry.get("partitions")
    if given is None:
        if _has_unreadable_bookmark(entry):
            _warn(stream, ["its bookmark"], logger)
        return kept
    partitions = given if isinstance(given, list) else [None]
    found: dict[str, dict[str, Any]] = {}
    lost = []
    for number, partition in enumerate(partitions, start=1):
        context = partition.get("context") if isinstance(partition, dict) else None
        if not isinstance(context, dict) or not all(
            isinstance(each, str) for each in context.values()
        ):
            lost.append(f"number {number}")
            continue
        found[str(sorted(context.items()))] = _normalized(partition)
        if _has_unreadable_bookmark(partition) or unreadable(partition):
            lost.append(", ".join(context.values()))
    _warn(stream, lost, logger)
    return {**kept, "partitions": [*found.values()]}


def _normalized(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry whose bookmark has the format in which the SDK compares bookmarks."""
    kept = {key: value for key, value in entry.items() if key not in {*_MANAGED, _BOOKMARK}}
    with suppress(MalformedResponseError):
        kept[_BOOKMARK] = timestamps.normalize(entry.get(_BOOKMARK))
    return kept


def _has_unreadable_bookmark(entry: dict[str, Any]) -> bool:
    return entry.get(_BOOKMARK) is not None and _BOOKMARK not in _normalized(entry)


def _warn(stream: str, lost: list[str], logger: Logger) -> None:
    if lost:
        named = "; ".join(map(one_line, lost[:_MAX_NAMED]))
        named += "; …" if len(lost) > _MAX_NAMED else ""
        logger.warning(
            "--state: %d of %s not understood (%s): it begins anew there", len(lost), stream, named
        )
