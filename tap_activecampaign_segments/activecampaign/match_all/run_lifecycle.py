"""The API of match-all runs: start, poll, read."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.activecampaign.match_all.run import RETENTION, RunLostError
from tap_activecampaign_segments.activecampaign.match_all.run_response import RunResponse
from tap_activecampaign_segments.errors import (
    MalformedResponseError,
    NotFoundError,
    RequestError,
    TransientError,
)
from tap_activecampaign_segments.polling import poll
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.api import Api
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.clock import Clock


PROPAGATION_SECONDS = 30.0
"""Seconds after its start in which a 404 for a run is not believed (inferred)."""
_NO_SUCH_PAGE = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Statuses that may mean that a page does not exist; which one it is, is not documented."""


class RunClient:
    """Starts and reads match-all runs. Thread-safe."""

    def __init__(self, client: Api, clock: Clock, page_size: int) -> None:
        """Set what all requests share.

        Args:
            client: The account's client.
            clock: Time source; replaceable in tests.
            page_size: Contact ids a page, 1 to 10 000.
        """
        self._client = client
        self._clock = clock
        self._start_times: dict[str, float] = {}
        self.page_size = page_size

    def start(self, segment_id: str, sort: str, *, instant: bool = False) -> RunResponse:
        """Start a run.

        The response has the first page if the result is there within 4 s (documented).

        Args:
            segment_id: The segment to evaluate.
            sort: The order of the result.
            instant: Respond at once, without waiting for the result.

        Raises:
            NotFoundError: There is no such segment.
            BadRequestError: The segment cannot be evaluated by design.
            RunFailedError: ActiveCampaign gave up the evaluation.
            TapError: There was no usable answer.
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
        response = RunResponse.from_answer(segment_id, sort, answer)
        self._start_times[response.run.run_id] = self._clock.monotonic()
        response.raise_if_failed()
        return response

    def read(self, run: Run, page: int = 1, *, confirm_404: bool = True) -> RunResponse:
        """Read a run, and a page of its result if it is ready.

        A recorded run is read by ``segmentMatchSome``, which keeps the order of the result and
        cannot start anything (documented). Any sort but its own, which is unknown, would evaluate
        it again under its old id.

        Args:
            run: The run; one of the tap's is read with its own `sort`.
            page: The page, from 1.
            confirm_404: Whether to believe a 404 only if it is repeated.

        Raises:
            RunFailedError: ActiveCampaign gave up the evaluation.
            RunLostError: The run is expired or unknown.
            TapError: There was no usable answer.
        """
        while (answer := self._get_if_known(run, page, confirm_404=confirm_404)) is None:
            pass
        response = RunResponse.from_answer(run.segment_id, run.sort, answer, run.origin)
        if response.run.run_id != run.run_id:
            msg = f"asked for run {run.run_id}, the API answers with run {response.run.run_id}"
            raise MalformedResponseError(msg)
        response.raise_if_failed()
        return response

    def read_beyond_end(self, run: Run, page: int) -> list[int]:
        """Return the contact ids on a page that should not exist.

        How the API says that there is no such page is not documented: an error and a page without
        ids count alike.

        Raises:
            TapError: There was no usable answer.
        """
        try:
            answer = self._get(run, page, confirm_404=False)
        except RequestError as error:
            if error.status in _NO_SUCH_PAGE:
                return []
            raise
        found = resources(answer)
        matches = attributes(found[0]).get("matches") if found else None
        ids = map(coerce_count, matches) if isinstance(matches, list) else ()
        return [each for each in ids if each is not None]

    def wait(self, run: Run, timeout: float, first_delay: float) -> RunResponse:
        """Poll a run until it is ready, and return the response that has its first page.

        Args:
            run: The run.
            timeout: Maximum seconds to wait.
            first_delay: Seconds before the first poll.

        Raises:
            PollTimeoutError: The run was not ready within `timeout`.
            RunFailedError: ActiveCampaign gave up the evaluation.
            RunLostError: The run is expired or unknown.
            TapError: There was no usable answer.
        """

        def read_if_ready() -> RunResponse | None:
            response = self.read(run)
            return response if response.is_ready else None

        return poll(read_if_ready, clock=self._clock, timeout=timeout, first_delay=first_delay)

    def _get_if_known(self, run: Run, page: int, *, confirm_404: bool) -> dict[str, Any] | None:
        """Return the answer, None if the API does not know the run yet."""
        try:
            return self._get(run, page, confirm_404=confirm_404 and not self._is_expired(run))
        except NotFoundError as error:
            if self._is_just_started(run):
                return None
            raise _lost(run) from error
        except TransientError as error:
            # An expired run is expected to be gone, so a gateway's 404 is believed too.
            if error.status == HTTPStatus.NOT_FOUND and self._is_expired(run):
                raise _lost(run) from error
            raise

    def _get(self, run: Run, page: int, *, confirm_404: bool) -> dict[str, Any]:
        params: dict[str, Any] = {} if run.is_recorded else {"sort": run.sort}
        return self._client.get(
            "segmentMatchSome" if run.is_recorded else "segmentMatchAll",
            run.segment_id,
            run.run_id,
            confirm_404=confirm_404,
            **params,
            page=page,
            page_size=self.page_size,
        )

    def _is_expired(self, run: Run) -> bool:
        return self._clock.now() - timestamps.parse(run.run_id_start) > RETENTION

    def _is_just_started(self, run: Run) -> bool:
        started = self._start_times.get(run.run_id, float("-inf"))
        return self._clock.monotonic() - started < PROPAGATION_SECONDS


def _lost(run: Run) -> RunLostError:
    return RunLostError(f"run {run.run_id} is expired or unknown")
