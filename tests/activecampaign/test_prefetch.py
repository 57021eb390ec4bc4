"""Ordered background prefetching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.prefetch import Prefetcher

if TYPE_CHECKING:
    from collections.abc import Callable


def test_task_without_room_blocks_no_other() -> None:
    begun: list[int] = []

    def work(key: int) -> Callable[[], int]:
        begun.append(key)
        return lambda: key

    prefetcher = Prefetcher(
        range(10),
        work,
        max_pending=5,
        first=[8, 9],
        weight=lambda key: 10 * (key > 7),
        max_weight=15,
    )
    assert prefetcher.take(0).result() == 0
    assert begun == [0, 8, 1, 2, 3]
