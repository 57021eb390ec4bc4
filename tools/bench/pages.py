"""The results that the page server has ready: contact ids, rendered once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

PAGE_SIZE = 10_000
PERIOD = 201
"""Of so many contacts one is missing in each run, another one every time: 1 % churn."""


@dataclass(frozen=True)
class Result:
    """What two runs of a segment find, in turn.

    Attributes:
        total: How many contacts; a multiple of 200 for the churn to be exact.
    """

    total: int

    @cached_property
    def pages(self) -> tuple[list[bytes], list[bytes]]:
        """The ids page by page, for the first run and for the second."""
        return self._pages(1), self._pages(2)

    @property
    def last_page(self) -> int:
        """The number of pages."""
        return -(-self.total // PAGE_SIZE)

    def _pages(self, missing: int) -> list[bytes]:
        # Ids as an account has them: ascending, with gaps of no pattern. Of one size, so that
        # they are as easily compressed in a large segment as in a small one.
        ids = [
            100_000_000 + index * 3 + (index * 2_654_435_761 >> 9) % 3
            for index in range(self.total + self.total // (PERIOD - 1))
            if index % PERIOD != missing
        ]
        starts = range(0, len(ids), PAGE_SIZE)
        return [
            json.dumps(ids[start : start + PAGE_SIZE], separators=(",", ":")).encode()
            for start in starts
        ]
