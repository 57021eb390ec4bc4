"""A field's operator and value in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.conditions import phrases
from tap_activecampaign_segments.activecampaign.conditions.values import (
    quote,
    shorten,
    to_label,
    to_one_line,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.activecampaign.conditions.fields import ConditionField

NO_VALUE = "(no value)"
EXTERNAL_VALUE = "(a value given when it is evaluated)"
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_PERIOD = re.compile(
    r"([+-])?\s?(\d{1,9}) (minute|hour|day|week|month|year)(s?)( ago| from now)?",
    re.ASCII | re.IGNORECASE,
)
_RELATIVE = {"now", "today", "yesterday", "tomorrow"}
_SEPARATORS = (",", "|", ";", " and ")
_TWO = 2


@dataclass(frozen=True)
class Style:
    """How much of long values is shown.

    Attributes:
        max_items: Maximum number of values of a list; None for all.
        max_text: Maximum length of a text; None for all.
    """

    max_items: int | None = None
    max_text: int | None = None


WHOLE = Style()
SHORT = Style(max_items=5, max_text=60)


def predicate(field: ConditionField, style: Style, *, is_date: bool = False) -> str:
    """Return what a field has to satisfy, without its name.

    Example:
        >>> predicate(ConditionField("points", ">=", value="50"), WHOLE)
        'is at least 50'

    Args:
        field: The field.
        style: How much of long values is shown.
        is_date: Whether the field is known to be a date, whatever its data type.
    """
    operator = field.operator
    if operator in phrases.VALUELESS_OPERATORS:
        return phrases.RELATIONS[operator]
    if operator in phrases.WITHOUT_VALUE and not has_value(field):
        return phrases.WITHOUT_VALUE[operator]
    template = None
    if has_several(field):
        template = phrases.SEVERAL_RELATIONS.get(operator)
    elif is_date or field.data_type in phrases.DATE_TYPES:
        template = phrases.DATE_RELATIONS.get(operator)
    template = template or phrases.RELATIONS.get(operator)
    value = value_text(field, style)
    if template is None:
        return f"{quote(field.given_operator or operator, style.max_text)} {value}"
    return template.replace("{}", value)


def has_value(field: ConditionField) -> bool:
    """Tell whether there is a value."""
    return field.external or bool(values_of(field))


def has_several(field: ConditionField) -> bool:
    """Tell whether there are several values."""
    return not field.external and len(values_of(field)) > 1


def value_text(field: ConditionField, style: Style) -> str:
    """Return the value, or the values, in words: ``3``, ``3, 5 and 8``, ``"x"``."""
    if field.external:
        return EXTERNAL_VALUE
    values = values_of(field)
    if not values:
        return one_value("", style) if field.value == "" else NO_VALUE
    several = field.operator in phrases.SEVERAL_RELATIONS
    if (
        len(values) == 1
        or several
        or field.operator in (phrases.LIST_OPERATORS | phrases.RANGE_OPERATORS)
    ):
        return join([one_value(each, style) for each in values], style)
    return f"[{join([one_value(each, style) for each in values], style, last=', ')}]"


def values_of(field: ConditionField) -> list[Any]:
    """Return the values of a field; a text with separators is a list where a list is expected."""
    value = field.value
    if value is None or (isinstance(value, str | Mapping) and not value):
        return []
    if isinstance(value, list):
        return value
    if field.operator in phrases.RANGE_OPERATORS:
        return _limits(value)
    if isinstance(value, str):
        return _split(value, field)
    return [value]


def _limits(value: Any) -> list[Any]:
    """Return the two limits of a range, or what there is."""
    if isinstance(value, Mapping):
        return list(value.values()) if len(value) == _TWO else [value]
    if isinstance(value, str):
        for separator in _SEPARATORS:
            limits = [each.strip() for each in value.split(separator)]
            if len(limits) == _TWO and all(limits):
                return limits
        return _parse_array(value) or [value]
    return [value]


def _split(text: str, field: ConditionField) -> list[Any]:
    is_list = field.data_type == "list" or field.operator in phrases.LIST_OPERATORS
    if text.startswith("||") and text.endswith("||"):
        parts = [each for each in text.split("||") if each]
        return parts or [text]
    if not is_list:
        return [text]
    found = _parse_array(text)
    if found is not None:
        return found
    parts = [each.strip() for each in text.split(",")]
    return [each for each in parts if each] or [text]


def _parse_array(text: str) -> list[Any] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def one_value(value: Any, style: Style) -> str:
    """Return one value: numbers, dates and periods as they are, other texts quoted."""
    if value is None:
        return NO_VALUE
    text = to_text(value) or ""
    if not isinstance(value, str):
        return to_one_line(shorten(text, style.max_text))
    if _NUMBER.fullmatch(text) or _DATE.fullmatch(text) or text.casefold() in _RELATIVE:
        return text
    period = _PERIOD.fullmatch(text)
    if period:
        sign, number, unit, plural, direction = period.groups()
        direction = direction or {"-": " ago", "+": " from now"}.get(sign, "")
        return f"{number} {unit}{plural}{direction}"
    return quote(text, style.max_text)


def join(texts: Sequence[str], style: Style, *, last: str = " and ") -> str:
    """Return an enumeration.

    Example:
        >>> join(["3", "5", "8"], WHOLE), join(list("123456789"), SHORT)
        ('3, 5 and 8', '1, 2, 3, 4, 5 and 4 more')
    """
    if style.max_items is not None and len(texts) > style.max_items + 1:
        hidden = len(texts) - style.max_items
        texts = [*texts[: style.max_items], f"{hidden} more"]
        last = " and "
    if not texts:
        return NO_VALUE
    head, tail = texts[:-1], texts[-1]
    return f"{', '.join(head)}{last}{tail}" if head else tail


def field_label(field: ConditionField) -> str:
    """Return the name of a field in a sentence."""
    return to_label(field.name) if field.name else "(an unnamed field)"
