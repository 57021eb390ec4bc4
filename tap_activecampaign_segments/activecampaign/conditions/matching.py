"""Which conditions and groups of two versions are the same ones.

Neither ids nor positions are kept between versions: conditions are recognised by their hash or
content, groups by the conditions in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.conditions.model import Logic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_activecampaign_segments.activecampaign.conditions.model import Condition

UNGROUPED = -1
UNMATCHED = -2


@dataclass(frozen=True)
class Match:
    """How the conditions of two versions correspond, by indices.

    Attributes:
        before: The earlier version.
        after: The later one.
        kept: Pairs of a condition and itself.
        changed: Pairs of a condition and what it became.
        removed: Conditions that only the earlier version has.
        added: Conditions that only the later version has.
        groups: The group of the later version for each group of the earlier one that is in both.
    """

    before: Logic
    after: Logic
    kept: tuple[tuple[int, int], ...]
    changed: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]
    groups: Mapping[int, int]

    @classmethod
    def of(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> Match:
        """Return how two rows of `segment_definitions` correspond."""
        return _match(Logic.from_version(before), Logic.from_version(after))

    def is_moved(self, old: int, new: int) -> bool:
        """Tell whether a condition is in another group than before."""
        old_place = _place(self.before, self.groups, old)
        return old_place != self.after.placement.get(new, UNGROUPED)


def _place(before: Logic, groups: Mapping[int, int], index: int) -> int:
    """Return the later version's group for a condition of the earlier one."""
    group = before.placement.get(index)
    return UNGROUPED if group is None else groups.get(group, UNMATCHED)


def _match(before: Logic, after: Logic) -> Match:
    old_keys, new_keys = _keys(before.conditions, after.conditions)
    groups = _match_groups(before, after, old_keys, new_keys)
    places = (
        [_place(before, groups, index) for index in range(len(before.conditions))],
        [after.placement.get(index, UNGROUPED) for index in range(len(after.conditions))],
    )
    pairing = _Pairing(len(before.conditions), len(after.conditions))
    for has_place in (True, False):
        pairing.pair(*_with_places((old_keys, new_keys), places if has_place else None))
    same = pairing.take()
    # The hash does not tell everything: the content may differ all the same.
    kept = [each for each in same if _is_equal(before.conditions[each[0]], after, each[1])]
    differing = set(same) - set(kept)
    for has_id, has_shape, has_place in _CRITERIA:
        traits = tuple(
            [_trait(each, has_id=has_id, has_shape=has_shape) for each in logic.conditions]
            for logic in (before, after)
        )
        pairing.pair(*_with_places(traits, places if has_place else None))
    changed = sorted([*pairing.take(), *differing], key=lambda pair: pair[1])
    removed, added = tuple(pairing.old), tuple(pairing.new)
    return Match(before, after, tuple(kept), tuple(changed), removed, added, groups)


_CRITERIA = (
    (True, True, True),
    (False, True, True),
    (True, True, False),
    (False, True, False),
    (True, False, True),
)
"""What a condition and its change have in common, best first: id, names, group."""


def _is_equal(old: Condition, after: Logic, new: int) -> bool:
    return old.content == after.conditions[new].content


def _with_places(
    traits: Sequence[Sequence[Any]], places: Sequence[Sequence[int]] | None
) -> tuple[list[Any], list[Any]]:
    """Return the traits of the conditions of both versions, with their groups if given."""
    old, new = (list(each) for each in traits)
    if places is None:
        return old, new
    return list(zip(old, places[0], strict=True)), list(zip(new, places[1], strict=True))


def _trait(condition: Condition, *, has_id: bool, has_shape: bool) -> Any:
    return (condition.id if has_id else None, _shape(condition) if has_shape else None)


def _shape(condition: Condition) -> Any:
    names = tuple(sorted(each.name or "" for each in condition.fields))
    return (condition.source_system, condition.object_type, names)


