"""Contact ids in order: millions of them are counted and paged without being looked at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from heapq import merge
from itertools import accumulate, chain, islice
from operator import is_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


class ContactIds:
    """Distinct contact ids, ascending; never mutated. All are at least 0."""

    def __init__(
        self, ranges: Sequence[range], others: Sequence[int], missing: Collection[int] = ()
    ) -> None:
        """Wrap ids.

        Args:
            ranges: Disjoint and ascending, with step 1.
            others: Ascending, distinct, and in none of the ranges.
            missing: Ids that are left out of both.
        """
        self._ranges = ranges
        self._others = others
        self._stops = [each.stop for each in ranges]
        self._sizes = [0, *accumulate(map(len, ranges))]
        self._missing: list[int] = []
        self._missing = sorted(each for each in set(missing) if each in self)

    def __contains__(self, contact: int) -> bool:
        """Return whether the id is one of them."""
        index = bisect_right(self._stops, contact)
        is_in_range = index < len(self._ranges) and contact in self._ranges[index]
        return (is_in_range or _has(self._others, contact)) and not _has(self._missing, contact)

    def __iter__(self) -> Iterator[int]:
        """Iterate over all of them."""
        return self._iterate(0)

    def count(self, until: int) -> int:
        """Return how many are at most `until`."""
        index = bisect_right(self._stops, until)
        size = self._sizes[index]
        if index < len(self._ranges):
            size += max(0, until + 1 - self._ranges[index].start)
        return size + bisect_right(self._others, until) - bisect_right(self._missing, until)

    def get_page(self, first: int, end: int) -> list[int]:
        """Return those from index `first`, from 0, to before index `end`."""
        if first >= end:
            return []
        # The smallest id up to which there are more than `first`.
        lowest = bisect_right(range(self.highest + 1), first, key=self.count)
        return list(islice(self._iterate(lowest), end - first))

    @property
    def highest(self) -> int:
        """The highest id or a higher number, 0 without any."""
        return max((*self._stops[-1:], *self._others[-1:]), default=0)

    def _iterate(self, lowest: int) -> Iterator[int]:
        ranges = self._ranges[bisect_right(self._stops, lowest) :]
        clipped = (range(max(each.start, lowest), each.stop) for each in ranges)
        indexes = range(bisect_left(self._others, lowest), len(self._others))
        others = (self._others[index] for index in indexes)
        for contact in merge(chain.from_iterable(clipped), others):
            if not _has(self._missing, contact):
                yield contact


class ContactIndex:
    """The union of sequences of contact ids, kept while the sequences stay the same objects."""

    def __init__(self) -> None:
        """Create an empty index."""
        self._sequences: list[Sequence[int]] = []
        self._ranges: list[range] = []
        self._others: set[int] = set()
        self._deleted = 0
        self._ids = ContactIds((), ())

    def update(self, sequences: list[Sequence[int]], deleted: Collection[int]) -> ContactIds:
        """Return the ids in any of the sequences.

        Args:
            sequences: Tuples, lists and ranges, which are not mutated.
            deleted: Ids that are left out. They only become more.

        Returns:
            The same object as before if nothing has changed.
        """
        is_same = len(sequences) == len(self._sequences) and all(
            map(is_, sequences, self._sequences)
        )
        if is_same and len(deleted) == self._deleted:
            return self._ids
        known = {id(each) for each in self._sequences}
        if not known <= {id(each) for each in sequences}:
            known, self._ranges, self._others = set(), [], set()
        for sequence in sequences:
            if id(sequence) not in known:
                known.add(id(sequence))
                self._add(sequence)
        self._sequences, self._deleted = list(sequences), len(deleted)
        ranges = ContactIds(self._ranges, ())
        others = sorted(
            each for each in self._others if each >= 0 and not (self._ranges and each in ranges)
        )
        self._ids = ContactIds(self._ranges, others, deleted)
        return self._ids

    def _add(self, sequence: Sequence[int]) -> None:
        if isinstance(sequence, range) and sequence.step == 1:
            self._ranges = _join([*self._ranges, range(max(0, sequence.start), sequence.stop)])
        else:
            self._others.update(sequence)


def _join(ranges: list[range]) -> list[range]:
    """Return the same ids as disjoint, ascending ranges."""
    joined: list[range] = []
    for each in sorted(filter(len, ranges), key=lambda each: each.start):
        if joined and each.start <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, each.stop))
        else:
            joined.append(each)
    return joined


def _has(ids: Sequence[int], contact: int) -> bool:
    index = bisect_left(ids, contact)
    return index < len(ids) and ids[index] == contact
