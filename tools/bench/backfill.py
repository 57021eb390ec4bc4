"""Backfill: a first sync that reads the recorded runs of 90 days.

Uses an accelerated clock for the tap and for the account. A small account is measured as well, as
in `scale`.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.rate_limit import RATE, SLOWEST
from tools.bench.syncs import CHANGES, MEGABYTE, fast_tap, sync

if TYPE_CHECKING:
    from tools.bench.syncs import Sync

DAYS = 90
GONE_DAYS = 5
"""Oldest days whose runs are no longer kept."""
MEMBERS = 500
SLOW_PACE, FAST_PACE = 5.0, 25.0
"""Accelerated seconds per real second, for the small and for the large account."""
HISTORY_PAGES = 3
"""Requests for a history of `DAYS` counts: 49 new ones each, and one that finds no more."""
MAX_VAIN_REQUESTS = 10
"""Documented number of requests per segment for runs that are not usable."""
MAX_CONTACTS = 5
"""Documented number of contacts per segment that are requested to learn what the user sees."""
AT_FIRST = 2
"""The listing and the user."""
MOST_MEMORY = 2.0
TIMEOUT = 1800.0


@dataclass(frozen=True)
class BackfillSync:
    """A first sync of an account.

    Attributes:
        segments: Number of segments.
        sync: The measured sync.
        kinds: Number of requests by endpoint.
        missing: Number of responses 404.
        pace: Accelerated seconds per real second.
    """

    segments: int
    sync: Sync
    kinds: Counter[str]
    missing: int
    pace: float

    @property
    def seconds(self) -> float:
        """Duration, in accelerated seconds."""
        return self.sync.seconds * self.pace

    @property
    def requests(self) -> int:
        """Number of requests."""
        return self.kinds.total()

    @property
    def documented(self) -> int:
        """Documented maximum number of requests."""
        usable = DAYS - GONE_DAYS + HISTORY_PAGES + 1
        return AT_FIRST + self.segments * (usable + MAX_VAIN_REQUESTS + MAX_CONTACTS)


def measure(*, quick: bool) -> list[Figure]:
    """Measure the requests, the memory and the time of a backfill."""
    few, many = (4, 20) if quick else (10, 400)
    small, large = _sync(few, SLOW_PACE), _sync(many, FAST_PACE)
    what = f"{DAYS} recorded days of {many} segments"
    peaks = [each.sync.peak for each in (small, large)]
    return [
        Figure(
            f"{what}: requests ÷ documented maximum",
            large.requests / large.documented,
            f"{large.requests} ÷ {large.documented}; {large.missing} in vain; "
            + ", ".join(f"{count} {kind}" for kind, count in large.kinds.most_common()),
            at_most=1,
            is_ratio=True,
            raw={"requests": large.kinds, "in_vain": large.missing},
        ),
        Figure(
            f"peak memory at {what} ÷ of {few}",
            peaks[1] / peaks[0],
            f"{peaks[1] / MEGABYTE:.0f} ÷ {peaks[0] / MEGABYTE:.0f} MB; "
            f"{short(large.sync.lines)} rows",
            at_most=MOST_MEMORY,
            is_ratio=True,
            raw={"peaks": peaks},
        ),
        _compare_time(small, at_most=SLOWEST),
        # The pace multiplies the processor time of the tap and of the account as well.
        _compare_time(large, at_most=None),
    ]


def _compare_time(each: BackfillSync, at_most: float | None) -> Figure:
    return Figure(
        f"{DAYS} recorded days of {each.segments} segments: time ÷ limit",
        each.seconds * RATE / each.requests,
        f"{each.seconds:.0f} s ÷ ({each.requests} requests ÷ {RATE}), {each.pace:g} times as fast",
        at_most=at_most,
        is_ratio=True,
        raw={"seconds": each.seconds, "requests": each.requests, "pace": each.pace},
    )


def _sync(segments: int, pace: float) -> BackfillSync:
    start = time.time()
    plan = {
        "segments": segments,
        "members": MEMBERS,
        "counts": 0,
        "recorded_days": DAYS,
        "gone_days": GONE_DAYS,
    }
    with servers.account(**plan, limit=None, start=start, pace=pace) as server:
        config = {**server.settings, "requests_per_second": str(RATE), "backfill_days": DAYS}
        result = sync(config, streams=CHANGES, command=fast_tap(start, pace), timeout=TIMEOUT)
        requests = server.take_requests()
    return BackfillSync(
        segments,
        result,
        Counter(request["path"].split("/")[3] for request in requests),
        sum(request["status"] == HTTPStatus.NOT_FOUND for request in requests),
        pace,
    )
