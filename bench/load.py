"""Load: many segments, and long pasts of one.

Time goes by faster here, for the tap and for the account alike. A small load is measured as well,
for the memory to be compared with, and because neither the start of a process nor what else is the
same for both counts as time.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench import servers
from bench.figures import Figure, short
from bench.states import Written
from bench.syncs import ALL, hurried, sync
from bench.waiting import RATE, SLOWEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.syncs import Sync

MEGABYTE = 1024 * 1024
NEW = 5
"""Rows, or versions, that a past has more at the second sync."""


@dataclass(frozen=True)
class Load:
    """An account in two sizes, synced twice.

    Attributes:
        what: What its size counts.
        sizes: The small one, and the large one.
        plan: The account of a size, at the first and at the second sync.
        requests: What the README promises for a size, the same way, the listing not counted.
        streams: Those selected.
        pace: Seconds that go by in one.
        most_memory: The memory of the large one, at most so many times that of the small one.
        slowest: What the time ÷ limit should not exceed; None where the tap's own processor time,
            which the pace multiplies as well, says too much.
    """

    what: str
    sizes: tuple[int, int]
    plan: Callable[[int], Sequence[dict[str, Any]]]
    requests: Callable[[int], tuple[int, int]]
    streams: Sequence[str]
    pace: float
    most_memory: float
    slowest: float | None = SLOWEST


@dataclass(frozen=True)
class Done:
    """How one sync of a load went.

    Attributes:
        sync: The sync.
        requests: How many it made, the listing not counted.
        promised: How many the README promises.
        pace: Seconds that went by in one.
    """

    sync: Sync
    requests: int
    promised: int
    pace: float

    @property
    def seconds(self) -> float:
        """How long it took, by its own time."""
        return self.sync.seconds * self.pace

    @property
    def written(self) -> Written:
        """The STATE messages that it wrote."""
        return Written(self.sync.state_sizes, self.seconds, waits=False)


def measure(*, quick: bool) -> list[Figure]:
    """Return memory, requests, time and STATE bytes of each load."""
    return [figure for load in _loads(quick=quick) for figure in _figures(load)]


def _loads(*, quick: bool) -> list[Load]:
    return [
        Load(
            "segments",
            (20, 100) if quick else (100, 2_000),
            plan=lambda size: [{"segments": size, "members": 20}],
            # Two for a definition, two for three counts and one for a run; then one for the run.
            requests=lambda size: (5 * size, math.ceil(size / 100) + size),
            streams=ALL,
            pace=40,
            most_memory=2,
            slowest=None,
        ),
        Load(
            "counts of one segment",
            (100, 3_000) if quick else (100, 30_000),
            plan=lambda size: [_past(counts=size), _past(counts=size + NEW)],
            requests=lambda size: (math.ceil(size / 49) + 1, 1),
            streams=("count_history",),
            pace=15,
            most_memory=1.2,
        ),
        Load(
            "versions of one definition",
            (10, 100),
            plan=lambda size: [_past(versions=size), _past(versions=size + NEW)],
            requests=lambda size: (size + 1, 1 + NEW),
            streams=("segment_definitions",),
            pace=10,
            most_memory=1.2,
        ),
    ]


def _past(**plan: int) -> dict[str, Any]:
    return {"segments": 1, "oldest": 31_000, **plan}


def _figures(load: Load) -> list[Figure]:
    small, large = (_measured(load, size) for size in load.sizes)
    what = f"{short(load.sizes[1])} {load.what}"
    return [
        _memory(load, small, large),
        Figure(
            f"{what}: requests ÷ promised",
            max(each.requests / each.promised for each in large),
            "; ".join(f"{each.requests} ÷ {each.promised}" for each in large),
            at_most=1,
            is_ratio=True,
        ),
        _time(load, small, large),
        _states(what, large),
    ]


def _measured(load: Load, size: int) -> list[Done]:
    """Sync twice."""
    start = time.time()
    command = hurried(start, load.pace)
    accounts = load.plan(size)
    found: list[Done] = []
    with ExitStack() as stack:
        for number, promised in enumerate(load.requests(size)):
            if number < len(accounts):
                plan = {**accounts[number], "limit": None, "start": start, "pace": load.pace}
                server = stack.enter_context(servers.account(**plan))
            config = {**server.settings, "requests_per_second": str(RATE)}
            before = found[-1].sync.state if found else None
            done = sync(
                config, streams=load.streams, state=before, command=command, reads_lines=True
            )
            # Not counted are the listing and, once a token, its user.
            asked = [each for each in server.journal() if not each["path"].endswith("/users/me")]
            found.append(Done(done, len(asked) - 1, promised, load.pace))
    return found


def _memory(load: Load, small: Sequence[Done], large: Sequence[Done]) -> Figure:
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


def _time(load: Load, small: Sequence[Done], large: Sequence[Done]) -> Figure:
    pairs = list(zip(small, large, strict=True))
    seconds = [more.seconds - less.seconds for less, more in pairs]
    requests = [more.requests - less.requests for less, more in pairs]
    # What asks for hardly more than the small one has no limit to be compared with.
    ratios = [
        took * RATE / asked for took, asked in zip(seconds, requests, strict=True) if asked > NEW
    ]
    return Figure(
        f"{short(load.sizes[1])} {load.what}: time ÷ limit",
        max(ratios),
        "; ".join(
            f"{took:.0f} s ÷ ({asked} requests ÷ {RATE})"
            for took, asked in zip(seconds, requests, strict=True)
            if asked > NEW
        ),
        at_most=load.slowest,
        is_ratio=True,
        raw={"seconds": [[each.seconds for each in syncs] for syncs in (small, large)]},
    )


def _states(what: str, large: Sequence[Done]) -> Figure:
    written = [each.written for each in large]
    return Figure(
        f"STATE, {what}: time that its bytes need ÷ time taken",
        max(each.due / each.seconds for each in written),
        f"first sync {written[0]}; second {written[1]}; "
        f"a STATE has {short(written[-1].sizes[-1])}B",
        at_most=1,
        is_ratio=True,
        raw={"state_sizes": [each.sizes for each in written]},
    )
