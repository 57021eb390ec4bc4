"""The newest counts of many segments at once: whether their histories have anything new."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.client import attributes, resources
from tap_activecampaign_segments.activecampaign.count_history import count_row
from tap_activecampaign_segments.errors import AccountError, TapError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient

MOST_IDS = 100
"""Segments in one request at most (documented)."""


class RecentCounts:
    """Asks for a hundred segments as soon as one of them is of interest; any thread may."""

    def __init__(self, client: ActiveCampaignClient, segment_ids: Iterable[str]) -> None:
        """Ask nothing yet.

        Args:
            client: Where to ask.
            segment_ids: All segments that will be of interest.
        """
        self._client = client
        # A comma separates ids, so one that holds a comma cannot be asked for.
        ids = [each for each in segment_ids if "," not in each]
        chunks = [_Chunk(ids[start : start + MOST_IDS]) for start in range(0, len(ids), MOST_IDS)]
        self._chunks = {each: chunk for chunk in chunks for each in chunk.ids}

    def newest(self, segment_id: str) -> dict[str, Any] | None:
        """Return the newest row of a segment's history, None if the API does not tell.

        Raises:
            AccountError: Nothing can be read at all.
        """
        chunk = self._chunks.get(segment_id)
        if chunk is None or len(chunk.ids) == 1:
            return None
        with chunk.lock:
            if chunk.rows is None:
                chunk.rows = self._rows(chunk.ids)
        return chunk.rows.get(segment_id)

    def _rows(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        try:
            answer = self._client.get("segmentsV2", "count-history", segmentIds=",".join(ids))
            rows = [
                count_row(str(attributes(resource).get("segment_id")), resource)
                for resource in resources(answer)
            ]
        except AccountError:
            raise
        except TapError:
            # Merely a short cut: the histories themselves are asked then.
            return {}
        return {row["segment_id"]: row for row in rows}


class _Chunk:
    """The segments of one request, and its answer."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        self.lock = Lock()
        self.rows: dict[str, dict[str, Any]] | None = None
