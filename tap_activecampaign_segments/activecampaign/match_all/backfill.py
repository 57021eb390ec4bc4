"""Backfill: recorded runs are compared like runs of the tap, before the first run that follows."""

from __future__ import annotations

from http import HTTPStatus
from threading import Semaphore
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluation
from tap_activecampaign_segments.activecampaign.match_all.membership_diff import diff_contact_ids
from tap_activecampaign_segments.activecampaign.match_all.recorded_results import RecordedResults
from tap_activecampaign_segments.activecampaign.match_all.run_state import RecordedView
from tap_activecampaign_segments.errors import AccountError, TapError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.match_all.compare import Comparison
    from tap_activecampaign_segments.activecampaign.match_all.emit import Chain
    from tap_activecampaign_segments.activecampaign.match_all.membership_diff import MembershipDiff
    from tap_activecampaign_segments.activecampaign.match_all.recorded_history import (
        RecordedHistory,
    )
    from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import RecordedRun
    from tap_activecampaign_segments.activecampaign.match_all.recorded_visibility import (
        RecordedVisibility,
    )
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Run
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.match_all.run_state import (
        RunState,
        SegmentRuns,
    )
    from tap_activecampaign_segments.activecampaign.match_all.witnesses import Witnesses
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.clock import Clock

MAX_SEGMENTS = 4
"""Segments whose recorded runs are read at a time."""
MAX_SECONDS = 120.0
"""Seconds of reading after which the runs that were compared are emitted."""


