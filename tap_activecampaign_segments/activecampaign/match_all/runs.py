"""The life of a match-all run: started, waited for, read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.client import attributes, resources
from tap_activecampaign_segments.activecampaign.settings import is_sort
from tap_activecampaign_segments.errors import (
    MalformedResponseError,
    NotFoundError,
    RequestError,
    TapError,
    TransientError,
)
from tap_activecampaign_segments.http.urls import quote_path_part
from tap_activecampaign_segments.polling import until_done
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient
    from tap_activecampaign_segments.clock import Clock


class RunFailedError(TapError):
    """The vendor gave the evaluation up: a new run may succeed."""


class RunLostError(TapError):
    """The run is expired or unknown (404): results are kept for 90 days (documented)."""


@dataclass(frozen=True)
class Run:
    """One evaluation of a segment. Timestamps are in the one form."""

    segment_id: str
    run_id: str
    sort: str
    """The order that it was started with, and must always be read with."""
    run_id_start: str
    run_id_end: str | None = None
    """None until it is ready."""
    segment_timestamp: str | None = None
    """When the segment was last changed; may be absent."""
    digest: str | None = None
    """Stands for its contact ids; None until its result was read."""
    viewer: str | None = None
    """The user who sees its result, see `TokenUser`; None where that was not asked."""

    @classmethod
    def of(cls, segment_id: str, facts: object) -> Run | None:
        """Read a run back from what `facts` returned, None where it is something else."""
        if not isinstance(facts, dict):
            return None
        known: dict[str, Any] = {
            name: facts.get(name) for name in cls.__dataclass_fields__ if name != "segment_id"
        }
        if not all(isinstance(known[name], str) for name in ("run_id", "sort")):
            return None
        try:
            quote_path_part(known["run_id"])
            known["run_id_start"] = timestamps.normalize(known["run_id_start"])
            for name in ("run_id_end", "segment_timestamp"):
                known[name] = timestamps.normalize_optional(known[name])
            for name in ("digest", "viewer"):
                known[name] = known[name] if isinstance(known[name], str) else None
        except TapError:
            return None
        return cls(segment_id=segment_id, **known) if is_sort(known["sort"]) else None

    @property
    def facts(self) -> dict[str, Any]:
        """What the state keeps of it."""
        return {name: value for name, value in asdict(self).items() if name != "segment_id"}

    def is_later_than(self, run_id_start: str) -> bool:
        """Tell whether it was started later than another run, by at least a millisecond."""
        return self._started > timestamps.epoch_milliseconds(timestamps.parse(run_id_start))

    def has_the_result_of(self, other: Run) -> bool:
        """Tell whether it has the result of another; the digest decides, where there is one."""
        if self.digest and other.digest:
            return self.digest == other.digest
        return timestamps.may_be_equal(self.run_id_end, other.run_id_end)

    @property
    def _started(self) -> int:
        return timestamps.epoch_milliseconds(timestamps.parse(self.run_id_start))


@dataclass(frozen=True)
class Look:
    """What one answer tells of a run."""

    run: Run
    is_ready: bool
    matches: list[Any] | None
    """One page of contact ids as they came, None where the answer has none."""
    total: int | None
    """Contacts in the whole result, None where the answer has no ``page``."""
    last_page: int | None
    """Pages of the result, None where the answer does not tell."""
    per_page: int | None
    """Contacts on each page but the last, None where the answer does not tell."""


KEPT = timedelta(days=90)
"""How long ActiveCampaign keeps the result of a run (documented)."""
_NO_SUCH_PAGE = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""What a server may say of a page that is not there."""
GRACE = 30.0
"""Seconds after its start in which a run that is unknown is not missed."""


