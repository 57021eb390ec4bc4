"""The count history of a segment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PAGE_SIZE = 50


@dataclass
class Count:
    """A recorded size.

    Attributes:
        at: Epoch seconds at which it was recorded.
        count_id: Epoch milliseconds as text, increased until unique in the segment.
        run_id: The run that counted.
        result_count: Contacts that matched.
        segment_hash: Hash of the evaluated logic.
        active_result_count: Those of them on at least one list; None: left out of responses.
        count_updating_with_runid: A running evaluation that will bring a newer size.
        started: Epoch seconds at which the run began.
    """

    at: float
    count_id: str
    run_id: str
    result_count: int
    segment_hash: str
    active_result_count: int | None
    count_updating_with_runid: str | None
    started: float


def find_latest(counts: Sequence[Count]) -> Count | None:
    """Return the latest count. Of two at the same time, the later row is the newer."""
    return max(reversed(counts), key=lambda count: count.at) if counts else None


def select_page(
    counts: Iterable[Count], before: float | None = None, limit: int = PAGE_SIZE
) -> list[Count]:
    """Return one page of counts, newest first.

    Args:
        counts: Rows in any order. Of two at the same time, the later row is the newer.
        before: Epoch seconds, exclusive; None for no bound.
        limit: Maximum number of rows.
    """
    rows = [count for count in counts if before is None or count.at < before]
    # The sort is stable: read backwards, the later of two rows at the same time comes first.
    return sorted(rows, key=lambda count: count.at)[: -limit - 1 : -1]
