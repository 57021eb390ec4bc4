"""STATE messages: their share of the output; each contains the whole state.

Large accounts take many minutes at the rate limit, so the tap and the account use an accelerated
clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.rate_limit import RATE
from tools.bench.syncs import ALL, fast_tap, sync

PACE = 30.0
BYTES_PER_SECOND = 20_000
MIN_INTERVAL = 2.0
SMALL = 100_000


@dataclass(frozen=True)
class StateMessages:
    """STATE messages of one sync.

    Attributes:
        sizes: Size of each message, in bytes.
        seconds: Duration of the sync, in accelerated seconds.
        waits: Whether the sync waits for evaluations; a STATE below 100 kB is not throttled then.
    """

    sizes: list[int]
    seconds: float
    waits: bool

    @property
    def min_seconds(self) -> float:
        """Minimum time between the messages, in seconds; the first and the last do not count."""
        return sum(
            max(MIN_INTERVAL, size / BYTES_PER_SECOND)
            for size in self.sizes[1:-1]
            if size >= SMALL or not self.waits
        )

    def __str__(self) -> str:
        """Return the number of messages, their mean size and the duration."""
        total = sum(self.sizes)
        return f"{len(self.sizes)} × {short(total / len(self.sizes))}B in {self.seconds:.0f} s"


def measure(*, quick: bool) -> list[Figure]:
    """Measure the STATE bytes of first and second syncs."""
    sizes = (50,) if quick else (50, 200)
    figures = [_measure(size, evaluation_seconds=0.0) for size in sizes]
    return [*figures, _measure(50 if quick else 200, evaluation_seconds=8.0)]


def _measure(segments: int, evaluation_seconds: float) -> Figure:
    start = time.time()
    command = fast_tap(start, PACE)
    with servers.account(
        segments=segments,
        limit=None,
        start=start,
        pace=PACE,
        evaluation_seconds=evaluation_seconds,
    ) as server:
        config = {**server.settings, "requests_per_second": str(RATE)}
        first = sync(config, streams=ALL, command=command, reads_lines=True)
        second = sync(config, streams=ALL, command=command, reads_lines=True, state=first.state)
    messages = [
        StateMessages(each.state_sizes, each.seconds * PACE, waits=bool(evaluation_seconds))
        for each in (first, second)
    ]
    slow = f" of {evaluation_seconds:g} s each" if evaluation_seconds else ""
    size = messages[-1].sizes[-1]
    return Figure(
        f"STATE, {segments} segments{slow}: time that its bytes need ÷ time taken",
        max(each.min_seconds / each.seconds for each in messages),
        f"first sync {messages[0]}; second {messages[1]}; a STATE has {short(size)}B",
        at_most=1,
        is_ratio=True,
        raw={
            "state_sizes": [each.sizes for each in messages],
            "seconds": [each.seconds for each in messages],
        },
    )
