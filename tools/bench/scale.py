"""Scale: many segments, and long histories of one.

Uses an accelerated clock for the tap and for the account. A small account is measured as well: peak
memory is compared with its, and its time and requests are subtracted, so that process start-up and
other fixed costs do not count.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.rate_limit import RATE, SLOWEST
from tools.bench.state_messages import StateMessages
from tools.bench.syncs import ALL, MEGABYTE, fast_tap, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.bench.syncs import Sync

NEW = 5
"""Counts or definition versions added before the second sync."""


@dataclass(frozen=True)
class Load:
    """An account in two sizes, each synced twice.

    Attributes:
        what: What the size counts.
        sizes: The small and the large size.
        plans: Account of a given size at the first and, if it differs, at the second sync.
        requests: Documented number of requests of both syncs, without the listing.
        streams: Selected streams.
        pace: Accelerated seconds per real second.
        most_memory: Maximum ratio of the peak memory of the large size to that of the small one.
        slowest: Maximum ratio of the time to the rate limit's; None where it would mostly measure
            the tap's own processor time, which the pace multiplies as well.
    """

    what: str
    sizes: tuple[int, int]
    plans: Callable[[int], Sequence[dict[str, Any]]]
    requests: Callable[[int], tuple[int, int]]
    streams: Sequence[str]
    pace: float
    most_memory: float
    slowest: float | None = SLOWEST


@dataclass(frozen=True)
class LoadSync:
    """One sync of a load.

    Attributes:
        sync: The measured sync.
        requests: Number of requests, without the listing.
        documented: Documented number of requests.
        pace: Accelerated seconds per real second.
    """

    sync: Sync
    requests: int
    documented: int
    pace: float

    @property
    def seconds(self) -> float:
        """Duration, in accelerated seconds."""
        return self.sync.seconds * self.pace

    @property
    def state_messages(self) -> StateMessages:
        """Its STATE messages."""
        return StateMessages(self.sync.state_sizes, self.seconds, waits=False)


def measure(*, quick: bool) -> list[Figure]:
    """Measure memory, requests, time and STATE bytes of each load."""
    return [figure for load in _loads(quick=quick) for figure in _measure_load(load)]


def _loads(*, quick: bool) -> list[Load]:
    return [
        Load(
            "segments",
            (20, 100) if quick else (100, 2_000),
            plans=lambda size: [{"segments": size, "members": 20}],
            # First sync: two for the definition, two for three counts, one for the run.
            # Second sync: one for the run, and the counts of 100 segments in one.
            requests=lambda size: (5 * size, math.ceil(size / 100) + size),
            streams=ALL,
            pace=40,
            most_memory=2,
            slowest=None,
        ),
        Load(
            "counts of one segment",
            (100, 3_000) if quick else (100, 30_000),
            plans=lambda size: [_plan(counts=size), _plan(counts=size + NEW)],
            requests=lambda size: (math.ceil(size / 49) + 1, 1),
            streams=("count_history",),
            pace=15,
            most_memory=1.2,
        ),
        Load(
            "versions of one definition",
            (10, 100),
            plans=lambda size: [_plan(versions=size), _plan(versions=size + NEW)],
            requests=lambda size: (size + 1, 1 + NEW),
            streams=("segment_definitions",),
            pace=10,
            most_memory=1.2,
        ),
    ]


def _plan(**history: int) -> dict[str, Any]:
    return {"segments": 1, "oldest": 31_000, **history}


def _measure_load(load: Load) -> list[Figure]:
    small, large = (_sync_twice(load, size) for size in load.sizes)
    what = f"{short(load.sizes[1])} {load.what}"
    return [
        _compare_memory(load, small, large),
        Figure(
            f"{what}: requests ÷ documented",
            max(each.requests / each.documented for each in large),
            "; ".join(f"{each.requests} ÷ {each.documented}" for each in large),
            at_most=1,
            is_ratio=True,
        ),
        _compare_time(load, small, large),
        _measure_state(what, large),
    ]


def _sync_twice(load: Load, size: int) -> list[LoadSync]:
    start = time.time()
    command = fast_tap(start, load.pace)
    plans = load.plans(size)
    syncs: list[LoadSync] = []
    with ExitStack() as stack:
        for number, documented in enumerate(load.requests(size)):
            if number < len(plans):
                plan = {**plans[number], "limit": None, "start": start, "pace": load.pace}
                server = stack.enter_context(servers.account(**plan))
            config = {**server.settings, "requests_per_second": str(RATE)}
            state = syncs[-1].sync.state if syncs else None
            result = sync(
                config, streams=load.streams, state=state, command=command, reads_lines=True
            )
            # The listing and, once per token, the user request are not counted.
            requests = [
                request
                for request in server.take_requests()
                if not request["path"].endswith("/users/me")
            ]
            syncs.append(LoadSync(result, len(requests) - 1, documented, load.pace))
    return syncs


def _compare_memory(load: Load, small: Sequence[LoadSync], large: Sequence[LoadSync]) -> Figure:
    peaks = [max(each.sync.peak for each in syncs) for syncs in (small, large)]
    less, more = map(short, load.sizes)
    return Figure(
        f"peak memory at {more} {load.what} ÷ at {less}",
        peaks[1] / peaks[0],
        f"{peaks[1] / MEGABYTE:.0f} ÷ {peaks[0] / MEGABYTE:.0f} MB; "
        f"{short(large[0].sync.lines)} rows at first",
        at_most=load.most_memory,
        is_ratio=True,
        raw={"peaks": [[each.sync.peak for each in syncs] for syncs in (small, large)]},
    )


def _compare_time(load: Load, small: Sequence[LoadSync], large: Sequence[LoadSync]) -> Figure:
    pairs = list(zip(small, large, strict=True))
    seconds = [more.seconds - less.seconds for less, more in pairs]
    requests = [more.requests - less.requests for less, more in pairs]
    # With hardly any additional requests there is no limit to compare with.
    comparable = [pair for pair in zip(seconds, requests, strict=True) if pair[1] > NEW]
    return Figure(
        f"{short(load.sizes[1])} {load.what}: time ÷ limit",
        max(took * RATE / count for took, count in comparable),
        "; ".join(f"{took:.0f} s ÷ ({count} requests ÷ {RATE})" for took, count in comparable),
        at_most=load.slowest,
        is_ratio=True,
        raw={"seconds": [[each.seconds for each in syncs] for syncs in (small, large)]},
    )


def _measure_state(what: str, large: Sequence[LoadSync]) -> Figure:
    messages = [each.state_messages for each in large]
    return Figure(
        f"STATE, {what}: time that its bytes need ÷ time taken",
        max(each.min_seconds / each.seconds for each in messages),
        f"first sync {messages[0]}; second {messages[1]}; "
        f"a STATE has {short(messages[-1].sizes[-1])}B",
        at_most=1,
        is_ratio=True,
        raw={"state_sizes": [each.sizes for each in messages]},
    )
