"""What differs between two versions of a definition, in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.conditions import phrases
from tap_activecampaign_segments.activecampaign.conditions.aggregates import describe_aggregate
from tap_activecampaign_segments.activecampaign.conditions.clauses import (
    canonical_name,
    describe_condition,
)
from tap_activecampaign_segments.activecampaign.conditions.matching import Match
from tap_activecampaign_segments.activecampaign.conditions.values import quote, to_label, to_text
from tap_activecampaign_segments.activecampaign.conditions.wording import (
    SHORT,
    join,
    one_value,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_activecampaign_segments.activecampaign.conditions.fields import ConditionField
    from tap_activecampaign_segments.activecampaign.conditions.groups import Group
    from tap_activecampaign_segments.activecampaign.conditions.model import Condition

NO_CHANGE = "no condition changed"
_CUSTOM = re.compile(r"(custom)?field\d")
_IDENTITY_TEXT = re.compile(r"@|%40|\+\d[\d ()./-]{5,}|\d{7}")
_MAX_NAMED = 10
"""Maximum number of conditions that are described of those added, of those removed, and so on."""


def describe_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what differs between two versions, in short form and on one line.

    Ids and the order of conditions and groups say nothing: a condition is recognised by its hash or
    its content. Long values are cut, and of many conditions that were added or removed the first
    ten are described.

    Example:
        >>> tag = {"id": "1", "object_type": "tag", "source_system": "activecampaign"}
        >>> old = {**tag, "fields": [{"name": "tagid", "operator": "=", "value": "14"}]}
        >>> new = {**tag, "fields": [{"name": "tagid", "operator": "=", "value": "15"}]}
        >>> describe_changes({"segment_conditions": [old]}, {"segment_conditions": [new]})
        'changed: has the tag 14 -> has the tag 15'
        >>> describe_changes({"segment_conditions": [old]}, {"segment_conditions": [old]})
        'no condition changed'

    Args:
        before: The row of `segment_definitions` before it.
        after: The row of the version.
    """
    match = Match.of(before, after)
    clauses = [
        *_texts(before, after),
        *_operators(match),
        *_changed(match),
        *_listed("added", [match.after.conditions[index] for index in match.added]),
        *_listed("removed", [match.before.conditions[index] for index in match.removed]),
        *_moved(match),
    ]
    return "; ".join(clauses) or NO_CHANGE


