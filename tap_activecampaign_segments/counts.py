"""Count history: every recorded size of a segment, read back from the newest."""

from __future__ import annotations

from datetime import timedelta
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.client import attributes, resources
from tap_activecampaign_segments.errors import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from tap_activecampaign_segments.client import Client

FULL_PAGE = 50
"""Rows of one answer at most (documented)."""

FIELDS = (
    "segment_hash",
    "result_count",
    "active_result_count",
    "count_updating_with_runid",
)


def history(
    client: Client,
    segment_id: str,
    *,
    bookmark: datetime | None,
    start: datetime | None,
    warn: Callable[[str], None],
) -> Iterator[list[dict[str, Any]]]:
    """Give the recorded sizes of a segment in batches, each row once.

    The newest batch comes first, and in each the oldest row.

    The rows have milliseconds and the cursor has whole seconds, exclusive. It is therefore set to
    the second after a page's oldest row, and what comes twice is dropped. (That the newest rows
    come first is inferred.)

    Args:
        client: Where to ask.
        segment_id: Whose history.
        bookmark: The instant up to which all rows were read before; those of the instant itself
            are returned again, in case they have changed.
        start: Without bookmark: the oldest instant of interest, included.
        warn: Told when more rows share one second than an answer can hold.

    Raises:
        NotFoundError: There is no such segment (inferred).
        TapError: The history could not be read whole.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    since = bookmark or start or timestamps.EPOCH
    cursor: int | None = None
    while page := _page(client, segment_id, cursor):
        rows.update({(row["timestamp"], row["run_id"]): row for row in page})
        oldest = timestamps.parse(min(row["timestamp"] for row in page))
        if oldest < since or oldest == bookmark:
            break
        second = timestamps.seconds(oldest)
        if cursor is None or second + 1 < cursor:
            cursor = second + 1
        elif len(page) >= FULL_PAGE:
            cursor = second
            warn(
                f"{FULL_PAGE} or more counts were recorded within the second of "
                f"{timestamps.render(oldest)}: some of them may be missing"
            )
        else:
            break
        # The next page may have more of that second, and nothing newer.
        newer = [key for key in rows if timestamps.seconds(timestamps.parse(key[0])) > second]
        yield [rows.pop(key) for key in sorted(newer)]
    yield [rows[key] for key in sorted(rows) if key[0] >= timestamps.render(since)]


def may_change(row: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a newer count is being made of a row (inferred: none takes a day)."""
    is_updating = row.get("count_updating_with_runid") is not None
    return is_updating and now - timestamps.parse(row["timestamp"]) < timedelta(days=1)


def _page(client: Client, segment_id: str, cursor: int | None) -> list[dict[str, Any]]:
    path = ["segmentsV2", segment_id, "count-history"]
    if cursor is not None:
        path.append(str(cursor))
    page = [count_row(segment_id, resource) for resource in resources(client.get(*path))]
    newest_first = not page or page[0]["timestamp"] >= page[-1]["timestamp"]
    before_cursor = cursor is None or all(
        timestamps.seconds(timestamps.parse(row["timestamp"])) < cursor for row in page
    )
    if not (newest_first and before_cursor):
        msg = "the count history does not come newest first: it cannot be read whole"
        raise MalformedAnswerError(msg)
    return page


def count_row(segment_id: str, resource: dict[str, Any]) -> dict[str, Any]:
    """Return one recorded size as a row.

    Raises:
        MalformedAnswerError: It has no run or no instant.
    """
    facts = attributes(resource)
    run_id = facts.get("run_id")
    if not isinstance(run_id, str):
        msg = f"the count history has a row whose run_id is {brief(run_id)}"
        raise MalformedAnswerError(msg)
    return {
        "segment_id": segment_id,
        "run_id": run_id,
        "timestamp": timestamps.normal(facts.get("timestamp")),
        "id": resource.get("id"),
        **{name: facts.get(name) for name in FIELDS},
    }