class _Pairing:
    """Pairs what has equal keys, in order, and keeps what is left."""

    def __init__(self, old: int, new: int) -> None:
        self.old = list(range(old))
        self.new = list(range(new))
        self._pairs: list[tuple[int, int]] = []

    def pair(self, old_keys: Sequence[Any], new_keys: Sequence[Any]) -> None:
        """Pair indices whose keys are equal."""
        waiting: dict[Any, deque[int]] = defaultdict(deque)
        for index in self.new:
            waiting[new_keys[index]].append(index)
        left = []
        for index in self.old:
            found = waiting.get(old_keys[index])
            if found:
                self._pairs.append((index, found.popleft()))
            else:
                left.append(index)
        self.old = left
        self.new = sorted(index for each in waiting.values() for index in each)

    def take(self) -> list[tuple[int, int]]:
        """Return the pairs since the last call."""
        pairs, self._pairs = self._pairs, []
        return pairs


def _keys(before: Sequence[Condition], after: Sequence[Condition]) -> tuple[list[str], list[str]]:
    """Return what is equal for the same condition in both versions.

    It is the content; for a condition of the later version the earlier one's content, if the two
    have the same hash and no other content has it.
    """
    contents: dict[str, set[str]] = defaultdict(set)
    later: dict[str, set[str]] = defaultdict(set)
    for found, conditions in ((contents, before), (later, after)):
        for each in conditions:
            if each.hash:
                found[each.hash].add(each.content)
    known = {each.content for each in before}
    new = []
    for each in after:
        same = contents.get(each.hash or "", set())
        is_clear = len(same) == 1 and len(later[each.hash or ""]) == 1
        new.append(min(same) if is_clear and each.content not in known else each.content)
    return [each.content for each in before], new


def _match_groups(
    before: Logic, after: Logic, old_keys: Sequence[str], new_keys: Sequence[str]
) -> dict[int, int]:
    """Return pairs of groups: those with the most conditions in common, then of the same id."""
    old, new = _traits(before, old_keys), _traits(after, new_keys)
    having: dict[str, list[int]] = defaultdict(list)
    for j, each in enumerate(new):
        for key in each.contents:
            having[key].append(j)
    shared = {(i, j) for i, each in enumerate(old) for key in each.contents for j in having[key]}
    groups: dict[int, int] = {}
    _choose(groups, old, new, shared)
    ids = {each.id: j for j, each in enumerate(new)}
    _choose(groups, old, new, ((i, ids[each.id]) for i, each in enumerate(old) if each.id in ids))
    left = set(range(len(new))) - set(groups.values())
    _choose(groups, old, new, ((i, j) for i in range(len(old)) if i not in groups for j in left))
    return groups


def _choose(
    groups: dict[int, int],
    old: Sequence[_Traits],
    new: Sequence[_Traits],
    candidates: Iterable[tuple[int, int]],
) -> None:
    """Add the best of the candidates whose groups have no counterpart yet."""
    taken = set(groups.values())
    scores = []
    for i, j in candidates:
        if i not in groups and j not in taken:
            contents = (old[i].contents & new[j].contents).total()
            shapes = (old[i].shapes & new[j].shapes).total()
            is_same = old[i].id == new[j].id
            if contents or shapes or is_same:
                scores.append(((-contents, not is_same, -shapes, abs(i - j)), i, j))
    for _, i, j in sorted(scores):
        if i not in groups and j not in taken:
            groups[i] = j
            taken.add(j)


@dataclass(frozen=True)
class _Traits:
    """What a group is recognised by: its id, and the contents and shapes of its conditions."""

    id: str
    contents: Counter[str]
    shapes: Counter[Any]


def _traits(logic: Logic, keys: Sequence[str]) -> list[_Traits]:
    traits = []
    for group in logic.groups:
        indices = [each.condition for each in group.members if each.condition is not None]
        contents = Counter(keys[index] for index in indices)
        shapes = Counter(_shape(logic.conditions[index]) for index in indices)
        traits.append(_Traits(group.id, contents, shapes))
    return traits
