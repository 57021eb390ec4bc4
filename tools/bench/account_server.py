"""Account server: the sandbox with an account of a given size.

Runs as a process of its own, prints its address as one line of JSON and exits when its standard
input closes.
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass

from tap_activecampaign_segments.sandbox import Account, Fault, Sandbox, Segment
from tools.bench.fast_clock import FastClock

HOUR = 3600.0
DAY = 86_400.0
MOVES = 5
"""Contacts that join, and that leave, between two recorded runs."""


@dataclass(frozen=True)
class Plan:
    """Size and behaviour of an account.

    Attributes:
        segments: Number of segments, all alike.
        members: Contacts per segment.
        counts: Recorded counts per segment, one an hour.
        oldest: Age of the first recorded count, in hours.
        versions: Definition versions per segment.
        evaluation_seconds: Duration of an evaluation, as the recorded counts show it.
        latency: Delay before each response, in seconds.
        limit: Requests per second; None for no limit.
        recorded_days: Days before the start on each of which a run was recorded.
        gone_days: How many of the oldest of these runs are no longer kept.
        records_runs: Whether the tap's runs appear in the count history.
        contacts: Contacts of the account, members of segments included if they have low ids.
        start: Epoch seconds at which the accelerated clock equals the real one.
        pace: Accelerated seconds per real second.
    """

    segments: int
    members: int = 200
    counts: int = 3
    oldest: int = 24
    versions: int = 1
    evaluation_seconds: float = 0.0
    latency: float = 0.0
    limit: int | None = 5
    recorded_days: int = 0
    gone_days: int = 0
    records_runs: bool = False
    contacts: int = 0
    start: float = 0.0
    pace: float = 1.0

    def build_account(self) -> Account:
        """Create the account."""
        clock = FastClock(self.start, self.pace) if self.pace != 1 else None
        account = Account(clock=clock)
        account.records_runs = self.records_runs
        account.add_contacts(range(1, 1 + self.contacts))
        # With the same start, the history of a small account is a prefix of a larger one's.
        start = self.start or account.clock.time()
        for number in range(self.segments):
            segment = account.add_segment(
                f"Segment {number + 1}",
                range(1 + number, 1 + number + self.members),
                evaluation_seconds=self.evaluation_seconds,
            )
            for index in range(1, self.versions):
                segment.edit(segment.versions[0].created + HOUR * index)
            for index in range(self.counts):
                at = start + HOUR * (index - self.oldest) + number
                segment.add_count(at, self.members, started=at - self.evaluation_seconds)
            self._record_runs(segment, start)
        return account

    def _record_runs(self, segment: Segment, start: float) -> None:
        """Record a run on each day, the last one half a day before the start."""
        for day in range(self.recorded_days):
            segment.record_run(
                start - (self.recorded_days - day - 0.5) * DAY,
                segment.members,
                is_kept=day >= self.gone_days,
            )
            first = segment.members[0] + MOVES
            segment.members = range(first, first + self.members)


def main() -> None:
    """Serve until the standard input closes."""
    # Ctrl-C is for the benchmark, which stops its servers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = Plan(**json.loads(sys.argv[1]))
    with Sandbox(plan.build_account(), requests_per_second=plan.limit) as sandbox:
        if plan.latency:
            sandbox.faults.add(Fault("slow", seconds=plan.latency, times=None))
        sys.stdout.write(json.dumps({"url": sandbox.url, "token": sandbox.token}) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
