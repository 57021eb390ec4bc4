"""Is its result complete? All of its pages, or `IncompleteResultError`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.match_all.result import Result
from tap_activecampaign_segments.activecampaign.match_all.result_reader import IncompleteResultError
from tap_activecampaign_segments.activecampaign.match_all.run import RunLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
    from tap_activecampaign_segments.activecampaign.match_all.result_reader import (
        ReadResult,
        ResultReader,
    )
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.match_all.run_response import (
        ReadyRun,
        RunReader,
        RunResponse,
    )


class Prover:
    """Proves that results are complete. Thread-safe."""

    def __init__(
        self,
        run_client: RunReader,
        reader: ResultReader,
        read_previous: Callable[[Run], ContactIds],
        options: RunOptions,
    ) -> None:
        """Set what all results share.

        Args:
            run_client: Reads runs.
            reader: Reads results.
            read_previous: Reads a result that the state names, see `PreviousResultReader.read`.
            options: What the sync needs of the runs.
        """
        self._run_client = run_client
        self._reader = reader
        self._read_previous = read_previous
        self._options = options

    def prove(self, ready: ReadyRun) -> Result:
        """Return the complete result of a run; an incomplete one is read once more.

        For a connection test, only the first page is read, and nothing is proved.

        Args:
            ready: The run.

        Returns:
            The result. Its run is as the state keeps it, with digest and viewer.

        Raises:
            IncompleteResultError: The result is incomplete.
            RunLostError: An earlier sync emitted rows of the run, and its result has changed since.
            TapError: A page could not be read.
        """
        if self._options.first_page_only:
            return self._reader.read_first_page(ready.response)
        read = self._reader.read if self._options.contacts else self._reader.read_total
        result = self._read_twice(ready.response, read)
        digest = result.contact_ids.digest if self._options.streams else None
        result = replace(result, run=self._annotate(result.run, digest))
        if ready.resumed is None or not ready.may_have_emitted_rows:
            return result
        if not ready.resumed.has_same_result(result.run):
            msg = f"the result of run {ready.resumed.run_id} changed since its rows began to leave"
            raise RunLostError(msg)
        # The emitted rows have the timestamps in the form that they had then.
        return replace(result, run=ready.resumed)

    def prove_pair(self, pair: Run) -> Result:
        """Return the result of a run of whose differences some may have been emitted.

        Args:
            pair: The run as the state has it.

        Raises:
            PreviousResultLostError: The result is gone, or is another one by now.
            TapError: The result could not be read.
        """
        contact_ids = self._read_previous(pair)
        return Result(self._annotate(pair, contact_ids.digest), len(contact_ids), contact_ids)

    def _read_twice(
        self, response: RunResponse, read: Callable[[RunResponse], ReadResult]
    ) -> Result:
        try:
            return read(response).require_complete()
        except IncompleteResultError:
            second = self._run_client.read(response.run)
            if response.matches and not second.matches:
                # The result is not empty: the first response had ids.
                raise
            return read(second).require_complete()

    def _annotate(self, run: Run, digest: str | None) -> Run:
        return replace(run, digest=digest, viewer=str(self._options.viewer))
