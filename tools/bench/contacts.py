"""Contacts: requests, memory and time of a whole account, and of the members of a segment.

Uses an accelerated clock for the tap and for the account, as `backfill` does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tools.bench import servers
from tools.bench.figures import Figure, short
from tools.bench.rate_limit import RATE, SLOWEST
from tools.bench.syncs import MEGABYTE, Sync, fast_tap, sync

CONTACTS_PER_REQUEST = 100
"""Documented maximum."""
SLOW_PACE, FAST_PACE = 2.0, 20.0
"""Accelerated seconds per real second, for the small and for the large account."""
MOST_MEMORY = 1.3
TIMEOUT = 3000.0
ALL = ("contacts",)
JOINED = ("match_all_runs", "membership_changes", "contacts")


@dataclass(frozen=True)
class ContactsSync:
    """A first sync that reads contacts.

    Attributes:
        contacts: Number of contacts.
        sync: The measured sync.
        requests: Number of requests for contacts.
        pace: Accelerated seconds per real second.
    """

    contacts: int
    sync: Sync
    requests: int
    pace: float


def measure(*, quick: bool) -> list[Figure]:
    """Measure `contacts: all` and `contacts: joined` at two sizes."""
    few, many = 20_000, 100_000 if quick else 2_000_000
    members = 50_000 if quick else 200_000
    small, large = _sync(few, 0, SLOW_PACE), _sync(many, 0, FAST_PACE)
    joined = [_sync(0, few, SLOW_PACE), _sync(0, members, FAST_PACE)]
    return [
        _compare_requests(f"{short(many)} contacts in `all`", large),
        _compare_memory(f"{short(many)} contacts in `all`", small, large),
        _compare_time(f"{short(few)} contacts in `all`", small),
        _compare_requests(f"{short(members)} contacts in `joined`", joined[1]),
        _compare_memory(f"{short(members)} contacts in `joined`", *joined),
        _compare_time(f"{short(few)} contacts in `joined`", joined[0]),
    ]


def _compare_requests(what: str, each: ContactsSync) -> Figure:
    least = -(-each.contacts // CONTACTS_PER_REQUEST)
    return Figure(
        f"{what}: requests ÷ contacts / {CONTACTS_PER_REQUEST}",
        each.requests / least,
        f"{each.requests} ÷ {least}; {short(each.sync.lines)} rows in {each.sync.seconds:.0f} s",
        at_most=1.01,
        is_ratio=True,
        raw={"requests": each.requests, "contacts": each.contacts},
    )


def _compare_memory(what: str, small: ContactsSync, large: ContactsSync) -> Figure:
    peaks = [small.sync.peak, large.sync.peak]
    return Figure(
        f"{what}: peak memory ÷ at {short(small.contacts)}",
        peaks[1] / peaks[0],
        f"{peaks[1] / MEGABYTE:.0f} ÷ {peaks[0] / MEGABYTE:.0f} MB",
        at_most=MOST_MEMORY,
        is_ratio=True,
        raw={"peaks": peaks},
    )


def _compare_time(what: str, each: ContactsSync) -> Figure:
    seconds = each.sync.seconds * each.pace
    return Figure(
        f"{what}: time ÷ limit",
        seconds * RATE / each.requests,
        f"{seconds:.0f} s ÷ ({each.requests} requests ÷ {RATE}), {each.pace:g} times as fast",
        at_most=SLOWEST,
        is_ratio=True,
        raw={"seconds": seconds, "requests": each.requests, "pace": each.pace},
    )


def _sync(contacts: int, members: int, pace: float) -> ContactsSync:
    """Sync an account of contacts, or of one segment's members."""
    start = time.time()
    plan = {"segments": 1, "members": members, "counts": 0, "contacts": contacts}
    with servers.account(**plan, limit=None, start=start, pace=pace) as server:
        config = {
            **server.settings,
            "requests_per_second": str(RATE),
            "contacts": "all" if contacts else "joined",
        }
        streams = ALL if contacts else JOINED
        result = sync(config, streams=streams, command=fast_tap(start, pace), timeout=TIMEOUT)
        requests = [each for each in server.take_requests() if each["path"].endswith("/contacts")]
    return ContactsSync(contacts or members, result, len(requests), pace)
