"""A match-all run: one evaluation of a segment by ActiveCampaign."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.sort import is_sort
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.http.urls import quote_path_part

RUN_STREAM = "match_all_runs"
"""Name of the stream whose rows are the commits."""
CONTACTS = "contacts"
"""Name of the stream of contacts."""
HASHED_CONTACTS = "contacts (hashed)"
"""How the state names it if its records have digests only."""
CONTACT_STREAMS = frozenset({CONTACTS, HASHED_CONTACTS})
RETENTION = timedelta(days=90)
"""How long ActiveCampaign keeps the result of a run (documented)."""
Origin = Literal["tap", "activecampaign"]
"""Who started a run: this tap, or ActiveCampaign by itself (a recorded run)."""


class UnusableRunError(TapError):
    """A run brings no result; a new one may."""


class RunFailedError(UnusableRunError):
    """ActiveCampaign gave up the evaluation."""


class RunLostError(UnusableRunError):
    """The run is expired or unknown (404), or its result is another one than before."""


class PreviousResultLostError(TapError):
    """The previous result is gone, or is another one by now: a baseline has to follow."""


@dataclass(frozen=True)
class Run:
    """One evaluation of a segment. Timestamps are normalized, see `timestamps.normalize`.

    Example:
        >>> run = Run("7", "a1", "id", run_id_start="2026-01-31T04:00:00.000000Z")
        >>> Run.from_state("7", run.to_state()) == run
        True

    Attributes:
        segment_id: The segment.
        run_id: The run's id, unique within the segment.
        sort: The order it was started with, None where it is unknown. It must be read with the same
            one: with another, ActiveCampaign evaluates the segment again (documented).
        run_id_start: When the evaluation began.
        run_id_end: When it ended, None until then.
        segment_timestamp: When the segment was last changed, None where the API does not tell.
        digest: Digest of its contact ids, see `ContactIds.digest`; None until they were read.
        viewer: The user who sees its result, None where it was not asked.
        origin: Who started it. A recorded run is only read by a request that cannot evaluate it
            again, see `RunClient.read`.
    """

    segment_id: str
    run_id: str
    sort: str | None
    run_id_start: str
    run_id_end: str | None = None
    segment_timestamp: str | None = None
    digest: str | None = None
    viewer: str | None = None
    origin: Origin = "tap"

    @classmethod
    def from_state(cls, segment_id: str, value: object) -> Run | None:
        """Return the run that `to_state` saved, None if `value` is something else.

        Args:
            segment_id: The segment; it is the partition's context, not part of `value`.
            value: What the state holds; may be of another version, or edited by hand.
        """
        if not isinstance(value, dict):
            return None
        fields: dict[str, Any] = {
            name: value.get(name) for name in cls.__dataclass_fields__ if name != "segment_id"
        }
        if fields["origin"] != "activecampaign":
            # Runs of the tap are saved without it.
            fields["origin"] = "tap"
        sort = fields["sort"]
        is_sorted = is_sort(sort) if isinstance(sort, str) else sort is None
        if not isinstance(fields["run_id"], str) or not is_sorted:
            return None
        if sort is None and fields["origin"] == "tap":
            return None
        try:
            quote_path_part(fields["run_id"])
            fields["run_id_start"] = timestamps.normalize(fields["run_id_start"])
            for name in ("run_id_end", "segment_timestamp"):
                fields[name] = timestamps.normalize_optional(fields[name])
            for name in ("digest", "viewer"):
                fields[name] = fields[name] if isinstance(fields[name], str) else None
        except TapError:
            return None
        return cls(segment_id=segment_id, **fields)

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps of the run."""
        omitted = {"segment_id", *(() if self.is_recorded else ("origin",))}
        return {name: value for name, value in asdict(self).items() if name not in omitted}

    @property
    def is_recorded(self) -> bool:
        """Whether ActiveCampaign made the evaluation by itself."""
        return self.origin == "activecampaign"

    def is_later_than(self, run_id_start: str) -> bool:
        """Tell whether it was started at least a millisecond after another run."""
        return self._start_milliseconds > timestamps.epoch_milliseconds(
            timestamps.parse(run_id_start)
        )

    def has_same_result(self, other: Run) -> bool:
        """Tell whether two runs have the same result.

        The digests decide. Where one is missing, the ends do.
        """
        if self.digest and other.digest:
            return self.digest == other.digest
        return timestamps.may_be_equal(self.run_id_end, other.run_id_end)

    @property
    def _start_milliseconds(self) -> int:
        return timestamps.epoch_milliseconds(timestamps.parse(self.run_id_start))


@dataclass(frozen=True)
class Predecessor:
    """The run that the next one is compared with: the last one whose changes were committed.

    Attributes:
        run: The run, with the digest of its contact ids.
        baseline_run_id: The baseline that its chain begins with.
        run_number: Its place in the chain, from 1.
        streams: Names of the change streams that have its rows, and of the run stream; one of
            `CONTACT_STREAMS` if its members were looked up.
    """

    run: Run
    baseline_run_id: str
    run_number: int
    streams: tuple[str, ...]

    @classmethod
    def from_state(cls, segment_id: str, value: object) -> Predecessor | None:
        """Return what `to_state` saved, None if `value` is something else."""
        run = Run.from_state(segment_id, value)
        if not isinstance(value, dict):
            return None
        baseline_run_id = value.get("baseline_run_id")
        if run is None or run.run_id_end is None or not isinstance(baseline_run_id, str):
            return None
        streams = value.get("streams")
        names = tuple(map(str, streams)) if isinstance(streams, list) else ()
        number = value.get("run_number")
        if type(number) is not int:
            # Older versions did not number the runs, and did not save whether these were selected.
            return cls(run, baseline_run_id, 1, (*names, RUN_STREAM))
        return cls(run, baseline_run_id, number, names)

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps."""
        return {
            **self.run.to_state(),
            "baseline_run_id": self.baseline_run_id,
            "run_number": self.run_number,
            "streams": list(self.streams),
        }
