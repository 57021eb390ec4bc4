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
    from collections.abc import Callable, Mapping, Sequence

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
        return self._old_place(old) != self.after.placement.get(new, UNGROUPED)

    def _old_place(self, old: int) -> int:
        return _place(self.before, self.groups, old)


def _place(before: Logic, groups: Mapping[int, int], index: int) -> int:
    """Return the later version's group for a condition of the earlier one."""
    group = before.placement.get(index)
    return UNGROUPED if group is None else groups.get(group, UNMATCHED)


def _match(before: Logic, after: Logic) -> Match:
    old_keys, new_keys = _keys(before.conditions, after.conditions)
    groups = _match_groups(before, after, old_keys, new_keys)
    pairing = _Pairing(len(before.conditions), len(after.conditions))

    def same(old: Callable[[int], Any], new: Callable[[int], Any], *, placed: bool) -> None:
        def old_key(index: int) -> Any:
            return (old(index), _place(before, groups, index) if placed else None)

        def new_key(index: int) -> Any:
            place = after.placement.get(index, UNGROUPED) if placed else None
            return (new(index), place)

        pairing.pair(old_key, new_key)

    for placed in (True, False):
        same(old_keys.__getitem__, new_keys.__getitem__, placed=placed)
    kept = pairing.take()
    identical = [
        (old, new)
        for old, new in kept
        if before.conditions[old].content == after.conditions[new].content
    ]
    for old_id, shape, placed in _CRITERIA:
        same(
            lambda index, i=old_id, s=shape: _trait(before.conditions[index], i, s),  # type: ignore[misc]
            lambda index, i=old_id, s=shape: _trait(after.conditions[index], i, s),  # type: ignore[misc]
            placed=placed,
        )
    changed = pairing.take() + [each for each in kept if each not in set(identical)]
    return Match(
        before,
        after,
        tuple(identical),
        tuple(sorted(changed, key=lambda pair: pair[1])),
        tuple(pairing.old),
        tuple(pairing.new),
        groups,
    )


_CRITERIA = (
    (True, True, True),
    (False, True, True),
    (True, True, False),
    (False, True, False),
    (True, False, True),
)
"""What a condition and its change have in common, best first: id, names, group."""


def _trait(condition: Condition, by_id: bool, by_shape: bool) -> Any:  # noqa: FBT001
    return (condition.id if by_id else None, _shape(condition) if by_shape else None)


def _shape(condition: Condition) -> Any:
    names = tuple(sorted(each.name or "" for each in condition.fields))
    return (condition.source_system, condition.object_type, names)


class _Pairing:
    """Pairs what has equal keys, in order, and keeps what is left."""

    def __init__(self, old: int, new: int) -> None:
        self.old = list(range(old))
        self.new = list(range(new))
        self._pairs: list[tuple[int, int]] = []

    def pair(self, old_key: Callable[[int], Any], new_key: Callable[[int], Any]) -> None:
        waiting: dict[Any, deque[int]] = defaultdict(deque)
        for index in self.new:
            waiting[new_key(index)].append(index)
        left = []
        for index in self.old:
            found = waiting.get(old_key(index))
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
    """Return pairs of groups, those with the most conditions in common first."""
    old = _traits(before, old_keys)
    new = _traits(after, new_keys)
    candidates = []
    for i, (old_id, old_contents, old_shapes) in enumerate(old):
        for j, (new_id, new_contents, new_shapes) in enumerate(new):
            contents = (old_contents & new_contents).total()
            shapes = (old_shapes & new_shapes).total()
            if contents or shapes or old_id == new_id:
                score = (-contents, -shapes, old_id != new_id, abs(i - j))
                candidates.append((score, i, j))
    groups: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(candidates):
        if i not in groups and j not in taken:
            groups[i] = j
            taken.add(j)
    return groups


def _traits(logic: Logic, keys: Sequence[str]) -> list[tuple[str, Counter[Any], Counter[Any]]]:
    """Return the id of each group, and the contents and shapes of its conditions."""
    traits = []
    for group in logic.groups:
        indices = [each.condition for each in group.members if each.condition is not None]
        contents = Counter(keys[index] for index in indices)
        shapes = Counter(_shape(logic.conditions[index]) for index in indices)
        traits.append((group.id, contents, shapes))
    return traits
