"""What the state knows of an account's segments."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from singer_sdk.helpers.types import TapState

LISTED = "listed"
"""In the bookmark of `segments`: how many segments the last listing had."""


class KnownSegments:
    """The segments of earlier syncs, so that one that is missing is noticed."""

    def __init__(self, state: TapState, streams: Collection[str]) -> None:
        """Look at a state, and change it from now on.

        Args:
            state: The state, cleaned.
            streams: The names of those with a partition for each segment.
        """
        self._bookmarks: dict[str, dict[str, Any]] = state.setdefault("bookmarks", {})
        self._streams = streams

    def listed(self, configured: Collection[str]) -> int:
        """Return how many listed segments the last sync knew.

        Args:
            configured: Ids in the settings: segments that may never have been in a listing.
        """
        listed = self._bookmarks.get("segments", {}).get(LISTED)
        return listed if isinstance(listed, int) else len({*self._ids} - {*configured})

    def remember(self, listed: int) -> None:
        """Note how many segments the listing has."""
        self.listing[LISTED] = listed

    def forget(self, here: Collection[str], is_gone: Callable[[str], bool]) -> None:
        """Drop what is known of segments that are gone.

        Args:
            here: The ids of those that are not.
            is_gone: Asks the API about any other.
        """
        gone = {each for each in self._ids if each not in here and (not each or is_gone(each))}
        for partitions in self._partitions:
            partitions[:] = [each for each in partitions if _segment_id(each) not in gone]

    @property
    def listing(self) -> dict[str, Any]:
        """What is known of the account as a whole, to be changed."""
        return self._bookmarks.setdefault("segments", {})

    @property
    def _partitions(self) -> list[list[dict[str, Any]]]:
        bookmarks = (self._bookmarks.get(stream, {}) for stream in self._streams)
        return [bookmark["partitions"] for bookmark in bookmarks if "partitions" in bookmark]

    @property
    def _ids(self) -> list[str]:
        """The ids, each once."""
        partitions = chain.from_iterable(self._partitions)
        return list(dict.fromkeys(_segment_id(each) for each in partitions))


def _segment_id(partition: dict[str, Any]) -> str:
    segment_id: str = partition["context"].get("segment_id", "")
    return segment_id
