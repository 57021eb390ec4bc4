"""One condition in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.conditions import phrases
from tap_activecampaign_segments.activecampaign.conditions.aggregates import (
    describe_aggregate,
    is_count,
)
from tap_activecampaign_segments.activecampaign.conditions.values import to_label, to_text
from tap_activecampaign_segments.activecampaign.conditions.wording import (
    WHOLE,
    field_label,
    has_several,
    has_value,
    predicate,
    value_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_activecampaign_segments.activecampaign.conditions.fields import ConditionField
    from tap_activecampaign_segments.activecampaign.conditions.model import Condition
    from tap_activecampaign_segments.activecampaign.conditions.phrases import Phrase
    from tap_activecampaign_segments.activecampaign.conditions.wording import Style

_NUMBERED = re.compile(r"(custom[ _-]?field|field|score)[ _-]?(\d{1,15})", re.ASCII | re.IGNORECASE)
_BARE_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_DATED = frozenset(
    {*phrases.EQUAL, *phrases.NOT_EQUAL, "<", ">", "<=", ">=", *phrases.RANGE_OPERATORS}
    | {"not_previous"}
)
"""Operators that read "was created before …" rather than "creation date is …"."""


def describe_condition(condition: Condition, style: Style = WHOLE) -> str:
    """Return a condition as a clause without a subject.

    Example:
        >>> fields = [{"name": "campaignid", "operator": "=", "value": "7", "data_type": "number"}]
        >>> raw = {"object_type": "open", "source_system": "activecampaign", "fields": fields}
        >>> describe_condition(Condition.from_json(raw, "1"))
        'has opened campaign 7'
    """
    clause = _describe_object(condition, style)
    if condition.aggregate is None:
        return clause
    words = describe_aggregate(condition.aggregate, style)
    return f"{clause} {words}" if is_count(condition.aggregate) else f"{clause} ({words})"


def canonical_name(name: str | None) -> str:
    """Return a name in lower case, without punctuation.

    Example:
        >>> canonical_name("Tag_ID"), canonical_name("siteVisit")
        ('tagid', 'sitevisit')
    """
    return re.sub(r"[\W_]", "", name or "").casefold()


def _describe_object(condition: Condition, style: Style) -> str:
    kind = canonical_name(condition.object_type)
    if canonical_name(condition.source_system) not in {"", phrases.ACTIVECAMPAIGN}:
        return _describe_generic(condition, style)
    if not condition.fields:
        return _describe_generic(condition, style)
    if kind in phrases.PHRASES:
        return _describe_phrase(phrases.PHRASES[kind], condition.fields, style)
    if kind in phrases.CONTACT:
        return _join([_describe_contact_field(each, style) for each in condition.fields])
    if kind in phrases.CUSTOM_FIELD | phrases.SCORE:
        label = "score" if kind in phrases.SCORE else "custom field"
        return _describe_numbered(label, condition.fields, style)
    return _describe_generic(condition, style)


def _describe_generic(condition: Condition, style: Style) -> str:
    """Return ``object.field operator value``, with the source system if it is another one."""
    names = [to_label(condition.object_type)] if condition.object_type else []
    system = condition.source_system
    if system and canonical_name(system) != phrases.ACTIVECAMPAIGN:
        names.insert(0, to_label(system))
    name = ".".join(names)
    fields = [f"{field_label(each)} {predicate(each, style)}" for each in condition.fields]
    if not fields:
        return f"{name or 'an unnamed object'} (no fields)"
    if len(fields) == 1:
        return f"{name}.{fields[0]}" if name else fields[0]
    return f"{name} {_join(fields)}" if name else _join(fields)


def _describe_contact_field(field: ConditionField, style: Style) -> str:
    name = canonical_name(field.name)
    owner = {"tagid": "tag", "listid": "list"}.get(name)
    if owner:
        return _describe_phrase(phrases.PHRASES[owner], [field], style)
    if name in phrases.CONTACT_DATES:
        return _describe_date(field, *phrases.CONTACT_DATES[name], style)
    return f"{_subject(field)} {predicate(field, style)}"


def _describe_date(field: ConditionField, participle: str, label: str, style: Style) -> str:
    words = predicate(field, style, is_date=True)
    if field.operator not in _DATED or (has_several(field) and not _is_range(field)):
        return f"{label} {words}"
    rest = words.removeprefix("is ")
    if rest.startswith("not "):
        return f"was not {participle} {rest.removeprefix('not ')}"
    return f"was {participle} {rest}"


def _is_range(field: ConditionField) -> bool:
    return field.operator in phrases.RANGE_OPERATORS


def _subject(field: ConditionField) -> str:
    """Return what a contact's field is called: ``first name``, ``custom field 41``, ``city``."""
    numbered = _NUMBERED.fullmatch(field.name or "")
    if numbered:
        label = "score" if numbered.group(1).casefold() == "score" else "custom field"
        return f"{label} {numbered.group(2)}"
    return phrases.CONTACT_FIELDS.get(canonical_name(field.name)) or field_label(field)


