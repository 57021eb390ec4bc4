"""Segments: the entity, and the look-up of a single one.

`segment_listing` reads all saved segments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.errors import MalformedResponseError, NotFoundError, one_line
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.api import Api

COUNTS = ("last_total", "last_active_total")
"""The counts of a listing item, each with the evaluation that gave it."""
COUNT_TIMESTAMPS = ("last_total_updated", "run_id_start", "run_id_end")


@dataclass(frozen=True)
class Segment:
    """One segment of the account.

    The properties named ``last_*`` describe the last evaluation in the listing, whoever started
    it: another tool, a user of ActiveCampaign or this tap.

    Attributes:
        segment_id: Its id.
        name: Its name, None for a segment that was never saved.
        is_listed: Whether the listing contains it.
        fields: The other fields of its record, timestamps normalized.
    """

    segment_id: str
    name: str | None
    is_listed: bool
    fields: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_listing(cls, item: dict[str, Any]) -> Segment:
        """Return the segment of a listing item.

        Args:
            item: A valid item: `item_id` is a string, its name is a string, a number or null.
        """
        found = item["attributes"]
        return cls(
            item_id(item),
            _name(found),
            is_listed=True,
            fields={
                "category": found.get("category"),
                "counts": _counts_or_none(found.get("counts")),
                **{
                    name: _timestamp_or_none(found.get(name))
                    for name in ("created_date", "updated_date", "last_used_date")
                },
            },
        )

    def __str__(self) -> str:
        """Return the form used in log lines."""
        segment_id = one_line(self.segment_id)
        return f"segment {self.name!r} ({segment_id})" if self.name else segment_id

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields of its log lines."""
        return {"segment_id": self.segment_id, "segment": self.name or self.segment_id}

    @property
    def record(self) -> dict[str, Any]:
        """The record of `segments`, without the fields of the listing as a whole."""
        return {"segment_id": self.segment_id, "name": self.name, **self.fields}

    @property
    def evaluation_seconds(self) -> float | None:
        """Duration of the last evaluation in seconds, None if unknown."""
        try:
            start, end = (
                timestamps.parse(self._last_total.get(name))
                for name in ("run_id_start", "run_id_end")
            )
        except MalformedResponseError:
            return None
        return max((end - start).total_seconds(), 0.0)

    @property
    def last_size(self) -> int:
        """Number of contacts that the last evaluation found, 0 if unknown."""
        return coerce_count(self._last_total.get("count")) or 0

    @property
    def last_run_id(self) -> str | None:
        """Run id of the last evaluation, None if unknown."""
        run_id = self._last_total.get("run_id")
        return run_id if isinstance(run_id, str) else None

    @property
    def last_run_start(self) -> str | None:
        """Normalized start of the last evaluation, None if unknown."""
        return _timestamp_or_none(self._last_total.get("run_id_start"))

    @property
    def last_run_end(self) -> str | None:
        """Normalized end of the last evaluation, None if unknown."""
        return _timestamp_or_none(self._last_total.get("run_id_end"))

    @property
    def last_evaluation_key(self) -> str:
        """Identifies the last evaluation: its run id, or its size if the id is unknown."""
        return self.last_run_id or str(self.last_size)

    def lists_later_run_than(self, run_id: str, run_id_start: str) -> bool:
        """Tell whether the last evaluation started after a run, by at least a millisecond.

        Args:
            run_id: The run.
            run_id_start: Its normalized start.
        """
        start = self.last_run_start
        if start is None or self.last_run_id == run_id:
            return False
        ours, theirs = (
            timestamps.epoch_milliseconds(timestamps.parse(each)) for each in (run_id_start, start)
        )
        return ours < theirs

    @property
    def _last_total(self) -> dict[str, Any]:
        counts = self.fields.get("counts")
        last = counts.get("last_total") if counts else None
        return last if isinstance(last, dict) else {}


def item_id(item: dict[str, Any]) -> Any:
    """Return the segment id of a listing item that has attributes; may be of any type."""
    return item["attributes"].get("segment_id") or item.get("id")


def look_up(client: Api, segment_id: str, *, confirm_404: bool) -> Segment:
    """Return a segment that is not in the listing.

    Args:
        client: The API client.
        segment_id: The segment.
        confirm_404: See `ActiveCampaignClient.get`.

    Raises:
        NotFoundError: The segment does not exist.
        TapError: The segment could not be read.
    """
    found = resources(client.get("segmentsV2", segment_id, confirm_404=confirm_404))
    if not found:
        msg = f"the API answered nothing for {segment_id}"
        raise MalformedResponseError(msg)
    definition = attributes(found[0])
    return Segment(
        segment_id,
        _name(definition),
        is_listed=False,
        fields={
            "category": definition.get("category"),
            "counts": None,
            "created_date": _timestamp_or_none(definition.get("created_date")),
            "updated_date": None,
            "last_used_date": None,
        },
    )


def exists(client: Api, segment_id: str) -> bool:
    """Tell whether a segment exists, by its definition or as a saved segment.

    Raises:
        TapError: The API does not tell.
    """
    for path in ("segmentsV2", "audiences"):
        try:
            client.get(path, segment_id, confirm_404=True)
        except NotFoundError:
            continue
        return True
    return False


def _name(found: dict[str, Any]) -> str | None:
    name = found.get("name")
    return None if name is None else str(name)


def _counts_or_none(counts: object) -> dict[str, Any] | None:
    """Return the listing's counts, timestamps normalized; None for anything but an object."""
    if not isinstance(counts, dict):
        return None
    return {
        name: {
            key: _timestamp_or_none(value) if key in COUNT_TIMESTAMPS else value
            for key, value in each.items()
        }
        if name in COUNTS and isinstance(each, dict)
        else each
        for name, each in counts.items()
    }


def _timestamp_or_none(text: object) -> str | None:
    """Return a normalized timestamp; an unreadable one is dropped, because nothing depends on it.

    A segment with an odd date is still evaluated.
    """
    try:
        return timestamps.normalize_optional(text)
    except MalformedResponseError:
        return None
