"""The streams that hang on match-all runs, and how a run is driven through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_activecampaign_segments.bookmarks import RunBookmark
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.evaluator import Evaluator
from tap_activecampaign_segments.stream import AccountStream, SegmentStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context, Record

    from tap_activecampaign_segments.evaluation import Evaluation
    from tap_activecampaign_segments.segments import Segment


class RunStream(SegmentStream):
    """Runs: each is a commit, whose row comes after all that hangs on it."""

    evaluation: Evaluation | None = None
    """The run that is leaving."""
    _bookmark: RunBookmark

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        # A connection test pays for one evaluation at most.
        return super().partitions[: 1 if self.is_test else None]

    @property
    def is_test(self) -> bool:
        """Whether a connection test is going on, which cuts each stream short."""
        return self.ABORT_AT_RECORD_COUNT is not None

    @property
    def compares(self) -> bool:
        """Whether a stream of differences is selected."""
        return any(
            child.selected for child in self.child_streams if isinstance(child, ChangeStream)
        )

    @override
    def rows(self, segment: Segment) -> Iterator[dict[str, Any]]:
        context = {"segment_id": segment.segment_id}
        self._bookmark = RunBookmark(segment.segment_id, self.get_context_state(context))
        evaluator = Evaluator(
            self.account.match_all,
            self.account.settings,
            self.account.clock,
            self.logger,
            compares=self.compares,
            name_in_state=self._tap.write_state_now,
        )
        try:
            for evaluation in evaluator.evaluations(segment, self._bookmark):
                self.evaluation = evaluation
                # What hangs on a run leaves before the run's row is made: it holds their counts,
                # and exists only if all of them finished.
                self._sync_children({**context, "run_id": evaluation.result.run.run_id})
                if self.is_test:
                    return
                if evaluation.error is None:
                    yield from self.fitted([evaluation.row])
                    self._bookmark.update(**evaluation.facts)
        except TapError as error:
            self.account.excuse(segment, error)

    def pin(self, evaluation: Evaluation) -> None:
        """Name the two runs in the state before the first row of their difference leaves."""
        run = evaluation.result.run
        if self._bookmark.facts.pair != run:
            self._bookmark.update(pair=run)
            self._tap.write_state_now()

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        # A commit that waits in a batch until that is full commits nothing.
        return

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterator[Context | None]:
        # The children are synced in `rows`.
        yield from ()

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        # Committed in `rows`, together with the other facts, whether this stream is selected or
        # only one below it.
        pass

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        # A run does not begin where another ended.
        pass


class RunChildStream(AccountStream):
    """A stream below a run. What the state knows of it stands in the run's partition."""

    state_partitioning_keys: Sequence[str] = ()
    is_per_segment = True

    @property
    def parent(self) -> RunStream:
        """The stream of the runs."""
        parent = self._tap.streams["match_all_runs"]
        assert isinstance(parent, RunStream)  # noqa: S101
        return parent

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        evaluation = self.parent.evaluation
        if evaluation is None or evaluation.error is not None:
            return
        try:
            yield from self.rows(evaluation)
        except TapError as error:
            evaluation.error = error

    def rows(self, evaluation: Evaluation) -> Iterator[dict[str, Any]]:
        """Give the records of one run.

        Raises:
            TapError: They could not be read, or cannot be believed.
        """
        raise NotImplementedError

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        # One entry a run would stay in the state for ever.
        pass

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        pass


class ChangeStream(RunChildStream):
    """A stream of who joined and who left."""

    @override
    def rows(self, evaluation: Evaluation) -> Iterator[dict[str, Any]]:
        if evaluation.is_baseline:
            for _, page in evaluation.members():
                yield from self.changed(evaluation, page, is_member=True)
        else:
            joined, left = evaluation.changes
            if joined or left:
                self.parent.pin(evaluation)
            yield from self.changed(evaluation, joined, is_member=True)
            yield from self.changed(evaluation, left, is_member=False)

    def changed(
        self, evaluation: Evaluation, contact_ids: list[int], *, is_member: bool
    ) -> Iterator[dict[str, Any]]:
        """Give the records of contacts that joined, or left, in a run."""
        raise NotImplementedError
