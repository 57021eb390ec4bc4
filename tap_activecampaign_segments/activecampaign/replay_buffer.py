"""Replay buffer: batches that arrive newest first, replayed oldest first.

The API pages a history backwards, but Singer records are emitted in ascending order of the
replication key. A history may have tens of thousands of rows, so batches are kept compressed.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ReplayBuffer:
    """Rows in ascending order, buffered from batches in descending order.

    Can be iterated repeatedly. Takes about a tenth of the memory of the plain rows.

    Example:
        >>> [row["id"] for row in ReplayBuffer([[{"id": 2}, {"id": 3}], [{"id": 1}]])]
        [1, 2, 3]
    """

    def __init__(self, batches: Iterable[list[dict[str, Any]]]) -> None:
        """Consume all batches.

        Args:
            batches: Newest batch first; the rows within a batch are ascending.
        """
        self._batches = [zlib.compress(msgspec.json.encode(rows), 1) for rows in batches]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, oldest first."""
        for batch in reversed(self._batches):
            yield from msgspec.json.decode(zlib.decompress(batch))
