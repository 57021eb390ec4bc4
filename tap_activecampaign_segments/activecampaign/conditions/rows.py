"""What a definition depends on, as rows: one for each field of each condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.conditions.aggregates import describe_aggregate
from tap_activecampaign_segments.activecampaign.conditions.fields import ConditionField
from tap_activecampaign_segments.activecampaign.conditions.model import Logic
from tap_activecampaign_segments.activecampaign.conditions.values import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_FIELD = ConditionField()


def condition_rows(version: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each field of each condition; one for a condition without fields.

    An id that is missing is replaced by the condition's position (``#3``); of several conditions
    with one id the second becomes ``7#2``. Groups alike.

    Example:
        >>> rows = condition_rows(
        ...     {
        ...         "segment_id": "a",
        ...         "created_date": "2026-01-31T00:00:00.000000Z",
        ...         "segment_conditions": [
        ...             {
        ...                 "id": 1,
        ...                 "object_type": "tag",
        ...                 "source_system": "activecampaign",
        ...                 "fields": [{"name": "tagid", "operator": "=", "value": 14}],
        ...             },
        ...         ],
        ...     }
        ... )
        >>> rows[0]["condition_id"], rows[0]["field_name"], rows[0]["value"]
        ('1', 'tagid', '14')

    Args:
        version: A row of `segment_definitions`; any value may be missing or odd.
    """
    logic = Logic.from_version(version)
    key = {name: to_text(version.get(name)) or "" for name in ("segment_id", "created_date")}
    rows = []
    for index, condition in enumerate(logic.conditions):
        group = logic.placement.get(index)
        aggregate = condition.aggregate
        for position, field in enumerate(condition.fields or (_NO_FIELD,), 1):
            row = {
                **key,
                "condition_id": condition.id,
                "field_index": position,
                "group_id": None if group is None else logic.groups[group].id,
                "object_type": condition.object_type,
                "source_system": condition.source_system,
                "field_name": field.name,
                "operator": field.given_operator,
                "value": to_text(field.value),
                "data_type": field.given_data_type,
                "external": field.external,
                "aggregate_text": describe_aggregate(aggregate) if aggregate else None,
            }
            rows.append(row)
    return rows
