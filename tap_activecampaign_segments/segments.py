"""Segments: the account's listing, and which of them are selected."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.client import attributes, resources
from tap_activecampaign_segments.errors import MalformedAnswerError, NotFoundError
from tap_activecampaign_segments.words import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_activecampaign_segments.client import Client
    from tap_activecampaign_segments.settings import Settings

LISTING_PAGE_SIZE = 10_000


@dataclass(frozen=True)
class Segment:
    """What the account says of one segment.

    Attributes:
        segment_id: Its id.
        name: Its name, None for one that was never saved.
        listed: Whether the listing has it.
        facts: The other fields of its row, timestamps in the one form.
    """

    segment_id: str
    name: str | None
    listed: bool
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return how a log line names it."""
        segment_id = one_line(self.segment_id)
        return f"segment {self.name!r} ({segment_id})" if self.name else segment_id

    @property
    def evaluation_seconds(self) -> float | None:
        """How long its last evaluation took, None if nothing tells."""
        try:
            start, end = (
                timestamps.parse(self._last_total.get(name))
                for name in ("run_id_start", "run_id_end")
            )
        except MalformedAnswerError:
            return None
        return max((end - start).total_seconds(), 0.0)

    @property
    def last_size(self) -> int:
        """How many contacts its last evaluation found, 0 if nothing tells."""
        count = self._last_total.get("count")
        return count if isinstance(count, int) else 0

    @property
    def _last_total(self) -> dict[str, Any]:
        counts = self.facts.get("counts")
        last = counts.get("last_total") if counts else None
        return last if isinstance(last, dict) else {}

    @property
    def row(self) -> dict[str, Any]:
        """The segment as a record, but for the instant of the listing."""
        return {"segment_id": self.segment_id, "name": self.name, **self.facts}

    def is_meant_by(self, ids_or_patterns: Iterable[str]) -> bool:
        """Tell whether one of them is its id or a pattern that its name matches, in any case."""
        return any(each == self.segment_id or self.matches(each) for each in ids_or_patterns)

    def matches(self, pattern: str) -> bool:
        """Tell whether its name matches a shell-style pattern, in any case."""
        return self.name is not None and fnmatchcase(self.name.lower(), pattern.lower())


def listing(client: Client) -> list[Segment]:
    """Return all saved segments, each once.

    Raises:
        TapError: The listing could not be read whole.
    """
    found: dict[str, Segment] = {}
    for page in _pages(client):
        segments = [_listed(resource) for resource in page]
        fresh = {each.segment_id: each for each in segments if each.segment_id not in found}
        if segments and not fresh:
            msg = "the listing of the segments repeats a page: not all of them can be read"
            raise MalformedAnswerError(msg)
        found.update(fresh)
    return list(found.values())


def look_up(client: Client, segment_id: str) -> Segment:
    """Return a segment that no listing has.

    Raises:
        NotFoundError: The account has no such segment.
        TapError: It could not be read.
    """
    found = resources(client.get("segmentsV2", segment_id))
    if not found:
        msg = f"the API answered nothing for {segment_id}"
        raise MalformedAnswerError(msg)
    facts = attributes(found[0])
    return Segment(
        segment_id,
        _name(facts),
        listed=False,
        facts={
            "category": facts.get("category"),
            "counts": None,
            "created_date": _instant(facts.get("created_date")),
            "updated_date": None,
            "last_used_date": None,
        },
    )


def selected(segments: Iterable[Segment], settings: Settings) -> list[Segment]:
    """Return the segments to read, in their order."""
    chosen = segments
    if settings.segment_ids or settings.segment_names:
        chosen = (
            each
            for each in segments
            if each.segment_id in settings.segment_ids
            or any(each.matches(pattern) for pattern in settings.segment_names)
        )
    return [each for each in chosen if not each.is_meant_by(settings.exclude_segments)]


def _pages(client: Client) -> Iterator[list[dict[str, Any]]]:
    number, last = 1, None
    while True:
        page: list[dict[str, Any]] = []
        # Seen in production: no segments (any more) answer 404.
        with suppress(NotFoundError):
            answer = client.get("audiences", page=number, page_size=LISTING_PAGE_SIZE, sort="name")
            page = resources(answer)
            last = _last_page(answer) or last
        if not page and last is not None and 1 < number <= last:
            msg = f"the listing of the segments breaks off at page {number} of {last}"
            raise MalformedAnswerError(msg)
        yield page
        if not page or (len(page) < LISTING_PAGE_SIZE if last is None else number >= last):
            return
        number += 1


def _last_page(answer: dict[str, Any]) -> int | None:
    # Comes with real answers, but is absent from the vendor's description.
    meta = answer.get("meta")
    page = meta.get("page") if isinstance(meta, dict) else None
    last = page.get("last_page") if isinstance(page, dict) else None
    return last if isinstance(last, int) else None


def _listed(resource: dict[str, Any]) -> Segment:
    facts = attributes(resource)
    segment_id = facts.get("segment_id") or resource.get("id")
    if not isinstance(segment_id, str):
        msg = f"the listing has a segment whose id is {brief(segment_id)}"
        raise MalformedAnswerError(msg)
    counts = facts.get("counts")
    return Segment(
        segment_id,
        _name(facts),
        listed=True,
        facts={
            "category": facts.get("category"),
            "counts": counts if isinstance(counts, dict) else None,
            **{
                name: _instant(facts.get(name))
                for name in ("created_date", "updated_date", "last_used_date")
            },
        },
    )


def _name(facts: dict[str, Any]) -> str | None:
    name = facts.get("name")
    return None if name is None else str(name)


def _instant(text: object) -> str | None:
    """Return an instant that is good to know; one that cannot be read is nobody's failure."""
    try:
        return timestamps.normal_or_none(text)
    except MalformedAnswerError:
        return None
