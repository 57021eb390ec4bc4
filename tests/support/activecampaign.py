"""ActiveCampaign: clients, accounts, and what was requested of them."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient
from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
from tap_activecampaign_segments.sandbox import Account, Sandbox
from tests.support.sync import Sync, config_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clocks import SharedClock


def client_of(sandbox: Sandbox, clock: SharedClock, **settings: object) -> ActiveCampaignClient:
    """Return a client with default settings for a sandbox."""
    config = config_of(sandbox, **settings)
    return ActiveCampaignClient(
        ActiveCampaignSettings.from_config(config), clock, logging.getLogger("test")
    )


@contextmanager
def serve_empty_account(clock: SharedClock) -> Iterator[Sandbox]:
    """Serve an empty account."""
    account = Account(clock=clock)
    with Sandbox(account, clock=clock, requests_per_second=None) as sandbox:
        yield sandbox


def run_reads(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return the paths and queries of all reads of runs."""
    return [
        (request.path, request.raw_query)
        for request in sandbox.requests
        if "/segmentMatchAll/" in request.path and request.path.count("/") == 5
    ]


def segment_names(synced: Sync) -> list[str]:
    """Return the sorted names of the emitted segments."""
    return sorted(row["name"] for row in synced.records("segments"))


def contact_ids(synced: Sync) -> set[int]:
    """Return the contact ids of the full results."""
    return {row["contact_id"] for row in synced.records("match_all_results")}


def add_small_segments(account: Account, number: int) -> None:
    """Add segments of ten contacts, with three counts each."""
    account.records_runs = False
    for place in range(number):
        segment = account.add_segment(f"segment {place}", range(place, place + 10))
        for month in range(3):
            segment.add_count(1_700_000_000.0 + 2_600_000 * month + place, 10)


KINDS = {"count-history", "createdDate"}


def request_counts(sandbox: Sandbox) -> Counter[str]:
    """Count the requests by what they ask for."""
    found: Counter[str] = Counter()
    for request in sandbox.requests:
        _, _, _, resource, *rest = request.path.split("/")
        found["/".join([resource, *(part for part in rest if part in KINDS)])] += 1
    return found


def run_requests(sandbox: Sandbox) -> list[str]:
    """Return all requests for runs, with " (read)" after those for a known run."""
    return [
        f"{request.path.split('/')[3]}?{request.raw_query}"
        + ("" if request.path.count("/") == 4 else " (read)")
        for request in sandbox.requests
        if "/segmentMatchAll/" in request.path
    ]
