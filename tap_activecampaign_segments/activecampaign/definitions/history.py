"""The versions of a segment's definition for several streams, each requested once."""

from __future__ import annotations

import zlib
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_activecampaign_segments import timestamps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


class Versions(NamedTuple):
    """Versions of a definition.

    Attributes:
        found: The versions, oldest first.
        previous: The one before them; None if there is none, or it was not needed.
    """

    found: list[dict[str, Any]]
    previous: dict[str, Any] | None


class DefinitionHistory:
    """The versions of one segment's definition. Thread-safe.

    Example:
        >>> history = DefinitionHistory(iter([{"created_date": "2026-01-31T04:00:00.000000Z"}]))
        >>> history.read(None, with_previous=False).found
        [{'created_date': '2026-01-31T04:00:00.000000Z'}]
    """

    def __init__(self, versions: Iterator[dict[str, Any]]) -> None:
        """Create the history.

        Args:
            versions: Newest first; see `walk_back`. Consumed as far as it is needed.
        """
        self._versions = versions
        self._known: list[bytes] = []
        self._error: Exception | None = None
        self._lock = Lock()

    def read(self, since: datetime | None, *, with_previous: bool) -> Versions:
        """Return versions.

        Args:
            since: The version in force at this instant is the oldest one returned; None for all.
            with_previous: Whether the version before them is needed.

        Raises:
            TapError: A version could not be read.
        """
        found: list[dict[str, Any]] = []
        while not found or since is None or timestamps.parse(found[-1]["created_date"]) > since:
            version = self._get(len(found))
            if version is None:
                return Versions(found[::-1], None)
            found.append(version)
        return Versions(found[::-1], self._get(len(found)) if with_previous else None)

    def _get(self, place: int) -> dict[str, Any] | None:
        """Return a version, the newest one at place 0; None if there are not that many."""
        with self._lock:
            while len(self._known) <= place:
                if self._error:
                    raise self._error
                try:
                    version = next(self._versions, None)
                except Exception as error:
                    # The other stream fails alike, without the same requests again.
                    self._error = error
                    raise
                if version is None:
                    return None
                self._known.append(zlib.compress(msgspec.json.encode(version), 1))
        known: dict[str, Any] = msgspec.json.decode(zlib.decompress(self._known[place]))
        return known


class DefinitionHistories:
    """The histories that two streams read, one after the other. For one thread."""

    def __init__(self) -> None:
        """Create an empty store."""
        self._kept: dict[str, DefinitionHistory] = {}

    def open(
        self, segment_id: str, create: Callable[[], DefinitionHistory], *, is_shared: bool
    ) -> DefinitionHistory:
        """Return the history of a segment.

        Args:
            segment_id: The segment.
            create: Creates the history for the first stream.
            is_shared: Whether a second stream reads it too. Otherwise nothing is kept for it.
        """
        if segment_id in self._kept:
            return self._kept.pop(segment_id)
        history = create()
        if is_shared:
            self._kept[segment_id] = history
        return history
