"""Conditions and their groups, as the API shows them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Document = dict[str, Any]


def make_field(name: str, operator: str, value: str = "", data_type: str = "string") -> Document:
    """Return a field of a condition."""
    return {"name": name, "data_type": data_type, "operator": operator, "value": value}


def make_condition(
    object_type: str,
    *fields: Document,
    aggregate: Mapping[str, Any] | None = None,
    source_system: str = "activecampaign",
) -> Document:
    """Return a condition without an id.

    Example:
        >>> at_least = {"aggregate_field_operator": ">=", "aggregate_field_value": "2"}
        >>> make_condition("email_open", make_field("campaignid", "any"), aggregate=at_least)

    Args:
        object_type: What is evaluated, such as ``tag``.
        fields: See `make_field`.
        aggregate: How often, and within which time; None: no matter.
        source_system: Namespace of the object type.
    """
    return hash_condition(
        {
            "source_system": source_system,
            "object_type": object_type,
            "fields": list(fields),
            "field_aggregate": dict(aggregate or {"aggregate_field_operator": ""}),
        }
    )


def hash_condition(condition: Document) -> Document:
    """Return a condition with the SHA-1 hashes of its content, which its id is no part of."""
    simple = [condition.get(name) for name in ("source_system", "object_type", "fields")]
    hash_simple = _make_hash(simple)
    return {
        **condition,
        "hash_simple": hash_simple,
        "hash": _make_hash([hash_simple, condition.get("field_aggregate")]),
    }


def make_group(group_id: str, operator: str, condition_ids: Iterable[str]) -> Document:
    """Return a condition group."""
    values = [{"id": each, "type": "condition"} for each in condition_ids]
    return {"id": group_id, "operator": operator, "values": values}


def make_groups(*groups: tuple[str, Sequence[Document]]) -> dict[str, Any]:
    """Return conditions, numbered, and their groups, as fields of a `Version`.

    Args:
        groups: Of each group the operator and the conditions.
    """
    conditions: list[Document] = []
    shown: list[Document] = []
    for number, (operator, members) in enumerate(groups, start=1):
        ids = [str(len(conditions) + place) for place in range(1, len(members) + 1)]
        conditions += [{"id": each} | member for each, member in zip(ids, members, strict=True)]
        shown.append(make_group(str(number), operator, ids))
    return {"conditions": conditions, "groups": shown}


def _make_hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
