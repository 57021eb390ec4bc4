"""Ordered background prefetching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.prefetch import Lookahead

if TYPE_CHECKING:
    from collections.abc import Callable


def test_task_without_room_blocks_no_other() -> None:
    begun: list[int] = []

    def work(key: int) -> Callable[[], int]:
        begun.append(key)
        return lambda: key

    lookahead = Lookahead(
        range(10), work, width=5, first=[8, 9], weight=lambda key: 10 * (key > 7), most=15
    )
    assert lookahead.take(0).result() == 0
    assert begun == [0, 8, 1, 2, 3]
