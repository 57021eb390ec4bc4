"""Memory: what a sync takes at its peak, and what a night brings to the target."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.syncs import RESULTS, RUNS, Sync, sync

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.servers import Server

MEGABYTE = 1024 * 1024
MOST = 1.2


def measure(*, quick: bool) -> list[Figure]:
    """Return how memory grows with the contacts of a segment."""
    small, large = 100_000, 600_000 if quick else 5_000_000
    few, many = 10_000, 200_000 if quick else 1_000_000
    with servers.pages(few, small, many, large) as server:
        return [
            _growth(server, "match_all_results alone", RESULTS, small, large),
            _growth(server, "all streams of runs", RUNS, small, large),
            _churn(server, few, many),
        ]


def _growth(server: Server, what: str, streams: Sequence[str], small: int, large: int) -> Figure:
    peaks = [_once(server, small, streams).peak]
    server.journal()
    done = _once(server, large, streams)
    peaks.append(done.peak)
    rows = (
        f"; {short(done.lines)} rows in {done.seconds:.1f} s, {len(server.journal())} requests, "
        f"a STATE has {short(len(json.dumps(done.state)))}B"
    )
    return _figure(f"peak memory at {short(large)} ids ÷ at {short(small)}, {what}", peaks, rows)


def _churn(server: Server, few: int, many: int) -> Figure:
    streams = ("membership_changes",)
    peaks, lines = [], 0
    for size in (few, many):
        first = _once(server, size, streams)
        second = _once(server, size, streams, first)
        peaks.append(second.peak)
        lines = second.lines
    remark = f"; {short(lines)} rows of membership_changes instead of {short(many)}"
    what = f"peak memory at {short(many)} members, 1 % of them changed, ÷ at {short(few)}"
    return _figure(what, peaks, remark)


def _figure(what: str, peaks: Sequence[int], remark: str) -> Figure:
    small, large = peaks
    return Figure(
        what,
        large / small,
        f"{large / MEGABYTE:.0f} ÷ {small / MEGABYTE:.0f} MB{remark}",
        at_most=MOST,
        is_ratio=True,
        raw={"peaks": list(peaks)},
    )


def _once(server: Server, size: int, streams: Sequence[str], before: Sync | None = None) -> Sync:
    config = {**server.settings, "segment_ids": [f"of-{size}"]}
    return sync(config, streams=streams, state=before.state if before else None)
