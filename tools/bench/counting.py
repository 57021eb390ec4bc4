"""Counting: how many requests a sync makes."""

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
    """Return the requests of a first and of a second sync."""
    with servers.account(segments=SEGMENTS, limit=None) as server:
        sync(server.settings, streams=RESULTS)
        kinds = _kinds(server.journal())
    per_segment = (kinds.total() - kinds["audiences"]) / SEGMENTS
    return [
        Figure(
            "requests per fast segment, match_all_results alone",
            per_segment,
            f"{kinds.total()} for {SEGMENTS} segments, the listing included",
            at_most=1,
            raw={"requests": kinds},
        ),
        _second(records_runs=False, at_most=110),
        _second(records_runs=True, at_most=210),
    ]


def _second(*, records_runs: bool, at_most: float) -> Figure:
    with servers.account(segments=SEGMENTS, limit=None, records_runs=records_runs) as server:
        first = sync(server.settings, streams=ALL, reads_lines=True)
        before = _kinds(server.journal())
        sync(server.settings, streams=ALL, state=first.state)
        kinds = _kinds(server.journal())
    remark = ", runs recorded in the count history" if records_runs else ""
    return Figure(
        f"requests, second sync of {SEGMENTS} unchanged segments{remark}",
        kinds.total(),
        f"first sync {before.total()}; " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()),
        at_most=at_most,
        raw={"first": before, "second": kinds},
    )


def _kinds(journal: Iterable[dict[str, Any]]) -> Counter[str]:
    """Count requests by what they are for."""
    paths = (request["path"].split("/")[3:] for request in journal)
    return Counter("/".join(filter(re.compile("[a-zA-Z-]{9,}").fullmatch, path)) for path in paths)
