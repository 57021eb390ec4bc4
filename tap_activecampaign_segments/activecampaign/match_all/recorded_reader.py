"""Reads recorded runs, and proves their results by what was recorded."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import (
    MAX_RECORDING_DELAY,
    SkippedRunError,
)
from tap_activecampaign_segments.activecampaign.match_all.result_reader import IncompleteResultError
from tap_activecampaign_segments.activecampaign.match_all.run import (
    RunFailedError,
    RunLostError,
)
from tap_activecampaign_segments.errors import (
    AccountError,
    MalformedResponseError,
    RequestError,
    TransientError,
)
from tap_activecampaign_segments.http.retry import MAX_TRIES

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import RecordedRun
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.result_reader import ResultReader
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_response import (
        RunReader,
        RunResponse,
    )
    from tap_activecampaign_segments.activecampaign.token_user import TokenUser


class RecordedRunReader:
    """Reads recorded runs, and proves their results by what was recorded. Thread-safe."""

    def __init__(self, run_client: RunReader, reader: ResultReader, viewer: TokenUser) -> None:
        """Set what all runs share.

        Args:
            run_client: Reads runs.
            reader: Reads results.
            viewer: The user of the API token.
        """
        self._run_client = run_client
        self._reader = reader
        self._viewer = viewer

    def read(self, recorded: RecordedRun) -> Result:
        """Return the complete result of a recorded run.

        It has to be ready, to have ended when the count was recorded, and to have as many contacts
        as were counted. Nothing is read again or guessed.

        Raises:
            SkippedRunError: It cannot be used.
            TransientError: The API does not answer.
            AccountError: The account cannot be read at all.
        """
        run_id = recorded.run_id
        response = self._read_first_page(recorded)
        if not response.is_ready:
            raise SkippedRunError(run_id, "unfinished")
        if not _ended_when_recorded(response.run, recorded):
            raise SkippedRunError(run_id, "evaluated_anew")
        if recorded.total is None or response.total not in {recorded.total, None}:
            raise SkippedRunError(run_id, "incomplete")
        pages = max(-(-recorded.total // (response.per_page or self._run_client.page_size)), 1)
        try:
            result = self._reader.read(response, is_counted=True).require_complete()
        except IncompleteResultError as error:
            raise SkippedRunError(run_id, "incomplete", pages) from error
        except (RunLostError, RunFailedError) as error:
            raise SkippedRunError(run_id, "gone", pages) from error
        except MalformedResponseError as error:
            raise SkippedRunError(run_id, "unreadable", pages) from error
        if result.total != recorded.total:
            raise SkippedRunError(run_id, "incomplete", pages)
        run = replace(result.run, digest=result.contact_ids.digest, viewer=str(self._viewer))
        return replace(result, run=run)

    def _read_first_page(self, recorded: RecordedRun) -> RunResponse:
        run_id = recorded.run_id
        try:
            return self._run_client.read(recorded.run, confirm_404=False)
        except RunLostError as error:
            raise SkippedRunError(run_id, "gone") from error
        except RunFailedError as error:
            raise SkippedRunError(run_id, "unfinished") from error
        except TransientError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            # A gateway that does not know the endpoint answers so each time.
            raise SkippedRunError(run_id, "gone", MAX_TRIES) from error
        except AccountError:
            raise
        except (RequestError, MalformedResponseError) as error:
            raise SkippedRunError(run_id, "unreadable") from error


def _ended_when_recorded(run: Run, recorded: RecordedRun) -> bool:
    ended = timestamps.parse(run.run_id_end or run.run_id_start)
    return abs(ended - timestamps.parse(recorded.recorded_at)) <= MAX_RECORDING_DELAY
