"""A whole definition as one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_activecampaign_segments.activecampaign.conditions.clauses import describe_condition
from tap_activecampaign_segments.activecampaign.conditions.model import Logic
from tap_activecampaign_segments.activecampaign.conditions.values import quote, to_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_activecampaign_segments.activecampaign.conditions.groups import Member

NO_CONDITIONS = "the definition has no conditions"
_JOINING = {"and", "or"}
_MAX_DEPTH = 50
"""Levels of groups within groups that are described."""


def describe_definition(version: Mapping[str, Any]) -> str:
    """Return the whole definition as one sentence, on one line.

    Tags, lists and campaigns are named by their ids. Groups are in parentheses where another
    operator joins them. What is not known to the vocabulary is described as
    ``object.field operator value``.

    Example:
        >>> describe_definition(
        ...     {
        ...         "segment_condition_group_operator": "and",
        ...         "segment_condition_groups": [
        ...             {"id": "1", "operator": "or", "values": [{"id": "1", "type": "condition"}]},
        ...         ],
        ...         "segment_conditions": [
        ...             {
        ...                 "id": "1",
        ...                 "object_type": "tag",
        ...                 "source_system": "activecampaign",
        ...                 "fields": [{"name": "tagid", "operator": "=", "value": "14"}],
        ...             },
        ...         ],
        ...     }
        ... )
        'has the tag 14'

    Args:
        version: A row of `segment_definitions`; any value may be missing or odd.
    """
    return _Writer(Logic.from_version(version)).write()


class _Part(NamedTuple):
    """A part of the sentence.

    Attributes:
        text: Its words.
        joined_by: The operator that joins what is in it, None if it is one thing.
    """

    text: str
    joined_by: str | None = None


class _Writer:
    def __init__(self, logic: Logic) -> None:
        self._logic = logic
        self._written: set[int] = set()
        self._open: set[int] = set()

    def write(self) -> str:
        logic = self._logic
        parts = [self._group(index) for index in logic.roots]
        note = " (in no group)" if logic.groups else ""
        parts += [
            _Part(describe_condition(condition) + note)
            for index, condition in enumerate(logic.conditions)
            if index not in logic.placement
        ]
        joined = _joined([each for each in parts if each], logic.operator)
        return joined.text if joined else NO_CONDITIONS

    def _group(self, index: int, depth: int = 0) -> _Part | None:
        """Return a group, None if it is empty or being written: a cycle. Each is written once."""
        group = self._logic.groups[index]
        if index in self._open:
            return None
        if index in self._written:
            return _Part(f"the conditions of group {to_label(group.id)} as above")
        if depth >= _MAX_DEPTH:
            return _Part(f"group {to_label(group.id)} (nested too deeply)")
        self._written.add(index)
        self._open.add(index)
        parts = [self._member(each, depth) for each in group.members]
        self._open.remove(index)
        return _joined([each for each in parts if each], group.operator)

    def _member(self, member: Member, depth: int) -> _Part | None:
        if member.condition is not None:
            return _Part(describe_condition(self._logic.conditions[member.condition]))
        if member.group is not None:
            return self._group(member.group, depth + 1)
        if member.id is None:
            return None
        return _Part(f"condition {to_label(member.id)} (not in the definition)")


def _joined(parts: Sequence[_Part], operator: str) -> _Part | None:
    """Return parts joined by an operator, those that another operator joins in parentheses."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    texts = [
        each.text
        if each.joined_by is None or (each.joined_by == operator and operator in _JOINING)
        else f"({each.text})"
        for each in parts
    ]
    if operator in _JOINING:
        return _Part(f" {operator} ".join(texts), operator)
    word = f"joined by {quote(operator)}" if operator else "joined by an operator not given"
    return _Part(f" ({word}) ".join(texts), operator)
