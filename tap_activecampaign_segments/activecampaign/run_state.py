"""What the state keeps of a segment's runs: facts of a few runs, never contact ids.

The facts stand under one key of the segment's partition of `match_all_runs`, and are replaced as
one value: a signal in between finds either the old or the new ones.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.runs import Run
from tap_activecampaign_segments.errors import MalformedResponseError

KEY = "match_all"
RUNS = "match_all_runs"
"""The stream whose rows are the commits."""


@dataclass(frozen=True)
class Committed:
    """The last result of which everything was emitted.

    Attributes:
        total: How many contacts it had.
        segment_timestamp: When the segment had last been changed.
        run_id_start: When its run was started, None where an older version wrote it.
        run_id: Its run, None where an older version wrote it.
        viewer: The user who saw it, see `TokenUser`; None where that was not asked.
        outvoted: The evaluation in the listing that contradicts this result, which was believed
            all the same; None where none does.
    """

    total: int
    segment_timestamp: str | None
    run_id_start: str | None = None
    run_id: str | None = None
    viewer: str | None = None
    outvoted: str | None = None


@dataclass(frozen=True)
class Predecessor:
    """The last run whose differences, or baseline, were committed.

    Attributes:
        run: The run, with the digest of its contact ids.
        baseline_run_id: The baseline that its chain begins with.
        run_number: Its place in the chain, from 1.
        streams: The streams that know of it: those of differences, and `RUNS`.
    """

    run: Run
    baseline_run_id: str
    run_number: int
    streams: tuple[str, ...]


@dataclass(frozen=True)
class RunFacts:
    """Everything that is known of a segment's runs.

    Attributes:
        committed: The last committed result, with differences or without.
        predecessor: What the next run is compared with.
        running: A run that this tap started and has not committed; it has an end only once rows
            of it may be out.
        pair: A run whose differences to the predecessor have begun to leave.
    """

    committed: Committed | None = None
    predecessor: Predecessor | None = None
    running: Run | None = None
    pair: Run | None = None


class RunBookmark:
    """One segment's entry in the state."""

    def __init__(self, segment_id: str, entry: dict[str, Any]) -> None:
        """Read the entry.

        Args:
            segment_id: The segment.
            entry: Its partition of `match_all_runs` in the state, written to from now on.
        """
        self._entry = entry
        self.facts = _read(segment_id, entry.get(KEY))

    def update(self, **changes: Any) -> None:
        """Replace some of the facts, in the state as well."""
        self.facts = replace(self.facts, **changes)
        self._entry[KEY] = _written(self.facts)


def lost_facts(entry: dict[str, Any]) -> list[str]:
    """Return which facts of an entry are there and cannot be read."""
    written = entry.get(KEY)
    if written is None:
        return []
    if not isinstance(written, dict):
        return [KEY]
    facts = _read("", written)
    return [name for name in vars(facts) if written.get(name) and getattr(facts, name) is None]


def _written(facts: RunFacts) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if facts.committed:
        written["committed"] = dict(vars(facts.committed))
    if facts.predecessor:
        written["predecessor"] = {
            **facts.predecessor.run.facts,
            "baseline_run_id": facts.predecessor.baseline_run_id,
            "run_number": facts.predecessor.run_number,
            "streams": list(facts.predecessor.streams),
        }
    if facts.running:
        written["running"] = facts.running.facts
    if facts.pair:
        written["pair"] = facts.pair.facts
    return written


def _read(segment_id: str, written: object) -> RunFacts:
    """Read facts back; what another version or hand wrote otherwise counts as not there."""
    if not isinstance(written, dict):
        return RunFacts()
    return RunFacts(
        committed=_committed(written.get("committed")),
        predecessor=_predecessor(segment_id, written.get("predecessor")),
        running=Run.of(segment_id, written.get("running")),
        pair=Run.of(segment_id, written.get("pair")),
    )


def _committed(written: object) -> Committed | None:
    if not isinstance(written, dict):
        return None
    total, timestamp = written.get("total"), written.get("segment_timestamp")
    if type(total) is not int or not isinstance(timestamp, str | None):
        return None
    start, run_id, viewer, outvoted = (
        value if isinstance(value, str) else None
        for value in map(written.get, ("run_id_start", "run_id", "viewer", "outvoted"))
    )
    with suppress(MalformedResponseError):
        return Committed(
            total,
            timestamps.normalize_optional(timestamp),
            timestamps.normalize_optional(start),
            run_id,
            viewer,
            outvoted,
        )
    return None


def _predecessor(segment_id: str, written: object) -> Predecessor | None:
    run = Run.of(segment_id, written)
    if not isinstance(written, dict):
        return None
    baseline_run_id = written.get("baseline_run_id")
    if run is None or run.run_id_end is None or not isinstance(baseline_run_id, str):
        return None
    streams = written.get("streams")
    known = tuple(map(str, streams)) if isinstance(streams, list) else ()
    number = written.get("run_number")
    if type(number) is not int:
        # An older version wrote it, which counted no runs, and asked nobody to select them.
        return Predecessor(run, baseline_run_id, 1, (*known, RUNS))
    return Predecessor(run, baseline_run_id, number, known)
