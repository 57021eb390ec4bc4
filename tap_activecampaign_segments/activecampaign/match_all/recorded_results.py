"""The results of a segment's recorded runs, oldest first, with few requests in vain."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import SkippedRunError
from tap_activecampaign_segments.activecampaign.prefetch import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import (
        RecordedRun,
        SkipReason,
    )
    from tap_activecampaign_segments.activecampaign.match_all.result import Result

MAX_VAIN_REQUESTS = 10
"""Requests in vain after which a segment's other recorded runs are not read."""
READ_AHEAD = 3
"""Results that are read at a time."""


class RecordedResults:
    """The usable results of one segment's recorded runs. Each is read once.

    The oldest results may be gone. If the first ones are, and more of them remain than may be
    requested in vain, the oldest readable one is found by bisection.
    """

    def __init__(
        self,
        recorded: Sequence[RecordedRun],
        read: Callable[[RecordedRun], Result],
        on_skip: Callable[[SkipReason], None],
    ) -> None:
        """Set what to read; nothing is requested yet.

        Args:
            recorded: The runs, oldest first.
            read: Reads one of them; see `RecordedRunReader.read`.
            on_skip: Called with the reason for each run that is left out, by any thread.
        """
        self._recorded = recorded
        self._read_run = read
        self._on_skip = on_skip
        self._outcomes: dict[int, Result | SkipReason] = {}
        self._places_read: set[int] = set()
        self._vain_requests = 0
        self._lock = Lock()

    def read_newest(self) -> Result | None:
        """Return the result of the newest usable run, None if the last ones are not usable.

        Raises:
            TapError: The API does not answer.
        """
        for place in range(len(self._recorded))[: -READ_AHEAD - 1 : -1]:
            if self._requests_left <= 0:
                break
            outcome = self._read(place)
            if not isinstance(outcome, str):
                return outcome
        return None

    def __iter__(self) -> Iterator[Result]:
        """Read the results, oldest first.

        Raises:
            TapError: The API does not answer.
        """
        place, are_all_gone = 0, True
        while place < len(self._recorded):
            width = self._width(place)
            places = range(place, min(place + width, len(self._recorded)))
            reads = (partial(self._read, each) for each in places)
            for each, outcome in zip(places, in_order(reads, width), strict=True):
                # The results that were yielded are not kept.
                del self._outcomes[each]
                are_all_gone = are_all_gone and outcome == "gone"
                if not isinstance(outcome, str):
                    yield outcome
            place = places.stop if width else self._next_read(place)
            if are_all_gone and len(self._recorded) - place > self._requests_left:
                place = self._bisect(place)
                are_all_gone = False
        for _ in range(len(self._recorded) - len(self._places_read)):
            self._on_skip("unread")

    def reject(self, result: Result, reason: SkipReason, requests: int) -> None:
        """Count a result as in vain after all.

        Args:
            result: The result.
            reason: Why it is left out.
            requests: Requests that were spent on it.
        """
        self._skip(SkippedRunError(result.run.run_id, reason, requests))

    @property
    def _requests_left(self) -> int:
        return MAX_VAIN_REQUESTS - self._vain_requests

    def _width(self, place: int) -> int:
        """Return how many runs to read at a time from a place on, 0 if none may be requested."""
        if place in self._outcomes:
            return 1
        return max(min(READ_AHEAD, self._requests_left), 0)

    def _next_read(self, place: int) -> int:
        """Return the next place whose result is there already, the end if there is none."""
        return min((each for each in self._outcomes if each >= place), default=len(self._recorded))

    def _bisect(self, place: int) -> int:
        """Return the place of the oldest run whose result is kept; those before are gone."""
        gone, kept = place - 1, len(self._recorded)
        while kept - gone > 1 and self._requests_left > 0:
            middle = (gone + kept) // 2
            if self._read(middle) == "gone":
                gone = middle
            else:
                kept = middle
        return kept

    def _read(self, place: int) -> Result | SkipReason:
        if place not in self._outcomes:
            self._places_read.add(place)
            outcome: Result | SkipReason
            try:
                outcome = self._read_run(self._recorded[place])
            except SkippedRunError as error:
                self._skip(error)
                outcome = error.reason
            self._outcomes[place] = outcome
        return self._outcomes[place]

    def _skip(self, error: SkippedRunError) -> None:
        with self._lock:
            self._vain_requests += error.requests
        self._on_skip(error.reason)
