"""Looks contacts up by id: each once a sync, as many as possible in a request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.contacts.id_set import ContactIdSet
from tap_activecampaign_segments.activecampaign.contacts.reader import MAX_CONTACTS
from tap_activecampaign_segments.activecampaign.prefetch import run_in_background
from tap_activecampaign_segments.errors import ForbiddenError, TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from tap_activecampaign_segments.activecampaign.contacts.reader import (
        ContactPage,
        ContactReader,
    )

    Pages = Iterable[Sequence[int]]
    Wait = Callable[[Future[ContactPage]], ContactPage]

MAX_PENDING = 20
"""Maximum number of requests that are started and whose contacts are not emitted."""


@dataclass(frozen=True)
class Batch:
    """The contacts of one request.

    Attributes:
        ids: Those that were asked for.
        is_repeated: Whether they were asked for before, and did not come.
        page: Those that came.
    """

    ids: Sequence[int]
    is_repeated: bool
    page: Future[ContactPage]


class ContactLookup:
    """Looks contacts up. `announce` is thread-safe, `read` is for one thread.

    The ids of several segments share a request: those announced fill it up.

    Example:
        >>> lookup = ContactLookup(reader)  # doctest: +SKIP
        >>> for records in lookup.read([[3, 5]], wait=Future.result):  # doctest: +SKIP
        ...     print([record["contact_id"] for record in records])
        [3, 5]
    """

    def __init__(
        self, reader: ContactReader, wait_for_announcements: Callable[[], None] = lambda: None
    ) -> None:
        """Create a lookup; nothing is requested yet.

        Args:
            reader: Sends the requests.
            wait_for_announcements: Called before a request that is not full.
        """
        self._reader = reader
        self._wait_for_announcements = wait_for_announcements
        self._lock = Lock()
        self._announced: deque[Iterator[int]] = deque()
        self._next: list[int] = []
        """The ids of the next request."""
        self._batches: deque[Batch] = deque()
        """The requests whose contacts are not emitted."""
        self._absent: list[int] = []
        """Ids that did not come, and are asked for once more."""
        self._taken = ContactIdSet()
        """The ids in all of these, and the emitted ones."""
        self._emitted = ContactIdSet()
        self._refusal: ForbiddenError | None = None

    def announce(self, pages: Pages) -> None:
        """Look contacts up ahead of their turn, as far as they fill whole requests.

        Args:
            pages: Their ids.
        """
        with self._lock:
            self._announced.append(chain.from_iterable(pages))
            self._start_announced()

    def read(self, pages: Pages, wait: Wait) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of contacts that are not emitted yet, perhaps with others.

        Args:
            pages: Their ids; iterated repeatedly.
            wait: Returns the result of a request.

        Raises:
            TapError: Some of them could not be read.
        """
        unread: set[int] | None = None
        while unread is None or unread:
            with self._lock:
                # What got lost on the way, as in a stream map that failed, is requested again.
                self._taken.difference_update(unread or ())
            source = chain.from_iterable(pages)
            while not self._start(source):
                yield from self._receive(pages, wait)
            unread = self._start_rest(pages)
            while unread and (self._batches or self._absent):
                for records in self._receive(pages, wait):
                    yield records
                    unread.difference_update(record["contact_id"] for record in records)

    def _start(self, ids: Iterator[int]) -> bool:
        """Start as many full requests as may be pending; return whether no id is left."""
        with self._lock:
            while len(self._batches) < MAX_PENDING:
                if not self._fill(ids):
                    return True
                self._send_next()
        return False

    def _start_rest(self, pages: Pages) -> set[int]:
        """Start the last request, filled up with announced ids; return the ids to wait for."""
        unread = {each for each in chain.from_iterable(pages) if each not in self._emitted}
        if not unread.isdisjoint(self._next):
            self._wait_for_announcements()
        with self._lock:
            if not unread.isdisjoint(self._next):
                self._fill(chain.from_iterable(self._announced))
                self._send_next()
        return unread

    def _receive(self, pages: Pages, wait: Wait) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of the request that was started first."""
        with self._lock:
            if not self._batches:
                self._send(self._absent[:MAX_CONTACTS], is_repeated=True)
                del self._absent[:MAX_CONTACTS]
            batch = self._batches.popleft()
        try:
            page = wait(batch.page)
        except TapError:
            with self._lock:
                # Others that need them ask again.
                self._taken.difference_update(batch.ids)
            if any(each in batch.ids for each in chain.from_iterable(pages)):
                raise
            return
        records = [*page.records.values()]
        absent = [each for each in batch.ids if each not in page.records]
        with self._lock:
            if absent and page.is_cut_short(len(batch.ids)):
                self._send(absent, is_repeated=batch.is_repeated)
            elif batch.is_repeated:
                records += map(self._reader.missing, absent)
            else:
                self._absent += absent
            self._start_announced()
        yield records
        self._emitted.update(record["contact_id"] for record in records)

    def _start_announced(self) -> None:
        while self._announced and len(self._batches) < MAX_PENDING:
            if self._fill(self._announced[0]):
                self._send_next()
            else:
                self._announced.popleft()

    def _fill(self, ids: Iterator[int]) -> bool:
        """Add ids to the next request until it is full; return whether it is."""
        while len(self._next) < MAX_CONTACTS:
            new = next((each for each in ids if each not in self._taken), None)
            if new is None:
                return False
            self._taken.update([new])
            self._next.append(new)
        return True

    def _send_next(self) -> None:
        self._send(self._next, is_repeated=False)
        self._next = []

    def _send(self, ids: Sequence[int], *, is_repeated: bool) -> None:
        page = run_in_background(lambda: self._read(ids))
        self._batches.append(Batch(ids, is_repeated, page))

    def _read(self, ids: Sequence[int]) -> ContactPage:
        if self._refusal:
            raise self._refusal
        try:
            return self._reader.read_ids(ids)
        except ForbiddenError as error:
            # It concerns all contacts.
            self._refusal = error
            raise
