"""Memory: the peak of a sync, by the size of a segment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.syncs import MEGABYTE, RESULTS, RUNS, Sync, sync

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.servers import Server

MOST = 1.2


def measure(*, quick: bool) -> list[Figure]:
    """Compare the peak memory of large and small segments."""
    small, large = 100_000, 600_000 if quick else 5_000_000
    few, many = 10_000, 200_000 if quick else 1_000_000
    with servers.pages(few, small, many, large) as server:
        return [
            _measure_first_sync(server, "match_all_results alone", RESULTS, small, large),
            _measure_first_sync(server, "all streams of runs", RUNS, small, large),
            _measure_second_sync(server, few, many),
        ]


def _measure_first_sync(
    server: Server, what: str, streams: Sequence[str], small: int, large: int
) -> Figure:
    peaks = [_sync(server, small, streams).peak]
    server.take_requests()
    result = _sync(server, large, streams)
    peaks.append(result.peak)
    requests = len(server.take_requests())
    rows = (
        f"; {short(result.lines)} rows in {result.seconds:.1f} s, {requests} requests, "
        f"a STATE has {short(len(json.dumps(result.state)))}B"
    )
    return _compare(f"peak memory at {short(large)} ids ÷ at {short(small)}, {what}", peaks, rows)


def _measure_second_sync(server: Server, few: int, many: int) -> Figure:
    streams = ("membership_changes",)
    peaks, lines = [], 0
    for size in (few, many):
        first = _sync(server, size, streams)
        second = _sync(server, size, streams, first)
        peaks.append(second.peak)
        lines = second.lines
    remark = f"; {short(lines)} rows of membership_changes instead of {short(many)}"
    what = f"peak memory at {short(many)} members, 1 % of them changed, ÷ at {short(few)}"
    return _compare(what, peaks, remark)


def _compare(what: str, peaks: Sequence[int], remark: str) -> Figure:
    small, large = peaks
    return Figure(
        what,
        large / small,
        f"{large / MEGABYTE:.0f} ÷ {small / MEGABYTE:.0f} MB{remark}",
        at_most=MOST,
        is_ratio=True,
        raw={"peaks": list(peaks)},
    )


def _sync(server: Server, size: int, streams: Sequence[str], previous: Sync | None = None) -> Sync:
    config = {**server.settings, "segment_ids": [f"of-{size}"]}
    return sync(config, streams=streams, state=previous.state if previous else None)
