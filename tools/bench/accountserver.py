"""The account server: the tap's own sandbox with an account made to measure.

It is started as a process of its own, says where it is in one line of JSON, and ends with its
standard input.
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox
from tools.bench.pace import FastClock

HOUR = 3600.0


@dataclass(frozen=True)
class Plan:
    """An account.

    Attributes:
        segments: How many there are, alike.
        members: Contacts in each.
        counts: Recorded sizes of each, one an hour.
        oldest: Hours since the first of them.
        versions: Definitions of each.
        evaluation_seconds: How long an evaluation takes.
        tells: Whether the recorded sizes tell how long it took.
        latency: Seconds before each answer.
        limit: Requests a second, None for any number.
        records_runs: Whether a run of the tap appears in the count history.
        start: Epoch seconds at which time was the real one.
        pace: Seconds that go by in one.
    """

    segments: int
    members: int = 200
    counts: int = 3
    oldest: int = 24
    versions: int = 1
    evaluation_seconds: float = 0.0
    tells: bool = True
    latency: float = 0.0
    limit: int | None = 5
    records_runs: bool = False
    start: float = 0.0
    pace: float = 1.0

    @property
    def account(self) -> Account:
        """The account as planned."""
        clock = FastClock(self.start, self.pace) if self.pace != 1 else None
        account = Account(clock=clock)
        account.records_runs = self.records_runs
        # Of two accounts with one start, the larger one has the smaller one's past.
        start = self.start or account.clock.time()
        for number in range(self.segments):
            segment = account.add_segment(
                f"Segment {number + 1}",
                range(1 + number, 1 + number + self.members),
                evaluation_seconds=self.evaluation_seconds,
            )
            for place in range(1, self.versions):
                segment.edit(segment.versions[0].created + HOUR * place)
            for place in range(self.counts):
                at = start + HOUR * (place - self.oldest) + number
                took = self.evaluation_seconds if self.tells else 0.0
                segment.add_count(at, self.members, started=at - took)
        return account


def main() -> None:
    """Serve until the standard input ends."""
    # Ctrl-C is for the benchmark, which ends its servers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = Plan(**json.loads(sys.argv[1]))
    with Sandbox(plan.account, requests_per_second=plan.limit) as sandbox:
        if plan.latency:
            sandbox.faults.add(Fault("slow", seconds=plan.latency, times=None))
        sys.stdout.write(json.dumps({"url": sandbox.url, "token": sandbox.token}) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
