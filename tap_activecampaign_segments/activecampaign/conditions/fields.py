"""A parsed field of a condition, and how often it has to match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_activecampaign_segments.activecampaign.conditions.values import normalize, to_text


@dataclass(frozen=True)
class ConditionField:
    """What one field of an object is compared to.

    Attributes:
        name: Name of the field.
        operator: The operator, in lower case.
        given_operator: The operator as the API gave it.
        value: Any JSON.
        data_type: The type, in lower case.
        given_data_type: The type as the API gave it.
        external: Whether the value comes with the request that evaluates the segment.
    """

    name: str | None = None
    operator: str = ""
    given_operator: str | None = None
    value: Any = None
    data_type: str = ""
    given_data_type: str | None = None
    external: bool = False

    @classmethod
    def from_json(cls, raw: Any) -> ConditionField:
        """Return a field; what is no object is the value of a field without a name."""
        if not isinstance(raw, Mapping):
            return cls(value=raw)
        operator, data_type = to_text(raw.get("operator")), to_text(raw.get("data_type"))
        return cls(
            name=to_text(raw.get("name")) or None,
            operator=normalize(operator),
            given_operator=operator,
            value=raw.get("value"),
            data_type=normalize(data_type),
            given_data_type=data_type,
            external=is_true(raw.get("external")),
        )


@dataclass(frozen=True)
class Aggregate:
    """How often a condition has to match, within which time.

    Attributes:
        operator: Compares the count; ``most_recent`` and ``all`` select records instead.
        value: The count.
        start: The least count for ``between``.
        end: The largest count for ``between``.
        within_value: How many units of time.
        within_unit: The unit; ``days`` if none is given.
        most_recent: What the most recent record has to satisfy.
    """

    operator: str
    value: Any = None
    start: Any = None
    end: Any = None
    within_value: Any = None
    within_unit: str = "days"
    most_recent: ConditionField | None = None

    @classmethod
    def from_json(cls, raw: Any) -> Aggregate | None:
        """Return an aggregate, None if it is ignored: no operator (documented)."""
        if not isinstance(raw, Mapping):
            return cls(operator=to_text(raw) or "") if raw else None
        operator = normalize(to_text(raw.get("aggregate_field_operator")))
        if not operator:
            return None
        most_recent = raw.get("aggregate_most_recent_field")
        return cls(
            operator=operator,
            value=raw.get("aggregate_field_value"),
            start=raw.get("aggregate_field_start_value"),
            end=raw.get("aggregate_field_end_value"),
            within_value=raw.get("aggregate_field_time_within_value"),
            within_unit=to_text(raw.get("aggregate_field_time_within_unit")) or "days",
            most_recent=ConditionField.from_json(most_recent) if most_recent else None,
        )


def is_true(value: Any) -> bool:
    """Tell whether a flag is set, as a boolean, a number or a text."""
    return (to_text(value) or "").strip().casefold() in {"true", "1"}
