"""Reads the result of an earlier sync's run again, and proves that it is still the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
from tap_activecampaign_segments.activecampaign.match_all.result_reader import (
    IncompleteResultError,
)
from tap_activecampaign_segments.activecampaign.match_all.run import (
    PreviousResultLostError,
    RunFailedError,
    RunLostError,
)
from tap_activecampaign_segments.errors import MalformedResponseError, TapError

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.match_all.result_reader import ResultReader
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_response import RunReader

_EMPTY_DIGEST = ContactIds().digest


class PreviousResultReader:
    """Reads results that the state names. Thread-safe."""

    def __init__(self, run_client: RunReader, reader: ResultReader) -> None:
        """Set where results are read."""
        self._run_client = run_client
        self._reader = reader

    def read(self, run: Run) -> ContactIds:
        """Return the contact ids of a run, the same as when it was committed.

        The digest in the state proves them, whatever else the answers tell. Only a state of an
        older version has none; then the result has to be complete and to have the same end. A
        result that is not proved is read once more.

        Args:
            run: The run as the state has it.

        Raises:
            PreviousResultLostError: The result is gone, or is twice the same other one.
            TapError: The result could not be read.
        """
        attempts: list[_Attempt] = []
        for _ in range(2):
            attempt = self._attempt(run)
            if attempt.contact_ids is not None and attempt.is_proved:
                return attempt.contact_ids
            attempts.append(attempt)
        first, second = attempts
        if first.is_gone and second.is_gone:
            raise PreviousResultLostError(second.flaw)
        if _have_same_contacts(first, second):
            msg = (
                f"run {run.run_id} holds other contacts than it did "
                "(some were deleted since, or it was evaluated again)"
            )
            raise PreviousResultLostError(msg)
        raise _unreadable(second.flaw or first.flaw or f"run {run.run_id} changes")

    def _attempt(self, run: Run) -> _Attempt:
        try:
            response = self._run_client.read(run)
        except RunLostError as error:
            raise PreviousResultLostError(str(error)) from error
        except RunFailedError as error:
            return _Attempt(str(error), is_gone=True)
        except MalformedResponseError as error:
            raise _unreadable(str(error)) from error
        if not response.is_ready:
            return _Attempt(f"run {run.run_id} is not ready any more", is_gone=True)
        try:
            read = self._reader.read(response)
        except (IncompleteResultError, RunLostError, RunFailedError) as error:
            return _Attempt(str(error))
        except MalformedResponseError as error:
            raise _unreadable(str(error)) from error
        contact_ids = read.result.contact_ids
        # Two responses without a total do not prove that the result has become empty.
        if not read.tells_total and run.digest != _EMPTY_DIGEST:
            raise _unreadable(f"run {run.run_id} does not say how many contacts it found")
        if run.digest is None:
            run_id_end = read.result.run.run_id_end
            is_proved = not read.flaw and timestamps.may_be_equal(run.run_id_end, run_id_end)
        else:
            is_proved = run.digest == contact_ids.digest
        if read.is_mixed and not is_proved:
            return _Attempt(read.flaw or "")
        return _Attempt(read.flaw or "", contact_ids, is_proved=is_proved)


@dataclass(frozen=True)
class _Attempt:
    """One attempt to read a previous result.

    Attributes:
        flaw: What is wrong with what was read, empty if nothing is.
        contact_ids: The contact ids, None where no single result was read.
        is_proved: Whether they are those of the committed result.
        is_gone: Whether ActiveCampaign says that there is no result any more.
    """

    flaw: str
    contact_ids: ContactIds | None = None
    is_proved: bool = False
    is_gone: bool = False


def _unreadable(flaw: str) -> TapError:
    return TapError(f"the previous run cannot be read: {flaw}; name the segment in rebaseline once")


def _have_same_contacts(first: _Attempt, second: _Attempt) -> bool:
    if first.contact_ids is None or second.contact_ids is None:
        return False
    return first.contact_ids.digest == second.contact_ids.digest
