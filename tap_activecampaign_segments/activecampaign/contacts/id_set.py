"""A compact set of contact ids."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BITS = 64


class ContactIdSet:
    """A set of contact ids: millions of neighbours take a few bytes each.

    Example:
        >>> ids = ContactIdSet()
        >>> ids.update([3, 5])
        >>> 3 in ids, 4 in ids
        (True, False)
    """

    def __init__(self) -> None:
        """Create an empty set."""
        self._masks: defaultdict[int, int] = defaultdict(int)

    def __contains__(self, contact_id: int) -> bool:
        """Return whether an id is in the set."""
        return bool(self._masks.get(contact_id // BITS, 0) >> contact_id % BITS & 1)

    def update(self, ids: Iterable[int]) -> None:
        """Add ids."""
        for each in ids:
            self._masks[each // BITS] |= 1 << each % BITS

    def difference_update(self, ids: Iterable[int]) -> None:
        """Remove ids, present or not."""
        for each in ids:
            self._masks[each // BITS] &= ~(1 << each % BITS)
