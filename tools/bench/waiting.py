"""Waiting: how near a sync comes to the limit of the account, whatever the latency.

These syncs do little but wait, so they run side by side, each against a server of its own.
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
"""Seconds between two starts: a start takes a processor for itself."""
TOO_MANY = 429
POLL = re.compile("/api/3/segmentMatchAll/[^/]+/[^/]+")
SLOWEST = 1.15


@dataclass(frozen=True)
class Case:
    """One sync.

    Attributes:
        what: Its name in the table.
        plan: Of the account.
        streams: Those selected.
        unavoidable: Seconds that it takes besides its requests.
        settings: Of the tap.
        has_target: Whether it is held to the target.
    """

    what: str
    plan: dict[str, Any]
    streams: Sequence[str] = ALL
    unavoidable: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    has_target: bool = True


@dataclass(frozen=True)
class Outcome:
    """How a sync went.

    Attributes:
        seconds: From the start of the process to its end.
        arrivals: Epoch seconds of the requests.
        polls: How many of them asked whether a run is ready, or for another page.
        refused: How many were too many.
    """

    seconds: float
    arrivals: list[float]
    polls: int
    refused: int


def measure(*, quick: bool) -> list[Figure]:
    """Return how long syncs take, compared with what the limit allows."""
    cases = _cases(quick=quick)
    with ThreadPoolExecutor(len(cases)) as pool:
        outcomes = list(pool.map(_run, range(len(cases)), cases))
    refused = sum(each.refused for each in outcomes)
    asked = sum(len(each.arrivals) for each in outcomes)
    return [
        *map(_figure, cases, outcomes),
        Figure("answers 429 in the rows with a limit", refused, f"{asked} requests", at_most=0),
    ]


def _cases(*, quick: bool) -> list[Case]:
    many, few, slow = (20, 4, 4.5) if quick else (40, 10, 8.0)
    one = {"max_concurrent_requests": 1}
    evaluated = {"segments": few, "evaluation_seconds": slow}
    return [
        Case(f"{many} segments, 1 s latency", {"segments": many, "latency": 1.0}),
        Case(
            f"{few} segments, 1 s latency, one after another",
            {"segments": few, "latency": 1.0},
            settings=one,
            has_target=False,
        ),
        Case(f"{many} segments, 0.3 s latency", {"segments": many, "latency": 0.3}),
        Case(
            f"{few} segments, 0.3 s latency, one after another",
            {"segments": few, "latency": 0.3},
            settings=one,
            has_target=False,
        ),
        Case(
            f"{few} segments of {slow:g} s each, known from the listing",
            evaluated,
            streams=RESULTS,
            unavoidable=slow,
        ),
        Case(
            f"{few} segments of {slow:g} s each, nothing known",
            {**evaluated, "counts": 0},
            streams=RESULTS,
            unavoidable=slow,
        ),
    ]


def _run(place: int, case: Case) -> Outcome:
    with servers.account(**case.plan) as server:
        time.sleep(STAGGER * place)
        config = {**server.settings, "requests_per_second": str(RATE), **case.settings}
        done = sync(config, streams=case.streams)
        requests = server.journal()
    return Outcome(
        done.seconds,
        [request["at"] for request in requests],
        sum(bool(POLL.fullmatch(request["path"])) for request in requests),
        sum(request["status"] == TOO_MANY for request in requests),
    )


def _figure(case: Case, outcome: Outcome) -> Figure:
    requests = len(outcome.arrivals)
    own = f"{case.unavoidable:g} s + " if case.unavoidable else ""
    polls = f", {outcome.polls} of them polls" if outcome.polls else ""
    return Figure(
        f"{case.what}: time ÷ limit",
        outcome.seconds / (case.unavoidable + requests / RATE),
        f"{outcome.seconds:.1f} s ÷ ({own}{requests} requests ÷ {RATE}){polls}",
        at_most=SLOWEST if case.has_target else None,
        is_ratio=True,
        raw={
            "seconds": outcome.seconds,
            "requests": requests,
            "polls": outcome.polls,
            "refused": outcome.refused,
            "arrivals": [round(at - outcome.arrivals[0], 3) for at in outcome.arrivals],
        },
    )