def quotes_identity(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether the words for a change may quote an e-mail address, a phone number or a name.

    Example:
        >>> fields = [{"name": "email", "operator": "contains", "value": "example.com"}]
        >>> quotes_identity({}, {"segment_conditions": [{"fields": fields}]})
        True
        >>> quotes_identity({}, {"name": "VIP"})
        False
    """
    match = Match.of(before, after)
    old = [*match.removed, *(pair[0] for pair in (*match.changed, *_moved_pairs(match)))]
    new = [*match.added, *(pair[1] for pair in match.changed)]
    conditions = [match.before.conditions[index] for index in old]
    conditions += [match.after.conditions[index] for index in new]
    if any(_is_about_identity(each) for each in conditions):
        return True
    texts = [describe_changes(before, after), *(each.content for each in conditions)]
    return any(_IDENTITY_TEXT.search(each) for each in texts)


def _is_about_identity(condition: Condition) -> bool:
    fields = list(condition.fields)
    if condition.aggregate and condition.aggregate.most_recent:
        fields.append(condition.aggregate.most_recent)
    names = [canonical_name(each.name) for each in fields]
    kind = canonical_name(condition.object_type)
    is_custom = kind in phrases.CUSTOM_FIELD or any(_CUSTOM.match(each) for each in names)
    if is_custom and '"' in describe_condition(condition):
        # Nobody knows what is in it.
        return True
    names.append(kind)
    return any(
        name in phrases.IDENTITY_NAMES or any(part in name for part in phrases.IDENTITY_PARTS)
        for name in names
    )


def _texts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Describe changes of the name and the description."""
    old, new = (to_text(each.get("name")) or "" for each in (before, after))
    if old != new:
        names = (quote(each, SHORT.max_text) if each else "none" for each in (old, new))
        yield f"name changed from {' to '.join(names)}"
    old, new = (to_text(each.get("description")) or "" for each in (before, after))
    if old != new:
        yield f"description {'changed' if old and new else 'added' if new else 'removed'}"


def _operators(match: Match) -> Iterator[str]:
    """Describe changes of what joins groups, and the conditions in each of them."""
    old, new = match.before.operator, match.after.operator
    if old != new:
        yield f"groups are now joined by {_operator(new)} instead of {_operator(old)}"
    parents = _parents(match.before.groups), _parents(match.after.groups)
    is_only = len(match.before.groups) == len(match.after.groups) == 1
    for i, j in sorted(match.groups.items(), key=lambda pair: pair[1]):
        group, operator = match.after.groups[j], match.before.groups[i].operator
        name = "the conditions" if is_only else f"the conditions of group {to_label(group.id)}"
        if group.operator != operator:
            new, old = _operator(group.operator), _operator(operator)
            yield f"{name} are now joined by {new} instead of {old}"
        parent = parents[0].get(i)
        if (None if parent is None else match.groups.get(parent)) != parents[1].get(j):
            yield f"group {to_label(group.id)} moved in or out of another group"
    known = set(match.groups.values())
    for index, group in enumerate(match.after.groups):
        if index not in known and len(group.members) > 1:
            name, operator = to_label(group.id), _operator(group.operator)
            yield f"group {name} is new, its conditions joined by {operator}"


def _operator(operator: str) -> str:
    if not operator:
        return "no operator"
    return operator if operator in {"and", "or"} else quote(operator, SHORT.max_text)


def _parents(groups: Sequence[Group]) -> dict[int, int]:
    return {
        member.group: index
        for index, group in enumerate(groups)
        for member in group.members
        if member.group is not None
    }


def _changed(match: Match) -> Iterator[str]:
    texts = []
    for old, new in match.changed:
        text = _describe_change(match.before.conditions[old], match.after.conditions[new])
        texts.append(f"{text} (moved to another group)" if match.is_moved(old, new) else text)
    yield from _capped("changed", texts)


def _describe_change(before: Condition, after: Condition) -> str:
    old, new = (describe_condition(each, SHORT) for each in (before, after))
    difference = _list_difference(before, after)
    if difference:
        return f"{new} ({difference})"
    return f"{new} (in details that are not shown)" if old == new else f"{old} -> {new}"


def _list_difference(before: Condition, after: Condition) -> str | None:
    """Return which values were added and removed, if a long list is all that differs."""
    pairs = list(zip(before.fields, after.fields, strict=False))
    if len(before.fields) != len(after.fields) or _how_often(before) != _how_often(after):
        return None
    different = [pair for pair in pairs if _comparable(pair[0]) != _comparable(pair[1])]
    if len(different) != 1:
        return None
    old, new = ([one_value(each, SHORT) for each in values_of(field)] for field in different[0])
    is_long = max(len(old), len(new)) > (SHORT.max_items or 0)
    names = {(each.name, each.operator, each.external) for each in different[0]}
    if not is_long or len(names) != 1 or different[0][0].external:
        return None
    added, removed = _without(new, set(old)), _without(old, set(new))
    parts = [
        f"{word}: {join(values, SHORT)}"
        for word, values in (("values added", added), ("values removed", removed))
        if values
    ]
    return ", ".join(parts) or None


def _how_often(condition: Condition) -> str:
    return describe_aggregate(condition.aggregate) if condition.aggregate else ""


def _without(values: Sequence[str], others: set[str]) -> list[str]:
    return [each for each in values if each not in others]


def _comparable(field: ConditionField) -> Any:
    value = to_text(field.value)
    return (field.name, field.operator, value, field.data_type, field.external)


def _listed(word: str, conditions: Sequence[Condition]) -> Iterator[str]:
    yield from _capped(word, [describe_condition(each, SHORT) for each in conditions])


def _moved_pairs(match: Match) -> list[tuple[int, int]]:
    return [pair for pair in match.kept if match.is_moved(*pair)]


def _moved(match: Match) -> Iterator[str]:
    conditions = [match.before.conditions[old] for old, _ in _moved_pairs(match)]
    yield from _listed("moved to another group", conditions)


def _capped(word: str, texts: Sequence[str]) -> Iterator[str]:
    yield from (f"{word}: {each}" for each in texts[:_MAX_NAMED])
    hidden = len(texts) - _MAX_NAMED
    if hidden > 0:
        yield f"{word}: {hidden} more {'condition' if hidden == 1 else 'conditions'}"
