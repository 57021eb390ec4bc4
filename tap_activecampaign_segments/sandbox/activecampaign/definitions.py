"""The versions of a segment's definition."""

from dataclasses import dataclass, field
from typing import Any


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
