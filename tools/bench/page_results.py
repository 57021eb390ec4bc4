"""Results that the page server keeps ready: contact ids, encoded once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

PAGE_SIZE = 10_000
PERIOD = 201
"""One contact in this many is missing, a different one in each of the two runs: 1 % churn."""


@dataclass(frozen=True)
class PageResult:
    """Two alternating results of a segment.

    Attributes:
        total: Number of contacts; a multiple of 200 for exact churn.
    """

    total: int

    @cached_property
    def pages(self) -> tuple[list[bytes], list[bytes]]:
        """Contact ids as JSON arrays, page by page, of the first and of the second run."""
        return self._encode_pages(1), self._encode_pages(2)

    @property
    def last_page(self) -> int:
        """Number of pages."""
        return -(-self.total // PAGE_SIZE)

    def _encode_pages(self, missing: int) -> list[bytes]:
        # Like real ids, they ascend with irregular gaps. They have the same number of digits, so
        # that ids of a large segment compress as well as those of a small one.
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
