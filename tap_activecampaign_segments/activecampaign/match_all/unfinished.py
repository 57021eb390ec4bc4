"""Finishes the runs of which an earlier sync may have emitted some rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.match_all.emit import Chain, Evaluation
from tap_activecampaign_segments.activecampaign.match_all.run import PreviousResultLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.match_all.compare import Comparison
    from tap_activecampaign_segments.activecampaign.match_all.result import Result
    from tap_activecampaign_segments.activecampaign.match_all.run import Predecessor, Run
    from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
    from tap_activecampaign_segments.activecampaign.match_all.run_state import SegmentRuns
    from tap_activecampaign_segments.activecampaign.match_all.witnesses import Witnesses
    from tap_activecampaign_segments.activecampaign.segments import Segment


class UnfinishedRuns:
    """Finishes runs that the state names: recorded ones, and then the pair. Thread-safe."""

    def __init__(
        self,
        prove: Callable[[Run], Result],
        comparison: Comparison,
        witnesses: Witnesses,
        options: RunOptions,
    ) -> None:
        """Set what all segments share.

        Args:
            prove: Proves that a result is the same; see `Prover.prove_pair`.
            comparison: Compares results.
            witnesses: What else is known of a segment's size.
            options: What the sync needs of the runs.
        """
        self._prove = prove
        self._comparison = comparison
        self._witnesses = witnesses
        self._options = options

    def has_any(
        self, runs: SegmentRuns, predecessor: Predecessor | None, *, is_rebaselined: bool
    ) -> bool:
        """Return whether there are runs to finish.

        Args:
            runs: The segment's runs in the state.
            predecessor: The run to compare with, None if a baseline has to follow.
            is_rebaselined: Whether the configuration asks for a baseline.
        """
        if predecessor:
            return bool(runs.pair or runs.recorded)
        if runs.predecessor or is_rebaselined or not self._options.streams:
            return False
        # The first of the recorded runs is a baseline.
        return bool(runs.recorded) and self._options.viewer.matches(runs.recorded[0].viewer)

    def finish(
        self, segment: Segment, runs: SegmentRuns, predecessor: Predecessor | None
    ) -> list[Evaluation] | None:
        """Return the runs with the differences that they had. Their sort and age do not matter.

        Args:
            segment: The segment as listed.
            runs: The segment's runs in the state.
            predecessor: The run that the first one is compared with, None for a baseline.

        Returns:
            None if a result is lost: a baseline has to follow.

        Raises:
            TapError: A result could not be read.
        """
        chain = Chain(predecessor, view=runs.view)
        for run in (*runs.recorded, runs.pair):
            if run is None:
                break
            try:
                result = self._prove(run)
            except PreviousResultLostError as error:
                self._comparison.warn_of_baseline(segment, str(error))
                return None
            diff = self._comparison.compare(segment, result, chain.predecessor, chain.contact_ids)
            if diff is None and chain.predecessor:
                return None
            evaluation = Evaluation(result, streams=self._options.streams, diff=diff)
            if run is runs.pair:
                return [*chain.take(), self._as_last(segment, runs, evaluation)]
            chain.append(evaluation)
        return chain.take()

    def _as_last(self, segment: Segment, runs: SegmentRuns, evaluation: Evaluation) -> Evaluation:
        result: Result = evaluation.result
        return replace(
            evaluation,
            is_newest=runs.is_newest(result.run),
            outvoted=self._witnesses.find_outvoted(segment, result),
        )
