"""A segment's recorded sizes."""

from collections.abc import Iterable
from dataclasses import dataclass

PAGE = 50


@dataclass
class Count:
    """One recorded size.

    Attributes:
        at: Epoch seconds at which it was recorded.
        count_id: Epoch milliseconds as text, moved on until no other row of the segment has it.
        run_id: The evaluation that counted.
        result_count: Contacts that matched.
        segment_hash: Hash of the logic that was evaluated.
        active_result_count: Those of them on at least one list.
        count_updating_with_runid: A running evaluation that will bring a newer size.
        started: Epoch seconds at which the evaluation began.
    """

    at: float
    count_id: str
    run_id: str
    result_count: int
    segment_hash: str
    active_result_count: int | None
    count_updating_with_runid: str | None
    started: float


def newest_first(
    counts: Iterable[Count], before: float | None = None, most: int = PAGE
) -> list[Count]:
    """One page of sizes.

    Args:
        counts: Rows in any order; of two at the same time, the later one counts as newer.
        before: Epoch seconds; only rows earlier than that.
        most: Rows at most.
    """
    rows = [count for count in counts if before is None or count.at < before]
    # Read backwards, so that of two rows at the same time the later one comes first.
    return sorted(rows, key=lambda count: count.at)[: -most - 1 : -1]
