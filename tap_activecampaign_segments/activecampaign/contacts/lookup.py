"""Looks contacts up by id: each once a sync, as many as possible in a request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.contacts.id_set import ContactIdSet
from tap_activecampaign_segments.activecampaign.contacts.reader import MAX_CONTACTS, MAX_PENDING
from tap_activecampaign_segments.activecampaign.prefetch import run_in_background
from tap_activecampaign_segments.errors import (
    AccountError,
    ForbiddenError,
    NotFoundError,
    RequestError,
    TapError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from tap_activecampaign_segments.activecampaign.contacts.reader import (
        ContactPage,
        ContactReader,
    )
    from tap_activecampaign_segments.clock import Clock

    Pages = Iterable[Sequence[int]]
    Wait = Callable[[Future[ContactPage]], ContactPage]

REPEAT_DELAY = 3.0
"""Seconds after which contacts that did not come are asked for once more."""


@dataclass(frozen=True, eq=False)
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
    """Looks contacts up for one segment after the other.

    A segment's requests are started at its turn. Those of segments that are announced are started
    ahead of their turn as far as they are full, and they fill up the last request of a segment.

    Example:
        >>> lookup = ContactLookup(reader, clock, lambda: None)  # doctest: +SKIP
        >>> for records in lookup.read("a1", [[3, 5]], wait=Future.result):  # doctest: +SKIP
        ...     print([record["contact_id"] for record in records])
        [3, 5]
    """

    def __init__(
        self, reader: ContactReader, clock: Clock, wait_for_announcements: Callable[[], None]
    ) -> None:
        """Create a lookup; nothing is requested yet.

        Args:
            reader: Sends the requests.
            clock: Time source; replaceable in tests.
            wait_for_announcements: Called before a request that is not full.
        """
        self._reader = reader
        self._clock = clock
        self._wait_for_announcements = wait_for_announcements
        self._lock = Lock()
        self._announced: dict[str, Iterator[int]] = {}
        self._ahead: list[Batch] = []
        self._next: list[int] = []
        """The ids of the next request."""
        self._absent: list[int] = []
        """Ids that did not come, and are asked for once more."""
        self._taken = ContactIdSet()
        """Ids that are not to be requested: they are emitted, or will be."""
        self._emitted = ContactIdSet()
        self._last_absence = 0.0
        self._refusal: RequestError | None = None

    def announce(self, run_id: str, pages: Pages) -> None:
        """Start the requests of a run ahead of its turn. Thread-safe.

        Args:
            run_id: The run.
            pages: The ids of its contacts.
        """
        with self._lock:
            self._announced[run_id] = chain.from_iterable(pages)
            self._start_ahead()

    def read(self, run_id: str, pages: Pages, wait: Wait) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of a run's contacts, except those that were emitted before.

        Records of other runs, which share a request, are among them.

        Args:
            run_id: The run.
            pages: The ids of its contacts; iterated repeatedly.
            wait: Returns the result of a request.

        Raises:
            TapError: Some of them could not be read.
        """
        with self._lock:
            self._announced.pop(run_id, None)
        try:
            yield from self._read_ahead(pages, wait)
            while not all(each in self._emitted for each in _ids(pages)):
                yield from self._read_own(pages, wait)
                yield from self._read_ahead(pages, wait, repeats=True)
        except TapError:
            self._abandon(pages)
            raise

    def forget(self, ids: Iterable[int]) -> None:
        """Take ids as not emitted."""
        forgotten = [*ids]
        with self._lock:
            self._taken.difference_update(forgotten)
            self._emitted.difference_update(forgotten)

    def _read_ahead(
        self, pages: Pages, wait: Wait, *, repeats: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of requests that were started ahead.

        Args:
            pages: The ids of the run's contacts.
            wait: Returns the result of a request.
            repeats: Whether to ask once more for those that did not come.
        """
        unread = {each for each in _ids(pages) if each in self._taken and each not in self._emitted}
        while batch := self._find_batch(unread, repeats=repeats):
            for records in self._receive(batch, wait):
                yield records
                unread.difference_update(_ids_of(records))
        if repeats:
            # If a stream map failed, for example, records were not emitted.
            self.forget(unread.difference(self._next))

    def _read_own(self, pages: Pages, wait: Wait) -> Iterator[list[dict[str, Any]]]:
        """Request the ids that nobody has requested, and yield their records."""
        ids, batches, is_last = _ids(pages), deque[Batch](), False
        while True:
            while not is_last and len(batches) < MAX_PENDING:
                batch = self._start_own(ids, pages)
                batches += [batch] if batch else []
                is_last = batch is None
            if not batches:
                return
            yield from self._receive(batches.popleft(), wait)

    def _start_own(self, ids: Iterator[int], pages: Pages) -> Batch | None:
        """Start a request for the next ids, None if none of them is left.

        Args:
            ids: The rest of them.
            pages: All of them.
        """
        with self._lock:
            if self._fill(ids):
                return self._send_next()
            rest = {*self._next}
        if any(each in rest for each in _ids(pages)):
            self._wait_for_announcements()
            with self._lock:
                # A request ahead may have them by now.
                if not rest.isdisjoint(self._next):
                    self._fill(chain.from_iterable(self._announced.values()))
                    return self._send_next()
        return None

    def _find_batch(self, unread: set[int], *, repeats: bool) -> Batch | None:
        """Return a request with some of these ids, started now if they did not come before."""
        with self._lock:
            for batch in self._ahead:
                if not unread.isdisjoint(batch.ids):
                    self._ahead.remove(batch)
                    return batch
            if not repeats or unread.isdisjoint(self._absent):
                return None
            ids, self._absent = self._absent[:MAX_CONTACTS], self._absent[MAX_CONTACTS:]
            return self._send(ids, is_repeated=True)

    def _receive(self, batch: Batch, wait: Wait) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of a request."""
        pending = deque([batch])
        while pending:
            batch = pending.popleft()
            try:
                page = wait(batch.page)
            except TapError:
                self.forget(batch.ids)
                raise
            records = [*page.records.values()]
            absent = [each for each in batch.ids if each not in page.records]
            with self._lock:
                if absent and records and page.is_cut_short(len(batch.ids)):
                    pending.append(self._send(absent, is_repeated=batch.is_repeated))
                elif batch.is_repeated:
                    records += map(self._reader.missing, absent)
                elif absent:
                    self._absent += absent
                    self._last_absence = self._clock.monotonic()
                self._start_ahead()
            yield records
            self._emitted.update(_ids_of(records))

    def _abandon(self, pages: Pages) -> None:
        """Drop requests for contacts of a run that failed; other runs request theirs again."""
        with self._lock:
            ahead = {each: batch for batch in self._ahead for each in batch.ids}
            dropped = {ahead[each] for each in _ids(pages) if each in ahead}
            self._ahead = [batch for batch in self._ahead if batch not in dropped]
        self.forget(each for batch in dropped for each in batch.ids)

    def _start_ahead(self) -> None:
        while self._announced and len(self._ahead) < MAX_PENDING:
            run_id, ids = next(iter(self._announced.items()))
            if self._fill(ids):
                self._ahead.append(self._send_next())
            else:
                del self._announced[run_id]

    def _fill(self, ids: Iterator[int]) -> bool:
        """Add ids to the next request until it is full; return whether it is."""
        while len(self._next) < MAX_CONTACTS:
            new = next((each for each in ids if each not in self._taken), None)
            if new is None:
                return False
            self._taken.update([new])
            self._next.append(new)
        return True

    def _send_next(self) -> Batch:
        batch = self._send(self._next, is_repeated=False)
        self._next = []
        return batch

    def _send(self, ids: Sequence[int], *, is_repeated: bool) -> Batch:
        not_before = self._last_absence + REPEAT_DELAY if is_repeated else 0.0
        return Batch(ids, is_repeated, run_in_background(lambda: self._request(ids, not_before)))

    def _request(self, ids: Sequence[int], not_before: float) -> ContactPage:
        self._clock.sleep(max(not_before - self._clock.monotonic(), 0.0))
        if self._refusal:
            raise self._refusal
        try:
            return self._reader.read_ids(ids)
        except AccountError:
            raise
        except RequestError as error:
            # Of another type: a 404 or a 400 does not concern the segment.
            failure = RequestError(f"its contacts cannot be read: {error}", error.status)
            if isinstance(error, (ForbiddenError, NotFoundError)):
                # It concerns all contacts.
                self._refusal = failure
            raise failure from error


def _ids(pages: Pages) -> Iterator[int]:
    return chain.from_iterable(pages)


def _ids_of(records: Iterable[dict[str, Any]]) -> list[int]:
    return [record["contact_id"] for record in records]
