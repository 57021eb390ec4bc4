"""A segment's definition at one time."""

from dataclasses import dataclass, field
from typing import Any

from .chance import digest, generator

_TEMPLATES = (
    ("activecampaign", "tag", "tagid", "number", "="),
    ("activecampaign", "contact", "email", "string", "contains"),
    ("activecampaign", "list", "listid", "number", "is in any"),
    ("activecampaign", "score", "score", "number", ">="),
)


@dataclass
class Version:
    """One version of a definition, in force from `created` until the next one.

    Attributes:
        created: Epoch seconds.
        segment_hash: Hash of the logic.
        name: None where the segment is not saved.
        external: Whether a condition waits for an id that only a request can bring.
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

    def attributes(self) -> dict[str, Any]:
        """What the API says of this version, without the segment's id and the date."""
        document: dict[str, Any] = {
            "user_id": self.user_id,
            "segment_hash": self.segment_hash,
            "meta": self.meta,
            "segment_condition_group_operator": self.operator,
            "segment_condition_groups": self.groups,
            "segment_conditions": self._conditions(),
        }
        if self.name is not None:
            document |= {
                "name": self.name,
                "description": self.description,
                "category": "AUDIENCE",
            }
        return document

    def _conditions(self) -> list[dict[str, Any]]:
        if not self.external:
            return self.conditions
        first, *others = self.conditions
        head, *tail = first["fields"]
        return [{**first, "fields": [{**head, "external": True}, *tail]}, *others]


def logic(*seed: object) -> dict[str, Any]:
    """Conditions, their groups and their hash, that follow from the seed.

    Returns:
        Fields of a `Version`.
    """
    chance = generator(*seed, "logic")
    conditions = [
        _condition(str(number), chance.choice(_TEMPLATES), str(chance.randrange(1, 90)))
        for number in range(1, chance.randrange(2, 5))
    ]
    group = {
        "id": "1",
        "operator": chance.choice(("and", "or")),
        "values": [{"id": condition["id"], "type": "condition"} for condition in conditions],
    }
    return {
        "conditions": conditions,
        "groups": [group],
        "segment_hash": digest(*seed, "segment_hash"),
        "user_id": str(chance.randrange(1, 5)),
    }


def _condition(number: str, template: tuple[str, str, str, str, str], value: str) -> dict[str, Any]:
    system, kind, name, data_type, operator = template
    fields = [{"name": name, "data_type": data_type, "operator": operator, "value": value}]
    simple = digest(kind, name, operator, value)[:40]
    return {
        "id": number,
        "source_system": system,
        "object_type": kind,
        "fields": fields,
        "field_aggregate": {"aggregate_field_operator": ""},
        "hash_simple": simple,
        "hash": digest(simple)[:40],
    }
