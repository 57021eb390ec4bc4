"""Requests: how many a sync makes."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tools.bench import servers
from tools.bench.figures import Figure
from tools.bench.syncs import ALL, RESULTS, sync

if TYPE_CHECKING:
    from collections.abc import Iterable

SEGMENTS = 100


def measure(*, quick: bool) -> list[Figure]:  # noqa: ARG001
    """Count the requests of a first and of a second sync."""
    with servers.account(segments=SEGMENTS, limit=None) as server:
        sync(server.settings, streams=RESULTS)
        kinds = _count_kinds(server.take_requests())
    per_segment = (kinds.total() - kinds["audiences"]) / SEGMENTS
    return [
        Figure(
            "requests per fast segment, match_all_results alone",
            per_segment,
            f"{kinds.total()} for {SEGMENTS} segments, the listing included",
            at_most=1,
            raw={"requests": kinds},
        ),
        _measure_second_sync(records_runs=False, at_most=110),
        _measure_second_sync(records_runs=True, at_most=210),
    ]


def _measure_second_sync(*, records_runs: bool, at_most: float) -> Figure:
    with servers.account(segments=SEGMENTS, limit=None, records_runs=records_runs) as server:
        first = sync(server.settings, streams=ALL, reads_lines=True)
        first_kinds = _count_kinds(server.take_requests())
        sync(server.settings, streams=ALL, state=first.state)
        kinds = _count_kinds(server.take_requests())
    remark = ", runs recorded in the count history" if records_runs else ""
    return Figure(
        f"requests, second sync of {SEGMENTS} unchanged segments{remark}",
        kinds.total(),
        f"first sync {first_kinds.total()}; "
        + ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        at_most=at_most,
        raw={"first": first_kinds, "second": kinds},
    )


def _count_kinds(requests: Iterable[dict[str, Any]]) -> Counter[str]:
    """Count requests by endpoint."""
    paths = (request["path"].split("/")[3:] for request in requests)
    return Counter("/".join(filter(re.compile("[a-zA-Z-]{9,}").fullmatch, path)) for path in paths)
