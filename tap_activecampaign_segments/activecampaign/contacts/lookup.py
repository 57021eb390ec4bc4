"""Looks up contacts by id: each once a sync, as many as possible per request."""

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
    MalformedResponseError,
    RequestError,
    TapError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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
class PendingRequest:
    """A request that was started.

    Attributes:
        ids: The contacts that are asked for.
        is_repeated: Whether they were asked for before, and did not come.
        response: The contacts that came.
    """

    ids: Sequence[int]
    is_repeated: bool
    response: Future[ContactPage]


class ContactLookup:
    """Looks up contacts, one run after the other.

    Full requests of announced runs are sent ahead of their turn; the ids that are left fill up the
    last request of the run that is read.

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
        self._ahead: list[PendingRequest] = []
        self._next: list[int] = []
        """The ids of the next request."""
        self._absent: list[int] = []
        """Ids that did not come, and are asked for once more."""
        self._early: dict[int, dict[str, Any]] = {}
        """Records that came with those of another run, and wait for their own run's turn."""
        self._taken = ContactIdSet()
        """Ids that need no request: emitted, requested, or waiting in one of these."""
        self._emitted = ContactIdSet()
        self._last_absence = 0.0
        self._refusal: RequestError | None = None
        """The 403 after which nothing more is requested."""

    def announce(self, run_id: str, pages: Pages) -> None:
        """Start the requests of a run ahead of its turn. Thread-safe.

        Args:
            run_id: The run.
            pages: The ids of its contacts.
        """
        with self._lock:
            self._announced[run_id] = _ids(pages)
            self._start_ahead()

    def read(self, run_id: str, pages: Pages, wait: Wait) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of a run's contacts, except those that were emitted before.

        Args:
            run_id: The run.
            pages: The ids of its contacts; iterated repeatedly.
            wait: Returns the result of a request.

        Raises:
            TapError: Some of them could not be read.
        """
        with self._lock:
            self._announced.pop(run_id, None)
        is_complete = False
        try:
            yield from self._read_ahead(pages, wait)
            while not all(each in self._emitted for each in _ids(pages)):
                yield from self._read_own(pages, wait)
                yield from self._read_ahead(pages, wait, repeats=True)
            is_complete = True
        finally:
            if not is_complete:
                self._abandon(pages)

    def forget(self, ids: Iterable[int]) -> None:
        """Mark ids as not emitted, so that they are requested again.

        Args:
            ids: Their records were yielded, and lost.
        """
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
        early = [self._early.pop(each) for each in [*unread] if each in self._early]
        yield early
        self._emitted.update(_ids_of(early))
        unread.difference_update(_ids_of(early))
        while request := self._find_request(unread, repeats=repeats):
            for records in self._receive(request, unread, wait):
                yield records
                unread.difference_update(_ids_of(records))
        if repeats:
            # Requests that a failure dropped: their ids are requested again.
            self.forget(unread.difference(self._next))

    def _read_own(self, pages: Pages, wait: Wait) -> Iterator[list[dict[str, Any]]]:
        """Request the ids that nobody has requested, and yield their records."""
        ids, started = _ids(pages), deque[tuple[PendingRequest, set[int]]]()
        is_last = False
        while True:
            while not is_last and len(started) < MAX_PENDING:
                request = self._start_own(ids, pages)
                started += [request] if request else []
                is_last = request is None
            if not started:
                return
            yield from self._receive(*started.popleft(), wait)

    def _start_own(
        self, ids: Iterator[int], pages: Pages
    ) -> tuple[PendingRequest, set[int]] | None:
        """Start a request for the next ids, None if none of them is left.

        Args:
            ids: The rest of them.
            pages: All of them.

        Returns:
            The request, and those of its ids that are among them.
        """
        with self._lock:
            announced = {*self._next}
            is_full = self._fill(ids)
            own = {*self._next} - announced
            request = self._send_next() if is_full else None
        if announced:
            own.update(each for each in _ids(pages) if each in announced)
        if request:
            return request, own
        if not own:
            return None
        self._wait_for_announcements()
        with self._lock:
            # An announcement may have sent them meanwhile.
            if own.isdisjoint(self._next):
                return None
            self._fill(chain.from_iterable(self._announced.values()))
            return self._send_next(), own

    def _find_request(self, unread: set[int], *, repeats: bool) -> PendingRequest | None:
        """Return a request for some of these ids, started now if they did not come before."""
        with self._lock:
            for request in self._ahead:
                if not unread.isdisjoint(request.ids):
                    self._ahead.remove(request)
                    return request
            if not repeats or unread.isdisjoint(self._absent):
                return None
            ids, self._absent = self._absent[:MAX_CONTACTS], self._absent[MAX_CONTACTS:]
            return self._send(ids, is_repeated=True)

    def _receive(
        self, request: PendingRequest, own: Collection[int], wait: Wait
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield those records of a request that are wanted; others wait for their own turn.

        Args:
            request: The request.
            own: The ids that are wanted.
            wait: Returns the result of a request.
        """
        pending, is_retried = deque([request]), False
        while pending:
            request = pending.popleft()
            wanted = [each for each in request.ids if each in own]
            try:
                page = wait(request.response)
                _check(page, request)
            except TapError as error:
                if isinstance(error, RequestError) or is_retried or not wanted:
                    self.forget(request.ids)
                    raise
                # What cannot be read may be about the others.
                is_retried = True
                with self._lock:
                    self._taken.difference_update(each for each in request.ids if each not in own)
                    pending.append(self._send(wanted, is_repeated=request.is_repeated))
                continue
            found = [*page.records.values()]
            absent = [each for each in request.ids if each not in page.records]
            with self._lock:
                if found and page.is_cut_short(len(request.ids)):
                    pending.append(self._send(absent, is_repeated=request.is_repeated))
                elif request.is_repeated:
                    found += map(self._reader.missing, absent)
                elif absent:
                    self._absent += absent
                    self._last_absence = self._clock.monotonic()
                self._start_ahead()
            self._early.update(
                {each["contact_id"]: each for each in found if each["contact_id"] not in own}
            )
            records = [each for each in found if each["contact_id"] in own]
            yield records
            self._emitted.update(_ids_of(records))

    def _abandon(self, pages: Pages) -> None:
        """Drop requests for contacts of a run that failed; other runs request theirs again."""
        with self._lock:
            ahead = {each: request for request in self._ahead for each in request.ids}
            dropped = {ahead[each] for each in _ids(pages) if each in ahead}
            self._ahead = [request for request in self._ahead if request not in dropped]

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

    def _send_next(self) -> PendingRequest:
        request = self._send(self._next, is_repeated=False)
        self._next = []
        return request

    def _send(self, ids: Sequence[int], *, is_repeated: bool) -> PendingRequest:
        not_before = self._last_absence + REPEAT_DELAY if is_repeated else 0.0
        response = run_in_background(lambda: self._request(ids, not_before))
        return PendingRequest(ids, is_repeated, response)

    def _request(self, ids: Sequence[int], not_before: float) -> ContactPage:
        self._clock.sleep(max(not_before - self._clock.monotonic(), 0.0))
        if self._refusal:
            raise self._refusal
        try:
            return self._reader.read_ids(ids)
        except AccountError:
            raise
        except RequestError as error:
            # Not a NotFoundError or BadRequestError, which would be taken for the segment's.
            failure = RequestError(f"its contacts cannot be read: {error}", error.status)
            if isinstance(error, ForbiddenError):
                self._refusal = failure
            raise failure from error


def _check(page: ContactPage, request: PendingRequest) -> None:
    """Raise if the total contradicts that contacts are missing."""
    if request.is_repeated and not page.records and page.is_cut_short(len(request.ids)):
        msg = f"the API answered with none of {page.total} contacts"
        raise MalformedResponseError(msg)


def _ids(pages: Pages) -> Iterator[int]:
    return chain.from_iterable(pages)


def _ids_of(records: Iterable[dict[str, Any]]) -> list[int]:
    return [record["contact_id"] for record in records]
