"""A parsed definition: conditions, and the groups they are in.

Every JSON is parsed, whatever its form: the documented enums are narrower than what the API sends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_activecampaign_segments.activecampaign.conditions.fields import (
    Aggregate,
    ConditionField,
    is_true,
)
from tap_activecampaign_segments.activecampaign.conditions.groups import (
    Group,
    find_roots,
    parse_groups,
    unique_ids,
)
from tap_activecampaign_segments.activecampaign.conditions.values import (
    MAX_DEPTH,
    normalize,
    to_items,
    to_json,
    to_text,
)

_NOT_CONTENT = {"id", "hash", "hash_simple"}
"""Keys of a condition that say nothing about which contacts it matches."""
_FIELD_KEYS = {"name", "operator", "value", "data_type", "external"}
_ORDERED = {"between", "not between"}
"""Operators for which the order of several values matters."""


@dataclass(frozen=True)
class Condition:
    """One condition.

    Attributes:
        id: Its id, made unique within the definition.
        object_type: The kind of object that is evaluated.
        source_system: The namespace of the object.
        fields: What the object's fields are compared to: all of them have to match.
        aggregate: How often.
        hash: The API's hash of the condition.
        content: Canonical JSON of everything but ids and hashes.
    """

    id: str
    object_type: str | None
    source_system: str | None
    fields: tuple[ConditionField, ...]
    aggregate: Aggregate | None
    hash: str | None
    content: str

    @classmethod
    def from_json(cls, raw: Any, condition_id: str) -> Condition:
        """Return a condition; what is no object is one whose only field has that value."""
        known = raw if isinstance(raw, Mapping) else {"fields": [{"value": raw}]}
        return cls(
            id=condition_id,
            object_type=to_text(known.get("object_type")) or None,
            source_system=to_text(known.get("source_system")) or None,
            fields=tuple(ConditionField.from_json(each) for each in _fields(known.get("fields"))),
            aggregate=Aggregate.from_json(known.get("field_aggregate")),
            hash=to_text(known.get("hash")) or None,
            content=_content(known),
        )


@dataclass(frozen=True)
class Logic:
    """The logic of one version.

    Attributes:
        operator: Joins the groups.
        conditions: All conditions, in the API's order.
        groups: All groups, in the API's order.
        roots: Indices of the groups that are in no other group.
        placement: The group of each condition that is in one, by indices.
    """

    operator: str
    conditions: tuple[Condition, ...]
    groups: tuple[Group, ...]
    roots: tuple[int, ...]
    placement: Mapping[int, int]

    @classmethod
    def from_version(cls, version: Mapping[str, Any]) -> Logic:
        """Return the logic of a row of `segment_definitions`."""
        conditions = to_items(version.get("segment_conditions"))
        given = [_id(each) for each in conditions]
        groups = parse_groups(to_items(version.get("segment_condition_groups")), given)
        placement: dict[int, int] = {}
        for index, group in enumerate(groups):
            for member in group.members:
                if member.condition is not None:
                    placement.setdefault(member.condition, index)
        return cls(
            operator=normalize(to_text(version.get("segment_condition_group_operator"))),
            conditions=tuple(
                Condition.from_json(raw, condition_id)
                for raw, condition_id in zip(conditions, unique_ids(given), strict=True)
            ),
            groups=groups,
            roots=find_roots(groups),
            placement=placement,
        )


def _id(raw: Any) -> str | None:
    return to_text(raw.get("id")) or None if isinstance(raw, Mapping) else None


def _fields(raw: Any) -> list[Any]:
    if isinstance(raw, Mapping) and _FIELD_KEYS & raw.keys():
        return [raw]
    return to_items(raw)


def _content(raw: Mapping[str, Any]) -> str:
    """Return canonical JSON: the same for conditions that mean the same."""
    content = {name: value for name, value in raw.items() if name not in _NOT_CONTENT}
    if Aggregate.from_json(raw.get("field_aggregate")) is None:
        content.pop("field_aggregate", None)
    content["fields"] = sorted(_field_content(each) for each in _fields(raw.get("fields")))
    return json.dumps(_canonical(content), sort_keys=True)


def _field_content(raw: Any) -> str:
    if not isinstance(raw, Mapping):
        return json.dumps(_canonical(raw))
    content = {name: value for name, value in raw.items() if name != "external"}
    if is_true(raw.get("external")):
        content["external"] = True
    value = raw.get("value")
    if isinstance(value, list) and normalize(to_text(raw.get("operator"))) not in _ORDERED:
        content["value"] = sorted(to_text(each) or "" for each in value)
    return json.dumps(_canonical(content), sort_keys=True)


def _canonical(value: Any, depth: int = 0) -> Any:
    """Return a value without nulls, its numbers as text: ``14`` and ``"14"`` are the same."""
    if depth >= MAX_DEPTH:
        return to_json(value)
    if isinstance(value, Mapping):
        return {
            str(name): _canonical(each, depth + 1)
            for name, each in value.items()
            if each is not None
        }
    if isinstance(value, list):
        return [_canonical(each, depth + 1) for each in value]
    return to_text(value)