class Backfill:
    """Compares recorded runs. Thread-safe."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        history: RecordedHistory,
        read: Callable[[RecordedRun], Result],
        comparison: Comparison,
        witnesses: Witnesses,
        visibility: RecordedVisibility,
        options: RunOptions,
        settings: ActiveCampaignSettings,
        clock: Clock,
        count_run: Callable[[str], None],
        logger: Logger,
    ) -> None:
        """Set what all segments share.

        Args:
            history: Finds recorded runs.
            read: Reads one of them; see `RecordedRunReader.read`.
            comparison: Compares results.
            witnesses: Judges differences.
            visibility: Tells whether the token's user sees what recorded runs show.
            options: What the sync needs of the runs.
            settings: The tap's settings.
            clock: Time source; replaceable in tests.
            count_run: Called for each recorded run with what became of it.
            logger: Receives warnings.
        """
        self._history = history
        self._read_run = read
        self._comparison = comparison
        self._witnesses = witnesses
        self._visibility = visibility
        self._options = options
        self._clock = clock
        self._page_size = settings.page_size
        self._is_wanted = bool(settings.backfill_days and options.streams)
        self._count_run = count_run
        self._logger = logger
        self._slots = Semaphore(MAX_SEGMENTS)

    def extend(
        self, chain: Chain, segment: Segment, state: RunState, until: Result
    ) -> Iterator[list[Evaluation]]:
        """Append the recorded runs before a result to a chain, if they are wanted, and once.

        Args:
            chain: The chain.
            segment: The segment as listed.
            state: The segment's runs in the state.
            until: The complete result of the run that follows.

        Yields:
            Runs that have to be emitted before others are read, because reading takes long. They
            are persisted in the state. The last ones stay in the chain.

        Raises:
            TapError: The API does not answer.
        """
        if chain.is_extended or not self._is_wanted:
            return
        chain.is_extended = True
        with self._slots:
            recorded = self._find(segment, state.runs, until.run)
            results = RecordedResults(recorded, self._read_run, self._count_run)
            if not self._confirm(chain, segment, results, until):
                return
            rest = iter(results)
            is_done = self._append(chain, segment, state.runs, results, rest, until.run)
        while not is_done:
            state.persist(**chain.state_changes)
            yield chain.take()
            with self._slots:
                is_done = self._append(chain, segment, state.runs, results, rest, until.run)

    def _find(self, segment: Segment, runs: SegmentRuns, until: Run) -> list[RecordedRun]:
        """Return the recorded runs, none if the count history is refused or cannot be used."""
        try:
            return self._history.find(segment, runs, until)
        except AccountError:
            raise
        except TransientError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            cause: TapError = error
        except TapError as error:
            cause = error
        self._logger.warning("%s: its recorded runs cannot be listed: %s", segment, cause)
        return []

    def is_visible(
        self, chain: Chain, segment: Segment, run: Run, diff: MembershipDiff | None
    ) -> bool:
        """Tell whether a difference between a recorded run and one of the tap may be believed.

        Args:
            chain: The chain; it notes that the answer is yes.
            segment: The segment as listed.
            run: The later run.
            diff: Its difference to the earlier one, None on a baseline.

        Raises:
            TapError: The API does not answer.
        """
        if diff is None or chain.view or diff.predecessor.run.is_recorded is run.is_recorded:
            return True
        missing = diff.joined if run.is_recorded else diff.left
        return self._confirm_missing(chain, segment, missing)

    def _confirm(
        self, chain: Chain, segment: Segment, results: RecordedResults, until: Result
    ) -> bool:
        """Tell whether recorded runs may be used: before the first row of one is emitted."""
        if self._visibility.is_restricted:
            return False
        if chain.view or until.run.is_recorded or (newest := results.read_newest()) is None:
            return True
        _, missing = diff_contact_ids(newest.contact_ids, until.contact_ids)
        return self._confirm_missing(chain, segment, missing)

    def _confirm_missing(self, chain: Chain, segment: Segment, missing: Sequence[int]) -> bool:
        if not missing:
            # Nothing speaks against it, and nothing for it: the next difference is checked too.
            return True
        if not self._visibility.confirm(segment.segment_id, missing):
            return False
        chain.view = RecordedView(str(self._options.viewer))
        return True

    def _append(  # noqa: PLR0913, PLR0917
        self,
        chain: Chain,
        segment: Segment,
        runs: SegmentRuns,
        results: RecordedResults,
        rest: Iterable[Result],
        until: Run,
    ) -> bool:
        """Append results to a chain, and return whether all were read within `MAX_SECONDS`."""
        start = self._clock.monotonic()
        for result in rest:
            if not _is_between(chain, runs, result.run, until):
                results.reject(result, "out_of_order", self._pages(result))
                continue
            diff = self._comparison.compare(segment, result, chain.predecessor, chain.contact_ids)
            if sentence := self._find_drop(runs, result, diff):
                self._logger.warning(
                    "%s: recorded run %s is left out: %s", segment, result.run.run_id, sentence
                )
                results.reject(result, "implausible", self._pages(result))
                continue
            if not self.is_visible(chain, segment, result.run, diff):
                return True
            self._count_run("read")
            chain.append(Evaluation(result, streams=self._options.streams, diff=diff))
            if self._clock.monotonic() - start > MAX_SECONDS:
                return False
        return True

    def _find_drop(
        self, runs: SegmentRuns, result: Result, diff: MembershipDiff | None
    ) -> str | None:
        """Return what is implausible about a recorded run, None if nothing is."""
        if diff is None:
            committed = runs.committed_for(self._options.viewer)
            drop = self._witnesses.find_drop(committed, result)
            return f"it has {drop.total} contacts" if drop else None
        left, before = len(diff.left), diff.previous_total
        trips = self._witnesses.find_mass_departure(left, diff.predecessor.run, before, result.run)
        return f"{left} of {before} members left at once (see max_left_share)" if trips else None

    def _pages(self, result: Result) -> int:
        return max(-(-result.total // self._page_size), 1)


def _is_between(chain: Chain, runs: SegmentRuns, run: Run, until: Run) -> bool:
    """Return whether a run overlaps neither the one before it nor the one that follows."""
    before = [runs.last_known[1]] if runs.last_known else []
    if chain.predecessor:
        previous = chain.predecessor.run
        before.append(previous.run_id_start)
        if run.run_id_start < (previous.run_id_end or ""):
            return False
    return (
        all(map(run.is_later_than, before))
        and until.is_later_than(run.run_id_start)
        and until.run_id_start >= (run.run_id_end or "")
    )
