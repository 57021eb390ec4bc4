"""Simulation: the tap syncs a sandbox once a night."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.sandbox import Account, Sandbox, VirtualClock
from tap_activecampaign_segments.tap import TapActiveCampaignSegments

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Segment

    Records = dict[str, list[dict[str, Any]]]

FIRST, NIGHTS, DAY = 1_772_420_400, 56, 86_400
EDITED, EDIT_NIGHT, EDIT_SHARE = "Webinar sign-ups", 36, 0.03
SELECTED = {"segments", "count_history", "match_all_runs", "membership_changes"}


def run() -> Records:
    """Return the records of all nights, by stream.

    Raises:
        RuntimeError: A sync failed.
    """
    account, clock = Account.demo(now=FIRST), VirtualClock(FIRST)
    chance = random.Random(1)  # noqa: S311 (nothing here is secret)
    records: Records = defaultdict(list)
    state: dict[str, Any] = {}
    with Sandbox(account, clock=clock, requests_per_second=None) as sandbox:
        config = {"api_url": sandbox.url, "api_token": sandbox.token, "requests_per_second": 10_000}
        catalog = TapActiveCampaignSegments(config=config).catalog_dict
        catalog["streams"] = [s for s in catalog["streams"] if s["tap_stream_id"] in SELECTED]
        for night in range(NIGHTS):
            clock.advance(FIRST + night * DAY - clock.time())
            for segment in account.segments:
                _change_members(
                    segment, chance, is_edited=(segment.name, night) == (EDITED, EDIT_NIGHT)
                )
            out, log = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(log):
                tap = TapActiveCampaignSegments(config=config, catalog=catalog, state=state)
                exit_code = tap.run()
            if exit_code:
                raise RuntimeError(log.getvalue())
            out.seek(0)
            for message in map(json.loads, out):
                if message["type"] == "RECORD":
                    records[message["stream"]].append(message["record"])
                elif message["type"] == "STATE":
                    state = message["value"]
    return records


def _change_members(segment: Segment, chance: random.Random, *, is_edited: bool) -> None:
    """Add and remove contacts; remove many if the segment is edited."""
    segment.churn = segment.evaluation_seconds = 0.0
    size, next_id = len(segment.members), max(segment.members, default=0) + 1
    joined, left = (round(size * chance.uniform(0.002, most)) for most in (0.012, 0.006))
    if is_edited:
        segment.edit()
        left = round(size * EDIT_SHARE)
    remaining = chance.sample(segment.members, size - left)
    segment.members = sorted([*remaining, *range(next_id, next_id + joined)])
