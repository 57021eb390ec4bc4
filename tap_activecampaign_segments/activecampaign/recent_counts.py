"""The newest count of many segments in one request, to skip histories without new rows."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.activecampaign.count_history import count_row
from tap_activecampaign_segments.errors import AccountError, TapError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_activecampaign_segments.activecampaign.api import Api

MAX_IDS = 100
"""Maximum number of segments in one request (documented)."""


class RecentCounts:
    """Newest counts, requested lazily for up to `MAX_IDS` segments at a time. Thread-safe."""

    def __init__(self, client: Api, segment_ids: Iterable[str]) -> None:
        """Group the segments into requests.

        Args:
            client: The API client.
            segment_ids: All segments that `newest` will be called with.
        """
        self._client = client
        # Ids are separated by commas: one that contains a comma cannot be requested.
        ids = [each for each in segment_ids if "," not in each]
        chunks = [_Chunk(ids[start : start + MAX_IDS]) for start in range(0, len(ids), MAX_IDS)]
        self._chunks = {each: chunk for chunk in chunks for each in chunk.ids}

    def newest(self, segment_id: str) -> dict[str, Any] | None:
        """Return the newest row of a segment's count history, None if unknown.

        A segment that shares its request with no other is always unknown: reading its history
        costs no more.

        Raises:
            AccountError: The account cannot be read at all.
        """
        chunk = self._chunks.get(segment_id)
        if chunk is None or len(chunk.ids) == 1:
            return None
        with chunk.lock:
            if chunk.rows is None:
                chunk.rows = self._request(chunk.ids)
        return chunk.rows.get(segment_id)

    def _request(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        try:
            answer = self._client.get("segmentsV2", "count-history", segmentIds=",".join(ids))
            rows = [
                count_row(str(attributes(resource).get("segment_id")), resource)
                for resource in resources(answer)
            ]
        except AccountError:
            raise
        except TapError:
            # Only an optimization: the histories are read instead.
            return {}
        return {row["segment_id"]: row for row in rows}


class _Chunk:
    """The segments of one request, and its rows by segment once it is answered."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        self.lock = Lock()
        self.rows: dict[str, dict[str, Any]] | None = None
