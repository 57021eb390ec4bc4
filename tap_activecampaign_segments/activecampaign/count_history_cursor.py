"""Pages of the count history, read backwards with the epoch-seconds cursor.

``GET segmentsV2/{id}/count-history/{cursor}`` returns up to `MAX_PAGE_ROWS` rows from before the
cursor, newest first. The cursor is in whole seconds since the epoch and exclusive, but the rows'
timestamps have milliseconds. To lose no row within a second, the cursor is set to the second after
the oldest row of a page, and rows that are returned twice are dropped. (Documented; the order of
the rows is inferred and checked.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import resources
from tap_activecampaign_segments.activecampaign.count_history import count_row
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_activecampaign_segments.activecampaign.api import Api
    from tap_activecampaign_segments.activecampaign.count_history import RowFingerprints

MAX_PAGE_ROWS = 50
"""Maximum number of rows in one answer (documented)."""


class CountHistoryReader:
    """Batches of a segment's count history, each row once.

    Newest batch first; the rows within a batch are ascending.

    Attributes:
        first_page: All rows of the first page, also those that are not new; empty until read.
    """

    def __init__(  # noqa: PLR0913
        self,
        client: Api,
        segment_id: str,
        *,
        bookmark: datetime | None,
        start: datetime | None,
        known_rows: RowFingerprints | None,
        warn: Callable[[str], None],
    ) -> None:
        """Configure the reader; iterating sends the requests.

        Args:
            client: The API client.
            segment_id: The segment.
            bookmark: The instant up to which all rows are known. Rows of that very instant are
                returned again, because they may have changed.
            start: The oldest instant of interest, inclusive. Used if there is no bookmark, and
                for late rows.
            known_rows: Fingerprints of the rows up to the bookmark. Late rows among them are
                returned too, if the pages that are read anyway contain them.
            warn: Called with a sentence if a second may have more rows than an answer can hold.
        """
        self._client = client
        self._segment_id = segment_id
        self._bookmark = bookmark
        self._start = start or timestamps.EPOCH
        self._since = bookmark or self._start
        self._known_rows = known_rows if bookmark else None
        self._warn = warn
        self.first_page: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        """Request the pages and yield the batches.

        Raises:
            NotFoundError: The segment does not exist (inferred).
            TapError: The history could not be read completely.
        """
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        cursor: int | None = None
        longest = 0
        crowded: datetime | None = None
        while page := self._page(cursor):
            self.first_page = self.first_page or page
            longest = max(longest, len(page))
            rows.update({(row["timestamp"], row["run_id"]): row for row in page})
            oldest = timestamps.parse(min(row["timestamp"] for row in page))
            if crowded:
                self._warn_of(crowded)
                crowded = None
            if oldest < self._since or oldest == self._bookmark:
                break
            second = timestamps.epoch_seconds(oldest)
            if cursor is None or second + 1 < cursor:
                cursor = second + 1
            elif len(page) >= MAX_PAGE_ROWS:
                self._warn_of(oldest)
                cursor = second
            elif len(page) == longest > 1:
                # The server may use shorter pages. If another page follows, rows may be missing.
                crowded = oldest
                cursor = second
            else:
                break
            # The next page may repeat that second, but contains nothing newer.
            newer = [
                key for key in rows if timestamps.epoch_seconds(timestamps.parse(key[0])) > second
            ]
            yield [rows.pop(key) for key in sorted(newer)]
        yield [rows[key] for key in sorted(rows) if self._is_new(key)]

    def _is_new(self, key: tuple[str, str]) -> bool:
        is_late = self._known_rows is not None and self._known_rows.lacks(key)
        return key[0] >= timestamps.format_utc(self._start if is_late else self._since)

    def _warn_of(self, crowded: datetime) -> None:
        self._warn(
            f"more counts than an answer holds were recorded within the second of "
            f"{timestamps.format_utc(crowded)}: some of them may be missing"
        )

    def _page(self, cursor: int | None) -> list[dict[str, Any]]:
        """Return the rows before `cursor`, in seconds since the epoch; the newest without one."""
        path = ["segmentsV2", self._segment_id, "count-history"]
        if cursor is not None:
            path.append(str(cursor))
        answer = self._client.get(*path, confirm_404=True)
        page = [count_row(self._segment_id, resource) for resource in resources(answer)]
        is_newest_first = not page or page[0]["timestamp"] >= page[-1]["timestamp"]
        is_before_cursor = cursor is None or all(
            timestamps.epoch_seconds(timestamps.parse(row["timestamp"])) < cursor for row in page
        )
        if not (is_newest_first and is_before_cursor):
            msg = "the count history does not come newest first: it cannot be read whole"
            raise MalformedResponseError(msg)
        return page
