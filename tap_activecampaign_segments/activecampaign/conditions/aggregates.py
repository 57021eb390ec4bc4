"""How often a condition has to match, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.conditions.values import quote, to_label
from tap_activecampaign_segments.activecampaign.conditions.wording import (
    NO_VALUE,
    WHOLE,
    field_label,
    one_value,
    predicate,
)

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.conditions.fields import Aggregate
    from tap_activecampaign_segments.activecampaign.conditions.wording import Style

_COMPARISONS = {
    "=": "exactly",
    "!=": "not exactly",
    "<": "less than",
    ">": "more than",
    "<=": "at most",
    ">=": "at least",
}
_UNITS = {"hours", "days", "weeks", "months"}
_SELECTIONS = {"most_recent": "the most recent one", "all": "all of them"}
"""Operators that select records instead of counting them."""


def describe_aggregate(aggregate: Aggregate, style: Style = WHOLE) -> str:
    """Return how often, within which time.

    Example:
        >>> describe_aggregate(Aggregate(">=", value="2", within_value=90))
        'at least 2 times in 90 days'
        >>> describe_aggregate(Aggregate("=", value="1", within_value=3, within_unit="weeks"))
        'exactly once in 3 weeks'
    """
    return _count(aggregate, style) + _within(aggregate, style) + _most_recent(aggregate, style)


def is_count(aggregate: Aggregate) -> bool:
    """Tell whether matches are counted; False if some of the records are selected."""
    return aggregate.operator not in _SELECTIONS


def _count(aggregate: Aggregate, style: Style) -> str:
    operator = aggregate.operator
    if operator in _SELECTIONS:
        return _SELECTIONS[operator]
    if operator == "between":
        start, end = (_number(each, style) for each in (aggregate.start, aggregate.end))
        return f"between {start} and {end} times"
    number = _number(aggregate.value, style)
    comparison = _COMPARISONS.get(operator) or quote(operator, style.max_text)
    return f"{comparison} once" if number == "1" else f"{comparison} {number} times"


def _within(aggregate: Aggregate, style: Style) -> str:
    number = _number(aggregate.within_value, style)
    if number == NO_VALUE:
        return ""
    unit = aggregate.within_unit.strip().casefold()
    if unit not in _UNITS:
        unit = to_label(aggregate.within_unit)
    return f" in {number} {unit.removesuffix('s') if number == '1' else unit}"


def _most_recent(aggregate: Aggregate, style: Style) -> str:
    field = aggregate.most_recent
    if field is None or aggregate.operator != "most_recent":
        return ""
    return f" where {field_label(field)} {predicate(field, style)}"


def _number(value: object, style: Style) -> str:
    return NO_VALUE if value == "" else one_value(value, style)
