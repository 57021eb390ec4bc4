"""The shape of an answer: documented names and types, nothing of the account."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 8
"""Levels that are described; deeper ones are left out."""

KNOWN_NAMES = {
    *("data", "meta", "page", "errors", "message", "user", "contacts", "contactLists", "links"),
    *("id", "type", "attributes", "relationships", "segment_id", "category", "name", "description"),
    *("counts", "last_total", "last_active_total", "count", "last_total_updated"),
    *("run_id", "run_id_start", "run_id_end", "is_ready", "matches", "segment_timestamp"),
    *("current_page", "last_page", "per_page", "total", "total_pages"),
    *("created_date", "updated_date", "last_used_date", "created_timestamp", "timestamp"),
    *("segment_hash", "result_count", "active_result_count", "count_updating_with_runid"),
    *("user_id", "segment_condition_group_operator"),
    *("segment_condition_groups", "segment_conditions", "match", "entity_id"),
    *("code", "detail", "source", "pointer", "status", "title"),
    *("contact", "list", "sdate", "udate", "cdate", "email", "phone", "firstName", "lastName"),
    *("deleted", "deleted_at", "anonymized", "bounced_hard", "bounced_soft"),
}
"""Names of fields that are shown. Any other may be the name of something in the account."""


def shape_of(value: Any, depth: int = 0) -> Any:
    """Return the shape of a JSON value.

    Example:
        >>> shape_of({"data": [{"id": "17", "Custom": 1}], "meta": None})
        {'data': [{'id': 'string', '(other fields)': 1}, '1 item'], 'meta': 'null'}

    Args:
        value: The value.
        depth: Levels above it.

    Returns:
        For an object its known fields, and how many others it has; for an array the shape of its
        first item, and how many it has; for anything else its type.
    """
    if isinstance(value, (dict, list)) and depth >= MAX_DEPTH:
        return "object" if isinstance(value, dict) else "array"
    if isinstance(value, dict):
        known = [name for name in value if name in KNOWN_NAMES]
        shape = {name: shape_of(value[name], depth + 1) for name in known}
        others = len(value) - len(known)
        return {**shape, "(other fields)": others} if others else shape
    if isinstance(value, list):
        number = f"{len(value)} item{'' if len(value) == 1 else 's'}"
        return [shape_of(value[0], depth + 1), number] if value else [number]
    return _type_of(value)


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", int: "integer", float: "number"}.get(type(value), "string")
