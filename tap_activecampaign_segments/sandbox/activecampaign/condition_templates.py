"""What generated conditions are made of: objects, operators and values of many kinds.

The names are those seen in the field or close to them; the operators are the vendor's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .conditions import make_condition, make_field

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from .conditions import Document

_NUMBERS = tuple(map(str, range(1, 90)))
_AMOUNTS = ("125.00", "199.50", "250.00", "499.99", "750.00")
_DATES = ("2024-01-01", "2024-11-29", "2025-02-14", "2025-05-01")
_DATE_TIMES = ("2024-03-31T22:00:00Z", "2025-01-15T08:30:00Z")
_RELATIVE = ("7 days ago", "30 days ago", "90 days ago")
_CITIES = ("Berlin", "Graz", "Lyon", "São Paulo", "Zürich")
_PLANS = ("free", "trial", "basic", "pro")
_EQUALITY = ("=", "!=")
_ORDER = ("=", "!=", "<", ">", "<=", ">=")
_TEXT = ("is", "is not", "contains", "does not contain", "starts with", "does not start with")
_LISTS = ("is in any", "missing at least one", "all", "none")


def _within(operator: str, value: str, unit: str, time: int) -> dict[str, Any]:
    return {
        "aggregate_field_operator": operator,
        "aggregate_field_value": value,
        "aggregate_field_time_within_unit": unit,
        "aggregate_field_time_within_value": time,
    }


_COUNTS = (
    _within(">=", "2", "days", 90),
    _within("=", "0", "days", 30),
    _within("<", "5", "weeks", 13),
    _within(">", "10", "months", 3),
    _within("!=", "1", "hours", 48),
    {
        "aggregate_field_operator": "between",
        "aggregate_field_start_value": "2",
        "aggregate_field_end_value": "8",
        "aggregate_field_time_within_unit": "days",
        "aggregate_field_time_within_value": 60,
    },
)
_MOST_RECENT_DEAL = {
    "aggregate_field_operator": "most_recent",
    "aggregate_most_recent_field": make_field("status", "=", "won"),
}


class Template(NamedTuple):
    """A kind of condition.

    Attributes:
        object_type: What is evaluated.
        name: Of the field.
        data_type: Of the field.
        operators: One of them is chosen.
        values: One of them is chosen.
        aggregates: One of them is chosen, half of the time none.
        fields: Further fields.
        source_system: Namespace of the object type.
    """

    object_type: str
    name: str
    data_type: str
    operators: Sequence[str]
    values: Sequence[str]
    aggregates: Sequence[Mapping[str, Any]] = ()
    fields: Sequence[Document] = ()
    source_system: str = "activecampaign"


_TEMPLATES = (
    Template("tag", "tagid", "number", _EQUALITY, _NUMBERS),
    Template("tag", "tag", "string", ("is", "is not", "wildcard match"), ("customer", "vip-*")),
    Template("list", "listid", "list", _LISTS, ("1", "1,2", "2,5,8")),
    Template(
        "list", "listid", "number", _EQUALITY, _NUMBERS, fields=(make_field("status", "=", "1"),)
    ),
    Template("contact", "email", "string", _TEXT, ("@example.com", "info@", "newsletter")),
    Template("contact", "first_name", "string", ("empty", "not empty"), ("",)),
    Template("contact", "city", "string", (*_TEXT, "empty", "not empty"), _CITIES),
    Template("contact", "cdate", "date", ("<", ">", "empty|<", "empty|<="), _DATES + _RELATIVE),
    Template("contact", "udate", "datetime", ("<=", ">=", "between", "not between"), _DATE_TIMES),
    Template("custom_field", "4", "string", ("is", "is not", "not_previous"), _PLANS),
    Template("custom_field", "7", "date", (*_ORDER, "empty|="), _DATES + _RELATIVE),
    Template("custom_field", "9", "list", ("any", "none", "is in any"), ("red||green", "blue")),
    Template("custom_field", "12", "decimal", (*_ORDER, "between"), _AMOUNTS),
    Template("score", "score", "number", _ORDER, _NUMBERS),
    Template("email_open", "campaignid", "number", ("=", "any"), _NUMBERS, _COUNTS),
    Template("link_click", "linkid", "number", ("=", "any"), _NUMBERS, _COUNTS),
    Template("page_visit", "url", "string", ("contains", "wildcard match"), ("/pricing", "/*")),
    Template("deal", "value", "decimal", _ORDER, _AMOUNTS, (_MOST_RECENT_DEAL, *_COUNTS)),
    Template("deal", "stageid", "number", ("is", "is not"), _NUMBERS, (_MOST_RECENT_DEAL,)),
    Template("ecom_order", "total_price", "decimal", _ORDER, _AMOUNTS, _COUNTS),
    Template("form_submission", "formid", "number", ("is", "is not"), _NUMBERS, _COUNTS),
    Template("quiz_result", "grade", "", ("",), ("A", "B"), source_system="app_17"),
)


def make_random_condition(generator: random.Random) -> Document:
    """Return a condition of a random kind, without an id."""
    template = generator.choice(_TEMPLATES)
    operator = generator.choice(template.operators)
    if operator in {"any", "empty", "not empty"}:
        value = ""
    elif operator in {"between", "not between"}:
        value = ",".join(sorted(generator.sample(template.values, 2)))
    else:
        value = generator.choice(template.values)
    has_aggregate = template.aggregates and generator.random() < 0.5  # noqa: PLR2004 (half)
    return make_condition(
        template.object_type,
        make_field(template.name, operator, value, template.data_type),
        *template.fields,
        aggregate=generator.choice(template.aggregates) if has_aggregate else None,
        source_system=template.source_system,
    )


def choose_other_value(generator: random.Random, field: Document) -> str:
    """Return another value for a field; a number if nothing is known of it."""
    values = [
        value
        for template in _TEMPLATES
        if template.name == field["name"] and template.data_type == field["data_type"]
        for value in template.values
        if value not in {field["value"], ""}
    ]
    return generator.choice(values or [each for each in _NUMBERS if each != field["value"]])
