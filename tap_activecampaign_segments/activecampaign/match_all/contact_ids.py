"""Contact ids by the million, in order and in little memory."""

from __future__ import annotations

import math
import sys
import zlib
from array import array
from hashlib import blake2b
from itertools import chain
from operator import gt, sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Roster:
    """Pages of contact ids in the order in which they came.

    What is kept of a page are the compressed distances between its ids: about a byte an id where
    they ascend.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._pages: list[bytes] = []
        self._last: int | None = None
        self._count = 0
        self._ascends = True
        self._digest: str | None = None

    def __len__(self) -> int:
        """Return how many ids there are, repeated ones included."""
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        """Give the pages again."""
        for page in self._pages:
            distances = array("q", zlib.decompress(page))
            ids, last = [], 0
            for distance in distances:
                last += distance
                ids.append(last)
            yield ids

    def append(self, ids: Sequence[int]) -> None:
        """Add a page.

        Args:
            ids: At least one id, each below 2^63.
        """
        before = self._last if self._last is not None else -1
        self._ascends = self._ascends and all(map(gt, ids, chain((before,), ids)))
        self._last = ids[-1]
        self._digest = None
        self._count += len(ids)
        self._pages.append(zlib.compress(array("q", map(sub, ids, chain((0,), ids))), 1))

    @property
    def has_repetitions(self) -> bool:
        """Whether an id stands in it twice."""
        return not self._ascends and len(set(chain.from_iterable(self))) < self._count

    @property
    def digest(self) -> str:
        """16 bytes, as hexadecimal digits, that stand for the ids in whatever order they came."""
        # Asked for beside the main thread, and once more by it.
        if self._digest is None:
            self._digest = self._digested()
        return self._digest

    def _digested(self) -> str:
        pages = self if self._ascends else [sorted(chain.from_iterable(self))]
        digest = blake2b(digest_size=16)
        for page in pages:
            numbers = array("q", page)
            if sys.byteorder == "big":
                numbers.byteswap()
            digest.update(numbers)
        return digest.hexdigest()


def difference(previous: Roster, new: Roster) -> tuple[list[int], list[int]]:
    """Return who joined and who left between two rosters, each ascending.

    Both are walked at the same pace by their ids, so that what waits for its counterpart stays
    small where both ascend; in any other order the answer is the same, at the price of memory.
    """
    left, joined = _Unmatched(previous), _Unmatched(new)
    while min(left.reached, joined.reached) < math.inf:
        behind, ahead = sorted((left, joined), key=lambda side: side.reached)
        page = behind.next_page()
        matched = page & ahead.ids
        ahead.ids -= matched
        behind.ids |= page - matched
    return sorted(joined.ids), sorted(left.ids)


class _Unmatched:
    """The ids of one roster, as far as it was walked, that the other has not shown yet."""

    def __init__(self, roster: Roster) -> None:
        self.ids: set[int] = set()
        self.reached: float = -1
        self._pages = iter(roster)

    def next_page(self) -> set[int]:
        page = next(self._pages, None)
        self.reached = math.inf if page is None else page[-1]
        return set(page or ())
