"""States: how much of the output is STATE, which is written whole each time.

Large accounts take many minutes at the account's limit, so time goes by faster here, for the tap
and for the account alike.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.syncs import ALL, hurried, sync

PACE = 30.0
RATE = 4.75
BYTES_PER_SECOND = 20_000
SHORTEST = 2.0
SMALL = 100_000


@dataclass(frozen=True)
class Written:
    """What one sync wrote.

    Attributes:
        sizes: Bytes of each STATE message.
        seconds: How long the sync took, by its own time.
        waits: Whether it waited for evaluations: below 100 kB, a STATE before that is free.
    """

    sizes: list[int]
    seconds: float
    waits: bool

    @property
    def due(self) -> float:
        """Seconds that its messages needed to be apart, the first and the last being free."""
        return sum(
            max(SHORTEST, size / BYTES_PER_SECOND)
            for size in self.sizes[1:-1]
            if size >= SMALL or not self.waits
        )

    def __str__(self) -> str:
        """Return it in short."""
        total = sum(self.sizes)
        return f"{len(self.sizes)} × {short(total / len(self.sizes))}B in {self.seconds:.0f} s"


def measure(*, quick: bool) -> list[Figure]:
    """Return the STATE bytes of first and second syncs."""
    sizes = (50,) if quick else (50, 200)
    figures = [_figure(size, evaluation_seconds=0.0) for size in sizes]
    return [*figures, _figure(50 if quick else 200, evaluation_seconds=8.0)]


def _figure(segments: int, evaluation_seconds: float) -> Figure:
    start = time.time()
    command = hurried(start, PACE)
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
    written = [
        Written(each.state_sizes, each.seconds * PACE, waits=bool(evaluation_seconds))
        for each in (first, second)
    ]
    slow = f" of {evaluation_seconds:g} s each" if evaluation_seconds else ""
    size = written[-1].sizes[-1]
    return Figure(
        f"STATE, {segments} segments{slow}: time that its bytes need ÷ time taken",
        max(each.due / each.seconds for each in written),
        f"first sync {written[0]}; second {written[1]}; a STATE has {short(size)}B",
        at_most=1,
        is_ratio=True,
        raw={
            "state_sizes": [each.sizes for each in written],
            "seconds": [each.seconds for each in written],
        },
    )
