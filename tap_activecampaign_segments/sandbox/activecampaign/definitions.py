"""The versions of a segment's definition."""

from dataclasses import dataclass, field
from typing import Any

from tap_activecampaign_segments.sandbox.seeded import make_digest, make_random

_TEMPLATES = (
    ("activecampaign", "tag", "tagid", "number", "="),
    ("activecampaign", "contact", "email", "string", "contains"),
    ("activecampaign", "list", "listid", "number", "is in any"),
    ("activecampaign", "score", "score", "number", ">="),
)


@dataclass
class Version:
    """A version of a definition, in force from `created` until the next version.

    Attributes:
        created: Epoch seconds.
        segment_hash: Hash of the logic.
        user_id: The user who saved it.
        name: None if the segment is not saved.
        description: Free text.
        meta: Free-form metadata.
        operator: Joins the condition groups: ``and`` or ``or``.
        groups: Condition groups as the API shows them.
        conditions: Conditions as the API shows them.
        external: Whether a condition needs an id that only the request can supply.
    """

    created: float
    segment_hash: str
    user_id: str = "1"
    name: str | None = None
    description: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    operator: str = "and"
    groups: list[dict[str, Any]] = field(default_factory=list)
    conditions: list[dict[str, Any]] = field(default_factory=list)
    external: bool = False

    def to_attributes(self) -> dict[str, Any]:
        """Return the API's attributes except the segment's id and the date."""
        attributes: dict[str, Any] = {
            "user_id": self.user_id,
            "segment_hash": self.segment_hash,
            "meta": self.meta,
            "segment_condition_group_operator": self.operator,
            "segment_condition_groups": self.groups,
            "segment_conditions": self._mark_external(),
        }
        if self.name is not None:
            attributes |= {
                "name": self.name,
                "description": self.description,
                "category": "AUDIENCE",
            }
        return attributes

    def _mark_external(self) -> list[dict[str, Any]]:
        """Return the conditions, with the first field marked if `external`."""
        if not self.external:
            return self.conditions
        first, *others = self.conditions
        head, *tail = first["fields"]
        return [{**first, "fields": [{**head, "external": True}, *tail]}, *others]


def make_logic(*seed: object) -> dict[str, Any]:
    """Return the fields of a `Version` that make up its logic: conditions, groups, hash, author."""
    generator = make_random(*seed, "logic")
    conditions = [
        _make_condition(str(number), generator.choice(_TEMPLATES), str(generator.randrange(1, 90)))
        for number in range(1, generator.randrange(2, 5))
    ]
    group = {
        "id": "1",
        "operator": generator.choice(("and", "or")),
        "values": [{"id": condition["id"], "type": "condition"} for condition in conditions],
    }
    return {
        "conditions": conditions,
        "groups": [group],
        "segment_hash": make_digest(*seed, "segment_hash"),
        "user_id": str(generator.randrange(1, 5)),
    }


def _make_condition(
    condition_id: str, template: tuple[str, str, str, str, str], value: str
) -> dict[str, Any]:
    system, kind, name, data_type, operator = template
    fields = [{"name": name, "data_type": data_type, "operator": operator, "value": value}]
    hash_simple = make_digest(kind, name, operator, value)[:40]
    return {
        "id": condition_id,
        "source_system": system,
        "object_type": kind,
        "fields": fields,
        "field_aggregate": {"aggregate_field_operator": ""},
        "hash_simple": hash_simple,
        "hash": make_digest(hash_simple)[:40],
    }
