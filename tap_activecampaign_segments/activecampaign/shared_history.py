"""Pages of the count history for two readers: the stream, and the search for recorded runs."""

from __future__ import annotations

import json
import zlib
from collections import Counter, defaultdict
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from tap_activecampaign_segments.activecampaign.api import Api


MAX_PAGES = 10
"""Pages of a segment that are kept: the newest 500 counts."""


class SharedHistory:
    """Reads the count history like `Api`, and keeps pages for one other reader. Thread-safe.

    Example:
        >>> history = SharedHistory(client)  # doctest: +SKIP
        >>> history.get("segmentsV2", "17", "count-history")  # doctest: +SKIP
        {'data': [{'id': '1700000000', 'attributes': {...}}]}
    """

    def __init__(self, client: Api) -> None:
        """Create an empty store.

        Args:
            client: Sends the requests.
        """
        self._client = client
        self._pages: dict[tuple[str, ...], bytes] = {}
        self._kept = Counter[str]()
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of the last response, UTC."""
        return self._client.server_time

    def get_user_id(self, *, confirm_404: bool) -> str | None:
        """Return the id of the API token's user; see `Api.get_user_id`."""
        return self._client.get_user_id(confirm_404=confirm_404)

    def get(self, *path: str, confirm_404: bool = False, **params: object) -> dict[str, Any]:
        """Return a page, requested now or by the other reader; see `Api.get`.

        Args:
            path: The parts of the path; the second one is the segment.
            confirm_404: See `Api.get`.
            params: Query parameters; pages have none.
        """
        # Whoever comes second waits for the answer.
        segment_id = path[1]
        with self._locks[segment_id]:
            if path in self._pages:
                answer: dict[str, Any] = json.loads(zlib.decompress(self._pages.pop(path)))
                return answer
            answer = self._client.get(*path, confirm_404=confirm_404, **params)
            if self._kept[segment_id] < MAX_PAGES:
                self._kept[segment_id] += 1
                self._pages[path] = zlib.compress(json.dumps(answer).encode(), 1)
            return answer
