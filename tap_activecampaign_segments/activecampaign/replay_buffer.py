"""A segment's past: rows by the ten thousand, in little memory."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Past:
    """Rows in order of time, which came in batches from the newest to the oldest.

    What is kept of a batch is compressed: about a tenth of what its rows would take.
    """

    def __init__(self, batches: Iterable[list[dict[str, Any]]]) -> None:
        """Take all batches.

        Args:
            batches: The newest first, each with its oldest row first.
        """
        self._batches = [zlib.compress(msgspec.json.encode(rows), 1) for rows in batches]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the rows, oldest first."""
        for batch in reversed(self._batches):
            yield from msgspec.json.decode(zlib.decompress(batch))
