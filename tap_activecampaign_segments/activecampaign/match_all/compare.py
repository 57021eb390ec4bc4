"""What changed? A difference to the predecessor, or a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.match_all.membership_diff import (
    MembershipDiff,
    diff_contact_ids,
)
from tap_activecampaign_segments.activecampaign.match_all.run import (
    CONTACT_STREAMS,
    RETENTION,
    PreviousResultLostError,
)
from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.match_all.contact_ids import ContactIds
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Predecessor, Run
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.match_all.run_state import SegmentRuns
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.clock import Clock

WARNING_AGE_DAYS = 75
"""Age in days from which on a warning says that the predecessor will expire."""


class Comparison:
    """Compares results with their predecessors. Thread-safe."""

    def __init__(
        self,
        read_previous: Callable[[Run], ContactIds],
        options: RunOptions,
        clock: Clock,
        logger: Logger,
    ) -> None:
        """Set what all segments share.

        Args:
            read_previous: Reads a result that the state names, see `PreviousResultReader.read`.
            options: What the sync needs of the runs.
            clock: Time source; replaceable in tests.
            logger: Receives a warning with the cause of each unexpected baseline.
        """
        self._read_previous = read_previous
        self._options = options
        self._clock = clock
        self._logger = logger

    def find_predecessor(
        self, segment: Segment, runs: SegmentRuns, *, is_rebaselined: bool
    ) -> Predecessor | None:
        """Return the run to compare with, None if a baseline has to follow.

        Args:
            segment: The segment as listed.
            runs: The segment's runs in the state.
            is_rebaselined: Whether the configuration asks for a baseline.
        """
        predecessor = runs.predecessor
        if not self._options.streams or not predecessor or is_rebaselined:
            return None
        if missing := {*self._options.streams} - {*predecessor.streams} - CONTACT_STREAMS:
            names = ", ".join(sorted(missing))
            self.warn_of_baseline(segment, f"{names} knows nothing of the last run")
            return None
        if not self._options.viewer.matches(predecessor.run.viewer):
            self.warn_of_baseline(
                segment,
                "the last run was not made by the user of this API token, or that cannot be told",
            )
            return None
        age = self._clock.now() - timestamps.parse(predecessor.run.run_id_start)
        if WARNING_AGE_DAYS <= age.days < RETENTION.days:
            self._logger.warning(
                "%s: the run to compare with is %d days old; ActiveCampaign keeps it for %d days: "
                "sync before then, or a baseline follows",
                segment,
                age.days,
                RETENTION.days,
            )
        return predecessor

    def is_repeated(self, run: Run, runs: SegmentRuns, predecessor: Predecessor | None) -> bool:
        """Tell whether a run is the one that was committed last, and has nothing new.

        Args:
            run: The run, proved.
            runs: The segment's runs in the state.
            predecessor: The run to compare with, None for a baseline.

        Raises:
            MalformedResponseError: It has that run's id, and is another one. The rows of both would
                count as those of one run.
        """
        last, committed = runs.predecessor, runs.committed
        is_compared = bool(self._options.streams)
        if last is None or last.run.run_id != run.run_id:
            return not is_compared and committed is not None and committed.run_id == run.run_id
        if not last.run.has_same_result(run) or not (
            predecessor or not is_compared or last.run_number == 1
        ):
            msg = f"the new run has the id of the previous one, {run.run_id}"
            raise MalformedResponseError(msg)
        # A baseline may be emitted again, with the same rows.
        return predecessor is not None or not is_compared

    def compare(
        self,
        segment: Segment,
        result: Result,
        predecessor: Predecessor | None,
        previous: ContactIds | None = None,
    ) -> MembershipDiff | None:
        """Return how a result differs from its predecessor, None if it is a baseline.

        The predecessor is read again, unless its ids are known or the digests are equal.

        Args:
            segment: The segment as listed.
            result: The complete result.
            predecessor: The run to compare with, None for a baseline.
            previous: The contact ids of the predecessor, if they are known.

        Raises:
            TapError: The predecessor could not be read.
        """
        if predecessor is None:
            return None
        if predecessor.run.digest == result.contact_ids.digest:
            return MembershipDiff(predecessor, len(result.contact_ids))
        try:
            if previous is None:
                previous = self._read_previous(predecessor.run)
        except PreviousResultLostError as error:
            self.warn_of_baseline(segment, str(error))
            return None
        joined, left = diff_contact_ids(previous, result.contact_ids)
        return MembershipDiff(predecessor, len(previous), joined, left)

    def warn_of_baseline(self, segment: Segment, cause: str) -> None:
        """Log that a baseline follows, and why."""
        self._logger.warning("%s: %s; a baseline follows", segment, cause)
