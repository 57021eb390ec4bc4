"""Rate limit: the duration of a sync compared with what the account's limit allows.

These syncs hardly use the processor, so they run concurrently, each against a server of its own.
"""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.bench import servers
from tools.bench.figures import Figure
from tools.bench.syncs import ALL, RESULTS, sync

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 4.75
STAGGER = 1.5
"""Seconds between two process starts, each of which takes a whole processor."""
TOO_MANY_REQUESTS = 429
POLL = re.compile("/api/3/segmentMatchAll/[^/]+/[^/]+")
SLOWEST = 1.15


@dataclass(frozen=True)
class Case:
    """One sync.

    Attributes:
        what: Name in the table.
        plan: Of the account.
        streams: Selected streams.
        min_wait: Seconds that the sync takes in addition to its requests.
        settings: Of the tap.
        has_target: Whether the figure has a target.
    """

    what: str
    plan: dict[str, Any]
    streams: Sequence[str] = ALL
    min_wait: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    has_target: bool = True


@dataclass(frozen=True)
class Outcome:
    """Measurements of one sync.

    Attributes:
        seconds: Time from the start of the process to its end.
        arrivals: Arrival of each request, in epoch seconds.
        polls: Number of requests for the status or a further page of a run.
        rejected: Number of responses 429.
    """

    seconds: float
    arrivals: list[float]
    polls: int
    rejected: int


def measure(*, quick: bool) -> list[Figure]:
    """Compare the duration of syncs with what the limit allows."""
    cases = _cases(quick=quick)
    with ThreadPoolExecutor(len(cases)) as pool:
        outcomes = list(pool.map(_run, range(len(cases)), cases))
    rejected = sum(outcome.rejected for outcome in outcomes)
    requests = sum(len(outcome.arrivals) for outcome in outcomes)
    return [
        *map(_compare, cases, outcomes),
        Figure(
            "responses 429 in the rows with a limit", rejected, f"{requests} requests", at_most=0
        ),
    ]


def _cases(*, quick: bool) -> list[Case]:
    many, few, slow = (20, 4, 4.5) if quick else (40, 10, 8.0)
    sequential = {"max_concurrent_requests": 1}
    evaluated = {"segments": few, "evaluation_seconds": slow}
    return [
        Case(f"{many} segments, 1 s latency", {"segments": many, "latency": 1.0}),
        Case(
            f"{few} segments, 1 s latency, one after another",
            {"segments": few, "latency": 1.0},
            settings=sequential,
            has_target=False,
        ),
        Case(f"{many} segments, 0.3 s latency", {"segments": many, "latency": 0.3}),
        Case(
            f"{few} segments, 0.3 s latency, one after another",
            {"segments": few, "latency": 0.3},
            settings=sequential,
            has_target=False,
        ),
        Case(
            f"{few} segments of {slow:g} s each, known from the listing",
            evaluated,
            streams=RESULTS,
            min_wait=slow,
        ),
        Case(
            f"{few} segments of {slow:g} s each, nothing known",
            {**evaluated, "counts": 0},
            streams=RESULTS,
            min_wait=slow,
        ),
    ]


def _run(index: int, case: Case) -> Outcome:
    with servers.account(**case.plan) as server:
        time.sleep(STAGGER * index)
        config = {**server.settings, "requests_per_second": str(RATE), **case.settings}
        result = sync(config, streams=case.streams)
        requests = server.take_requests()
    return Outcome(
        result.seconds,
        [request["at"] for request in requests],
        sum(bool(POLL.fullmatch(request["path"])) for request in requests),
        sum(request["status"] == TOO_MANY_REQUESTS for request in requests),
    )


def _compare(case: Case, outcome: Outcome) -> Figure:
    requests = len(outcome.arrivals)
    wait = f"{case.min_wait:g} s + " if case.min_wait else ""
    polls = f", {outcome.polls} of them polls" if outcome.polls else ""
    return Figure(
        f"{case.what}: time ÷ limit",
        outcome.seconds / (case.min_wait + requests / RATE),
        f"{outcome.seconds:.1f} s ÷ ({wait}{requests} requests ÷ {RATE}){polls}",
        at_most=SLOWEST if case.has_target else None,
        is_ratio=True,
        raw={
            "seconds": outcome.seconds,
            "requests": requests,
            "polls": outcome.polls,
            "rejected": outcome.rejected,
            "arrivals": [round(at - outcome.arrivals[0], 3) for at in outcome.arrivals],
        },
    )
