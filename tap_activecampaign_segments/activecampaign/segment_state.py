"""The state's view of the account's segments: how many were listed, which have a partition."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from singer_sdk.helpers.types import TapState

LISTED = "listed"
"""State key in the bookmark of `segments`: number of segments in the last listing."""


class SegmentState:
    """Reads and prunes what the state holds about segments.

    Example:
        >>> state = {"bookmarks": {"segments": {"listed": 3}}}
        >>> SegmentState(state, ["count_history"]).listed_count(configured=[])
        3
    """

    def __init__(self, state: TapState, streams: Collection[str]) -> None:
        """Wrap `state`; mutated in place.

        Args:
            state: A sanitized state.
            streams: Names of the streams that are partitioned by segment.
        """
        self._bookmarks: dict[str, dict[str, Any]] = state.setdefault("bookmarks", {})
        self._streams = streams

    def listed_count(self, configured: Collection[str]) -> int:
        """Return how many segments the last sync listed.

        Older versions did not record it; the partitions are counted instead.

        Args:
            configured: Ids in the settings, not counted because they may be unlisted.
        """
        listed = self._bookmarks.get("segments", {}).get(LISTED)
        return listed if isinstance(listed, int) else len({*self._ids} - {*configured})

    def save_listed_count(self, listed: int) -> None:
        """Record how many segments are listed."""
        self.account_bookmark[LISTED] = listed

    def prune(self, existing: Collection[str], is_gone: Callable[[str], bool]) -> None:
        """Drop the partitions of segments that no longer exist.

        Args:
            existing: Ids that are known to exist.
            is_gone: Tells whether any other id is gone; called once for each of them.
        """
        gone = {each for each in self._ids if each not in existing and (not each or is_gone(each))}
        for partitions in self._partitions:
            partitions[:] = [each for each in partitions if _segment_id(each) not in gone]

    @property
    def account_bookmark(self) -> dict[str, Any]:
        """The bookmark of `segments`, which holds what concerns the account; may be mutated."""
        return self._bookmarks.setdefault("segments", {})

    @property
    def _partitions(self) -> list[list[dict[str, Any]]]:
        bookmarks = (self._bookmarks.get(stream, {}) for stream in self._streams)
        return [bookmark["partitions"] for bookmark in bookmarks if "partitions" in bookmark]

    @property
    def _ids(self) -> list[str]:
        """The distinct segment ids of all partitions."""
        partitions = chain.from_iterable(self._partitions)
        return list(dict.fromkeys(_segment_id(each) for each in partitions))


def _segment_id(partition: dict[str, Any]) -> str:
    segment_id: str = partition["context"].get("segment_id", "")
    return segment_id
