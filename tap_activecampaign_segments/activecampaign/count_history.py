"""Count history: every recorded size of a segment, read back from the newest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.client import attributes, resources
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient

FULL_PAGE = 50
"""Rows of one answer at most (documented)."""
REMEMBERED = 20
"""Rows up to the bookmark that are remembered, so that one that comes late is noticed."""
MARK = 6
"""Characters that stand for one of them."""

FIELDS = (
    "segment_hash",
    "result_count",
    "active_result_count",
    "count_updating_with_runid",
)


@dataclass(frozen=True)
class Seen:
    """The newest rows up to the bookmark, so that one that comes between them later is noticed.

    Attributes:
        since: The timestamp of the oldest of them; empty where these are all.
        marks: What stands for each of them.
    """

    since: str
    marks: frozenset[str]

    @classmethod
    def of(cls, facts: object) -> Seen | None:
        """Read it back from what `facts` returned, None where it is something else."""
        if not isinstance(facts, dict):
            return None
        since, marks = facts.get("since"), facts.get("marks")
        if not isinstance(since, str) or not isinstance(marks, str):
            return None
        return cls(since, frozenset(map("".join, zip(*[iter(marks)] * MARK, strict=False))))

    @classmethod
    def up_to(cls, bookmark: str, rows: Iterable[Mapping[str, Any]]) -> Seen | None:
        """Remember the newest of some rows that are not newer than the bookmark."""
        keys = sorted((row["timestamp"], row["run_id"]) for row in rows)
        known = [key for key in keys if key[0] <= bookmark][-REMEMBERED:]
        since = known[0][0] if len(known) == REMEMBERED else ""
        return cls(since, frozenset(map(_mark, known))) if known else None

    @property
    def facts(self) -> dict[str, str]:
        """What the state keeps of it."""
        return {"since": self.since, "marks": "".join(sorted(self.marks))}

    def lacks(self, key: tuple[str, str]) -> bool:
        """Tell whether a row up to the bookmark came late."""
        # Of several rows of the oldest instant perhaps not all are remembered.
        return key[0] > self.since and _mark(key) not in self.marks


def _mark(key: tuple[str, str]) -> str:
    return hashlib.sha256("\n".join(key).encode()).hexdigest()[:MARK]


class History:
    """The recorded sizes of a segment in batches, each row once.

    The newest batch comes first, and in each the oldest row.

    The rows have milliseconds and the cursor has whole seconds, exclusive. It is therefore set to
    the second after a page's oldest row, and what comes twice is dropped. (That the newest rows
    come first is inferred.)

    Attributes:
        newest: The rows of the first page.
    """

    def __init__(  # noqa: PLR0913
        self,
        client: ActiveCampaignClient,
        segment_id: str,
        *,
        bookmark: datetime | None,
        start: datetime | None,
        seen: Seen | None,
        warn: Callable[[str], None],
    ) -> None:
        """Ask nothing yet.

        Args:
            client: Where to ask.
            segment_id: Whose history.
            bookmark: The instant up to which all rows were read before; those of the instant
                itself are returned again, in case they have changed.
            start: Without bookmark: the oldest instant of interest, included.
            seen: The rows before the bookmark that are known; others among them are returned as
                well, as far as the pages that are read anyway have them.
            warn: Told when more rows share one second than an answer can hold.
        """
        self._client = client
        self._segment_id = segment_id
        self._bookmark = bookmark
        self._start = start or timestamps.EPOCH
        self._since = bookmark or self._start
        self._seen = seen if bookmark else None
        self._warn = warn
        self.newest: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        """Ask, and give the batches.

        Raises:
            NotFoundError: There is no such segment (inferred).
            TapError: The history could not be read whole.
        """
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        cursor: int | None = None
        longest = 0
        crowded: datetime | None = None
        while page := _page(self._client, self._segment_id, cursor):
            self.newest = self.newest or page
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
            elif len(page) >= FULL_PAGE:
                self._warn_of(oldest)
                cursor = second
            elif len(page) == longest > 1:
                # Perhaps a server with shorter answers: then there is something behind.
                crowded = oldest
                cursor = second
            else:
                break
            # The next page may have more of that second, and nothing newer.
            newer = [
                key for key in rows if timestamps.epoch_seconds(timestamps.parse(key[0])) > second
            ]
            yield [rows.pop(key) for key in sorted(newer)]
        yield [rows[key] for key in sorted(rows) if self._is_wanted(key)]

    def _is_wanted(self, key: tuple[str, str]) -> bool:
        is_late = self._seen is not None and self._seen.lacks(key)
        return key[0] >= timestamps.format_utc(self._start if is_late else self._since)

    def _warn_of(self, crowded: datetime) -> None:
        self._warn(
            f"more counts than an answer holds were recorded within the second of "
            f"{timestamps.format_utc(crowded)}: some of them may be missing"
        )


def may_change(row: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a newer count is being made of a row (inferred: none takes a day)."""
    is_updating = row.get("count_updating_with_runid") is not None
    return is_updating and now - timestamps.parse(row["timestamp"]) < timedelta(days=1)


def _page(
    client: ActiveCampaignClient, segment_id: str, cursor: int | None
) -> list[dict[str, Any]]:
    path = ["segmentsV2", segment_id, "count-history"]
    if cursor is not None:
        path.append(str(cursor))
    answer = client.get(*path, confirm_404=True)
    page = [count_row(segment_id, resource) for resource in resources(answer)]
    newest_first = not page or page[0]["timestamp"] >= page[-1]["timestamp"]
    before_cursor = cursor is None or all(
        timestamps.epoch_seconds(timestamps.parse(row["timestamp"])) < cursor for row in page
    )
    if not (newest_first and before_cursor):
        msg = "the count history does not come newest first: it cannot be read whole"
        raise MalformedResponseError(msg)
    return page


def count_row(segment_id: str, resource: dict[str, Any]) -> dict[str, Any]:
    """Return one recorded size as a row.

    Raises:
        MalformedResponseError: It has no run or no instant.
    """
    facts = attributes(resource)
    run_id = facts.get("run_id")
    if not isinstance(run_id, str):
        msg = f"the count history has a row whose run_id is {brief(run_id)}"
        raise MalformedResponseError(msg)
    return {
        "segment_id": segment_id,
        "run_id": run_id,
        "timestamp": timestamps.normalize(facts.get("timestamp")),
        "id": resource.get("id"),
        **{name: facts.get(name) for name in FIELDS},
    }
