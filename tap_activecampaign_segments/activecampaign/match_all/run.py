"""A match-all run: one evaluation of a segment by ActiveCampaign."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.sort import is_sort
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.http.urls import quote_path_part


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
        sort: The order it was started with. It must be read with the same one: with another,
            ActiveCampaign evaluates the segment again (documented).
        run_id_start: When the evaluation began.
        run_id_end: When it ended, None until then.
        segment_timestamp: When the segment was last changed, None where the API does not tell.
        digest: Digest of its contact ids, see `ContactIds.digest`; None until they were read.
        viewer: The user who sees its result, None where it was not asked.
    """

    segment_id: str
    run_id: str
    sort: str
    run_id_start: str
    run_id_end: str | None = None
    segment_timestamp: str | None = None
    digest: str | None = None
    viewer: str | None = None

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
        if not all(isinstance(fields[name], str) for name in ("run_id", "sort")):
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
        return cls(segment_id=segment_id, **fields) if is_sort(fields["sort"]) else None

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps of the run."""
        return {name: value for name, value in asdict(self).items() if name != "segment_id"}

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
