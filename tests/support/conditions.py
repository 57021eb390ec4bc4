"""Definitions of segments, as rows of `segment_definitions`."""

from __future__ import annotations

from typing import Any

OPERATORS = (
    *("=", "<", ">", "<=", ">=", "!=", "starts with", "does not start with", "contains"),
    *("does not contain", "is", "is not", "is in any", "missing at least one", "empty"),
    *("not empty", "empty|=", "empty|<", "empty|<=", "wildcard match", "any", "not_previous"),
    *("between", "not between", "all", "none", ""),
)
"""The operators of a field (documented)."""
DATA_TYPES = ("string", "number", "decimal", "date", "datetime", "list", "")
"""The data types of a field (documented)."""


def field(
    name: Any, operator: Any, value: Any = None, data_type: Any = "string", **more: Any
) -> dict[str, Any]:
    return {"name": name, "operator": operator, "value": value, "data_type": data_type, **more}


def condition(condition_id: Any, object_type: Any, *fields: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": condition_id,
        "object_type": object_type,
        "source_system": "activecampaign",
        "fields": list(fields),
        **more,
    }


def tag(condition_id: Any, tag_id: Any, operator: str = "=", **more: Any) -> dict[str, Any]:
    return condition(condition_id, "tag", field("tagid", operator, tag_id), **more)


def aggregate(operator: Any, **more: Any) -> dict[str, Any]:
    """Return an aggregate; `value`, `start_value`, `time_within_unit` and so on are optional."""
    fields = {f"aggregate_field_{name}": value for name, value in more.items()}
    return {"aggregate_field_operator": operator, **fields}


def group(group_id: Any, operator: Any, *condition_ids: Any, **more: Any) -> dict[str, Any]:
    values = [{"id": each, "type": "condition"} for each in condition_ids]
    return {"id": group_id, "operator": operator, "values": values, **more}


def version(
    *conditions: Any, groups: Any = (), operator: Any = "and", **more: Any
) -> dict[str, Any]:
    return {
        "segment_id": "a",
        "created_date": "2026-01-31T00:00:00.000000Z",
        "name": "VIP",
        "description": None,
        "segment_condition_group_operator": operator,
        "segment_condition_groups": list(groups),
        "segment_conditions": list(conditions),
        **more,
    }
