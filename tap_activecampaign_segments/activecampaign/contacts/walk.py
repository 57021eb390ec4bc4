"""Walk through all contacts of the account, in the order of their ids.

The first walk reads all of them. Each later one reads those that were updated since the one before
began, less `OVERLAP`. A walk that was interrupted is resumed where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.contacts.reader import MAX_CONTACTS
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.activecampaign.contacts.reader import (
        ContactPage,
        ContactReader,
    )

OVERLAP = timedelta(days=1)
"""How far a walk reaches back before the start of the previous one."""
EMPTY_PAGES_AT_END = 2
"""Consecutive empty responses that end a walk, unless the total says that nothing follows."""
FILTER_TOLERANCE = timedelta(days=1)
"""How much earlier the API's filter may begin, since it may cut at days of the account's zone."""


@dataclass(frozen=True)
class Walk:
    """Where a walk is. Timestamps are normalized.

    Example:
        >>> walk = Walk("2026-01-31T04:00:00.000000Z", since=None, after=500)
        >>> Walk.from_state(walk.to_state()) == walk
        True

    Attributes:
        started_at: When it began.
        since: Only contacts that were updated since are read; None for all.
        after: All contacts up to this id were emitted.
    """

    started_at: str
    since: str | None = None
    after: int = 0

    @classmethod
    def begin(cls, now: str, bookmark: str | None) -> Walk:
        """Begin a walk.

        Args:
            now: The current time.
            bookmark: When the last complete walk began, None on a first one.
        """
        since = timestamps.parse(bookmark) - OVERLAP if bookmark else None
        return cls(now, timestamps.format_utc(since) if since else None)

    @classmethod
    def from_state(cls, value: object) -> Walk | None:
        """Return what `to_state` saved, None if `value` is something else."""
        if not isinstance(value, dict) or type(value.get("after")) is not int:
            return None
        try:
            started_at = timestamps.normalize(value.get("started_at"))
            since = timestamps.normalize_optional(value.get("since"))
        except MalformedResponseError:
            return None
        return cls(started_at, since, max(value["after"], 0))

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps."""
        return dict(vars(self))


@dataclass(frozen=True)
class WalkedPage:
    """What one request of a walk brought.

    Attributes:
        records: The records to emit.
        walk: Where the walk is once they are emitted.
        remaining: How many contacts the API still has, None if it does not tell.
        unusable: How many items of the response had no id.
    """

    records: list[dict[str, Any]]
    walk: Walk
    remaining: int | None
    unusable: int


class ContactWalker:
    """Walks through contacts.

    Example:
        >>> for page in ContactWalker(reader, print).pages(walk):  # doctest: +SKIP
        ...     print(len(page.records), page.walk.after)
        100 117
        62 185
    """

    def __init__(self, reader: ContactReader, warn: Callable[[str], None]) -> None:
        """Create a walker.

        Args:
            reader: Sends the requests.
            warn: Called with a sentence if the API ignores what it was asked for. Any thread may
                call it.
        """
        self._reader = reader
        self._warn = warn
        self._has_warned = False

    def pages(self, walk: Walk) -> Iterator[WalkedPage]:
        """Yield the pages of a walk, from where it is to its end.

        Args:
            walk: The walk, begun or resumed.

        Raises:
            TapError: A page could not be read.
        """
        empty_pages, total, is_last = 0, None, False
        while empty_pages < (1 if is_last else EMPTY_PAGES_AT_END):
            page = self._reader.read_after(walk.after, updated_since=walk.since)
            if not page.records:
                if page.total and page.total != total:
                    # A total that stays the same is that of all contacts.
                    msg = f"the API answered with none of {page.total} contacts"
                    raise MalformedResponseError(msg)
                empty_pages += 1
                continue
            empty_pages, total = 0, page.total
            walk = replace(walk, after=max(page.records))
            remaining = None if total is None else max(total - len(page.records), 0)
            yield WalkedPage(self._updated(page, walk.since), walk, remaining, page.unusable)
            is_last = remaining == 0
            if is_last and len(page.records) + page.unusable < MAX_CONTACTS:
                return

    def _updated(self, page: ContactPage, since: str | None) -> list[dict[str, Any]]:
        """Return the records of contacts that were updated since, as far as that is known."""
        if since is None:
            return [*page.records.values()]
        records = page.records.values()
        earliest = timestamps.format_utc(timestamps.parse(since) - FILTER_TOLERANCE)
        if not self._has_warned and any(_updated_at(each, since) < earliest for each in records):
            self._has_warned = True
            self._warn(
                "the API ignores `filters[updated_after]`: the whole account is read in every sync"
            )
        return [each for each in records if _updated_at(each, since) >= since]


def _updated_at(record: dict[str, Any], default: str) -> str:
    """Return when a contact was updated last; the default if that is unknown."""
    return str(record["updated_at"] or default)
