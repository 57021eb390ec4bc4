"""The count history of the segment that is looked into."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.activecampaign.check.probes.words import count
from tap_activecampaign_segments.activecampaign.count_history import MAX_UPDATE_TIME
from tap_activecampaign_segments.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.check.session import Session

DELAYS = (0.0, 2.0, 4.0)
"""Seconds before each look for a new run where it should appear."""


def probe_history(session: Session) -> None:
    """Read the newest counts."""
    session.history = session.read_counts()
    rows = session.history
    if len(rows) < 2:  # noqa: PLR2004 (an order needs two)
        msg = f"the segment has {count(len(rows), 'count')}"
        session.findings.miss("history_is_newest_first", msg)
        session.findings.miss("count_id_is_unique", msg)
    else:
        instants = [row["timestamp"] for row in rows]
        session.findings.settle(
            "history_is_newest_first",
            holds=instants == sorted(instants, reverse=True),
            seen=f"{len(rows)} counts",
        )
        distinct = len({str(row["id"]) for row in rows})
        session.findings.settle(
            "count_id_is_unique",
            holds=distinct == len(rows),
            seen=f"{distinct} ids of {len(rows)} counts",
        )
    _settle_updates(session)


def probe_unknown_history(session: Session) -> None:
    """Ask for the counts of a segment that does not exist."""
    key = "unknown_history_is_404"
    try:
        answer = session.client.get("segmentsV2", str(uuid.uuid4()), "count-history")
    except NotFoundError:
        session.findings.settle(key, holds=True, seen="404")
    else:
        seen = f"200, {count(len(resources(answer)), 'row')}"
        session.findings.settle(key, holds=False, seen=seen)


def probe_own_count(session: Session) -> None:
    """Look for the own run in the count history."""
    run_id = session.own_run.first.run.run_id
    _look(
        session,
        "own_run_is_counted",
        lambda: run_id in {row["run_id"] for row in session.read_counts()},
    )


def probe_own_total(session: Session) -> None:
    """Look for the own run in the segment's ``last_total``."""
    run_id = session.own_run.first.run.run_id
    if not session.segment.is_listed:
        msg = "the segment is not saved"
        raise NotSeenError(msg)
    _look(session, "own_run_is_last_total", lambda: _last_total(session).get("run_id") == run_id)


def _settle_updates(session: Session) -> None:
    key = "count_settles_in_a_day"
    now = session.clock.now()
    old = [
        row for row in session.history if now - timestamps.parse(row["timestamp"]) > MAX_UPDATE_TIME
    ]
    updating = sum(row["count_updating_with_runid"] is not None for row in old)
    if old:
        seen = f"{updating} of {count(len(old), 'older count')}"
        session.findings.settle(key, holds=not updating, seen=seen)
    else:
        session.findings.miss(key, "no count is older than a day")


def _look(session: Session, key: str, is_there: Callable[[], bool]) -> None:
    """Settle whether something appears within some seconds."""
    waited = 0.0
    for delay in DELAYS:
        session.clock.sleep(delay)
        waited += delay
        if is_there():
            seen = f"after {waited:.0f} s" if waited else "at once"
            session.findings.settle(key, holds=True, seen=seen)
            return
    session.findings.settle(key, holds=False, seen=f"not there after {waited:.0f} s")


def _last_total(session: Session) -> dict[str, Any]:
    found = resources(session.client.get("audiences", session.segment.segment_id))
    counts = attributes(found[0]).get("counts") if found else None
    last = counts.get("last_total") if isinstance(counts, dict) else None
    return last if isinstance(last, dict) else {}