def _describe_numbered(label: str, fields: Sequence[ConditionField], style: Style) -> str:
    """Return words for a custom field or a score, whose number may be a field of its own."""
    number = next((each for each in fields if _is_number(each)), None) if len(fields) > 1 else None
    subject = f"{label} {value_text(number, style)}" if number else label
    parts = []
    for field in fields:
        if field is number:
            continue
        name = canonical_name(field.name)
        if _BARE_NUMBER.fullmatch(field.name or ""):
            own = f"{label} {field.name}"
        elif _NUMBERED.fullmatch(field.name or ""):
            own = _subject(field)
        else:
            own = subject if name in phrases.VALUE_NAMES else f"{subject} {field_label(field)}"
        parts.append(f"{own} {predicate(field, style)}")
    return _join(parts)


def _is_number(field: ConditionField) -> bool:
    return (
        canonical_name(field.name) in phrases.NUMBER_NAMES
        and field.operator in phrases.EQUAL
        and (field.external or _BARE_NUMBER.fullmatch(to_text(field.value) or "") is not None)
    )


def _describe_phrase(phrase: Phrase, fields: Sequence[ConditionField], style: Style) -> str:
    """Return words for an object that is named idiomatically."""
    key = _find(fields, phrase.keys)
    campaign = _find(fields, phrase.campaign_keys)
    if campaign and campaign.operator not in phrases.EQUAL | phrases.NOT_EQUAL:
        campaign = None
    if campaign and key and campaign.operator not in phrases.EQUAL:
        campaign = None
    clause = f"{phrase.has} any {phrase.noun}"
    relation = _describe_key(phrase, key, style) if key else None
    if relation:
        clause = relation
    elif key is None and campaign and campaign.operator in phrases.NOT_EQUAL:
        clause = f"{phrase.has_not} any {phrase.noun}"
    elif key is not None or len(fields) > (campaign is not None):
        clause = f"{phrase.has} {phrase.one}"
    if campaign:
        clause += f" in {_with_noun('campaign', 'the campaigns', campaign, style)}"
    used = [each for each in (campaign, key if relation else None) if each is not None]
    others = [
        f"{field_label(each)} {predicate(each, style)}"
        for each in fields
        if not any(each is one for one in used)
    ]
    if not others:
        return clause
    return f"{clause} {'whose' if len(others) == 1 and not relation else 'where'} {_join(others)}"


def _find(fields: Sequence[ConditionField], names: frozenset[str]) -> ConditionField | None:
    return next((each for each in fields if canonical_name(each.name) in names), None)


def _describe_key(phrase: Phrase, key: ConditionField, style: Style) -> str | None:
    """Return words for the id of an object; None if its operator compares it otherwise."""
    operator = key.operator
    values = _with_noun(phrase.name, phrase.several, key, style)
    without = f"{phrase.has_not} any {phrase.noun}"
    if operator == "empty" or (operator == "none" and not has_value(key)):
        return without
    if operator == "not empty" or (operator == "any" and not has_value(key)):
        return f"{phrase.has} any {phrase.noun}"
    several = phrase.several + " " + value_text(key, style)
    return {
        "=": f"{phrase.has} {values}",
        "is": f"{phrase.has} {values}",
        "is in any": f"{phrase.has} {values}",
        "any": f"{phrase.has} {values}",
        "!=": _negate(phrase, key, style),
        "is not": _negate(phrase, key, style),
        "none": _negate(phrase, key, style),
        "all": f"{phrase.has} all of {several}" if has_value(key) else None,
        "missing at least one": f"{_missing(phrase)} {several}",
        "empty|=": f"{phrase.has} {values} or no {phrase.noun} at all",
    }.get(operator)


def _missing(phrase: Phrase) -> str:
    return "is missing at least one of" if phrase.has == "has" else f"{phrase.has} not all of"


def _negate(phrase: Phrase, key: ConditionField, style: Style) -> str:
    if has_several(key):
        return f"{phrase.has} none of {phrase.several} {value_text(key, style)}"
    return f"{phrase.has_not} {phrase.name} {value_text(key, style)}"


def _with_noun(one: str, several: str, field: ConditionField, style: Style) -> str:
    value = value_text(field, style)
    return f"any of {several} {value}" if has_several(field) else f"{one} {value}"


def _join(parts: Sequence[str]) -> str:
    """Return what all has to hold, in parentheses if it is more than one thing."""
    return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"
