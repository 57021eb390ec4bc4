"""Compressed pages of contact ids, for millions of them."""

from __future__ import annotations

import sys
import zlib
from array import array
from hashlib import blake2b
from itertools import chain
from operator import gt, sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class ContactIds:
    """Pages of contact ids, in the order in which they were appended.

    A page is kept as the compressed differences between its ids: about one byte an id if they
    ascend.

    Example:
        >>> ids = ContactIds()
        >>> ids.append([3, 5, 8])
        >>> len(ids), list(ids)
        (3, [[3, 5, 8]])
    """

    def __init__(self) -> None:
        """Start without pages."""
        self._pages: list[bytes] = []
        self._last: int | None = None
        self._count = 0
        self._ascends = True
        self._digest: str | None = None

    def __len__(self) -> int:
        """Return the number of ids, duplicates included."""
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the pages."""
        for page in self._pages:
            differences = array("q", zlib.decompress(page))
            ids, last = [], 0
            for difference in differences:
                last += difference
                ids.append(last)
            yield ids

    def append(self, ids: Sequence[int]) -> None:
        """Append a page.

        Args:
            ids: At least one id, each from 0 to 2^63 - 1.
        """
        before = self._last if self._last is not None else -1
        self._ascends = self._ascends and all(map(gt, ids, chain((before,), ids)))
        self._last = ids[-1]
        self._digest = None
        self._count += len(ids)
        self._pages.append(zlib.compress(array("q", map(sub, ids, chain((0,), ids))), 1))

    @property
    def ascends(self) -> bool:
        """Whether each id is greater than the one before."""
        return self._ascends

    @property
    def has_duplicates(self) -> bool:
        """Whether an id occurs more than once."""
        return not self._ascends and len(set(chain.from_iterable(self))) < self._count

    @property
    def digest(self) -> str:
        """BLAKE2b digest of the sorted ids: 16 bytes as hexadecimal digits.

        It does not depend on the order or on the pages, so it identifies the set of contacts.
        """
        # Kept, because the main thread needs it again after the background thread.
        if self._digest is None:
            self._digest = self._compute_digest()
        return self._digest

    def _compute_digest(self) -> str:
        pages = self if self._ascends else [sorted(chain.from_iterable(self))]
        digest = blake2b(digest_size=16)
        for page in pages:
            numbers = array("q", page)
            if sys.byteorder == "big":
                numbers.byteswap()
            digest.update(numbers)
        return digest.hexdigest()