class MatchAll:
    """Starts and reads match-all runs; may be used by several threads at once."""

    def __init__(self, client: ActiveCampaignClient, clock: Clock, page_size: int) -> None:
        """Keep what every request needs."""
        self._client = client
        self._clock = clock
        self._started: dict[str, float] = {}
        self.page_size = page_size

    def start(self, segment_id: str, sort: str, *, instant: bool = False) -> Look:
        """Start a run. The answer brings the first page along if the result is there within 4 s.

        Args:
            segment_id: What to evaluate.
            sort: The order of the result.
            instant: Do not wait for the result at all.

        Raises:
            NotFoundError: There is no such segment.
            BadRequestError: The segment cannot be evaluated as it stands.
            TapError: No usable answer came.
        """
        params: dict[str, Any] = {"instant": ""} if instant else {}
        answer = self._client.get(
            "segmentMatchAll",
            segment_id,
            confirm_404=True,
            sort=sort,
            page=1,
            page_size=self.page_size,
            **params,
        )
        look = _look(segment_id, sort, answer)
        self._started[look.run.run_id] = self._clock.monotonic()
        return look

    def read(self, run: Run, page: int = 1) -> Look:
        """Look at a run, and at a page of its result if it is ready.

        Raises:
            RunFailedError: The vendor gave it up.
            RunLostError: It is expired or unknown.
            TapError: No usable answer came.
        """
        while (answer := self._answer(run, page)) is None:
            pass
        look = _look(run.segment_id, run.sort, answer)
        if look.run.run_id != run.run_id:
            msg = f"asked for run {run.run_id}, the API answers with run {look.run.run_id}"
            raise MalformedResponseError(msg)
        return usable(look)

    def beyond(self, run: Run, page: int) -> list[int]:
        """Return the ids on a page that should not be there: none, in whatever form.

        Raises:
            TapError: No usable answer came.
        """
        try:
            answer = self._request(run, page, confirm_404=False)
        except RequestError as error:
            if error.status in _NO_SUCH_PAGE:
                return []
            raise
        found = resources(answer)
        matches = attributes(found[0]).get("matches") if found else None
        ids = map(coerce_count, matches) if isinstance(matches, list) else ()
        return [each for each in ids if each is not None]

    def wait(self, run: Run, timeout: float, first: float) -> Look:
        """Return the first look that finds a run ready.

        Args:
            run: The run, started.
            timeout: Seconds to wait in all.
            first: Seconds before the first look.

        Raises:
            NotDoneError: It was not ready in time.
            RunFailedError: The vendor gave it up.
            RunLostError: It is expired or unknown.
            TapError: No usable answer came.
        """

        def look() -> Look | None:
            seen = self.read(run)
            return seen if seen.is_ready else None

        return until_done(look, clock=self._clock, timeout=timeout, first=first)

    def _answer(self, run: Run, page: int) -> dict[str, Any] | None:
        """Return what the API answers, None if it does not know the run yet."""
        try:
            return self._request(run, page, confirm_404=not self._has_expired(run))
        except NotFoundError as error:
            if self._has_just_started(run):
                return None
            raise _lost(run) from error
        except TransientError as error:
            # After 90 days a 404 is what was to be expected, in whatever form.
            if error.status == HTTPStatus.NOT_FOUND and self._has_expired(run):
                raise _lost(run) from error
            raise

    def _request(self, run: Run, page: int, *, confirm_404: bool) -> dict[str, Any]:
        return self._client.get(
            "segmentMatchAll",
            run.segment_id,
            run.run_id,
            confirm_404=confirm_404,
            sort=run.sort,
            page=page,
            page_size=self.page_size,
        )

    def _has_expired(self, run: Run) -> bool:
        return self._clock.now() - timestamps.parse(run.run_id_start) > KEPT

    def _has_just_started(self, run: Run) -> bool:
        started = self._started.get(run.run_id, float("-inf"))
        return self._clock.monotonic() - started < GRACE


def _lost(run: Run) -> RunLostError:
    return RunLostError(f"run {run.run_id} is expired or unknown")


def usable(look: Look) -> Look:
    """Return a look at a run that is not given up.

    Raises:
        RunFailedError: It has ended without being ready (documented sign of a failure).
    """
    if not look.is_ready and look.run.run_id_end is not None:
        msg = f"run {look.run.run_id} failed at ActiveCampaign"
        raise RunFailedError(msg)
    return look


def _look(segment_id: str, sort: str, answer: dict[str, Any]) -> Look:
    found = resources(answer)
    if not found:
        msg = "the API answered without the run that was asked for"
        raise MalformedResponseError(msg)
    facts = attributes(found[0])
    run_id, is_ready, matches = facts.get("run_id"), facts.get("is_ready"), facts.get("matches")
    if (
        not isinstance(run_id, str)
        or not isinstance(is_ready, bool)
        or not isinstance(matches, list | None)
        or facts.get("segment_id", segment_id) != segment_id
    ):
        msg = "the API answered with something that is no run of this segment"
        raise MalformedResponseError(msg)
    run = Run(
        segment_id,
        run_id,
        sort,
        run_id_start=timestamps.normalize(facts.get("run_id_start")),
        run_id_end=timestamps.normalize_optional(facts.get("run_id_end")),
        segment_timestamp=timestamps.normalize_optional(facts.get("segment_timestamp")),
    )
    page = facts.get("page")
    page = page if isinstance(page, dict) else {}
    return Look(
        run,
        is_ready,
        matches,
        total=coerce_count(page.get("total")),
        last_page=coerce_count(page.get("last_page")),
        per_page=coerce_count(page.get("per_page")) or None,
    )
