"""The groups of a definition: which conditions and other groups each of them has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.conditions.values import (
    normalize,
    to_items,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Member:
    """What a group refers to.

    Attributes:
        id: The id that it names.
        condition: Index of the condition with that id.
        group: Index of the group with that id; None, like `condition`, if there is none.
    """

    id: str | None
    condition: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class Group:
    """Conditions joined by one operator.

    Attributes:
        id: Its id, made unique within the definition.
        operator: Joins the members: ``and``, ``or``, or what the API sent.
        members: What is in it.
    """

    id: str
    operator: str
    members: tuple[Member, ...]


def unique_ids(given: Sequence[str | None]) -> list[str]:
    """Return one id for each item, no two the same.

    An id that is given once is kept. The second item with an id ``7`` gets ``7#2``, the fifth item,
    if it has none, ``#5``.

    Example:
        >>> unique_ids(["7", "7", None])
        ['7', '7#2', '#3']
    """
    taken = {each for each in given if each}
    times: Counter[str] = Counter()
    ids = []
    for position, each in enumerate(given, 1):
        times[each or ""] += 1
        if each and times[each] == 1:
            ids.append(each)
            continue
        found = f"{each}#{times[each]}" if each else f"#{position}"
        while found in taken:
            found += "#"
        taken.add(found)
        ids.append(found)
    return ids


def parse_groups(raw: Sequence[Any], condition_ids: Sequence[str | None]) -> tuple[Group, ...]:
    """Return the groups, their members looked up.

    Args:
        raw: The groups as the API sent them.
        condition_ids: The id of each condition, None where it has none.
    """
    given = [to_text(each.get("id")) or None if isinstance(each, Mapping) else None for each in raw]
    finder = _Finder(condition_ids, given)
    return tuple(
        Group(
            id=group_id,
            operator=_operator(each),
            members=tuple(finder.find(member) for member in _members(each)),
        )
        for each, group_id in zip(raw, unique_ids(given), strict=True)
    )


def find_roots(groups: Sequence[Group]) -> tuple[int, ...]:
    """Return the indices of the groups that are in no other; of a cycle, its first group."""
    nested = {
        member.group
        for index, group in enumerate(groups)
        for member in group.members
        if member.group is not None and member.group != index
    }
    roots = [index for index in range(len(groups)) if index not in nested]
    seen = _reachable(groups, roots)
    for index in range(len(groups)):
        if index not in seen:
            roots.append(index)
            seen |= _reachable(groups, [index], seen)
    return tuple(roots)


def _reachable(groups: Sequence[Group], start: Iterable[int], seen: Iterable[int] = ()) -> set[int]:
    found = set(seen)
    pending = list(start)
    while pending:
        index = pending.pop()
        if index not in found:
            found.add(index)
            pending.extend(each.group for each in groups[index].members if each.group is not None)
    return found


def _operator(raw: Any) -> str:
    return normalize(to_text(raw.get("operator"))) if isinstance(raw, Mapping) else ""


def _members(raw: Any) -> list[Any]:
    return to_items(raw.get("values")) if isinstance(raw, Mapping) else [raw]


class _Finder:
    """Looks up what a group refers to. Of several conditions with one id each is found once."""

    def __init__(
        self, condition_ids: Sequence[str | None], group_ids: Sequence[str | None]
    ) -> None:
        self._conditions: dict[str, list[int]] = defaultdict(list)
        for index, each in reversed(list(enumerate(condition_ids))):
            if each:
                self._conditions[each].append(index)
        self._groups: dict[str, int] = {}
        for index, each in enumerate(group_ids):
            if each:
                self._groups.setdefault(each, index)

    def find(self, raw: Any) -> Member:
        """Return a member of a group."""
        is_object = isinstance(raw, Mapping)
        found = to_text(raw.get("id") if is_object else raw)
        kind = to_text(raw.get("type")) if is_object else None
        if found is None:
            return Member(None)
        group = self._groups.get(found)
        if kind == "condition" or (kind is None and found in self._conditions) or group is None:
            return Member(found, condition=self._next(found))
        return Member(found, group=group)

    def _next(self, condition_id: str) -> int | None:
        indices = self._conditions.get(condition_id)
        if not indices:
            return None
        return indices.pop() if len(indices) > 1 else indices[0]
