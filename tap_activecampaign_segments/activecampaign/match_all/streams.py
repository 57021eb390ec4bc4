"""The streams that hang on match-all runs, and how a run is driven through them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from tap_activecampaign_segments.activecampaign.match_all.acquire import NotReadyError
from tap_activecampaign_segments.activecampaign.match_all.evaluate import Evaluator
from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
from tap_activecampaign_segments.activecampaign.match_all.run_state import RunState
from tap_activecampaign_segments.activecampaign.prefetch import background
from tap_activecampaign_segments.errors import RequestError
from tap_activecampaign_segments.singer.message_writer import RecordPage
from tap_activecampaign_segments.singer.stream import (
    AccountStream,
    CommitStream,
    LedgerStream,
    SegmentStream,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.metrics import Counter

    from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluation
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.errors import TapError


PAGE = 10_000
"""Differences that leave at once."""


class RunStream(CommitStream, SegmentStream):
    """Runs: each is a commit, whose row comes after all that hangs on it."""

    evaluation: Evaluation | None = None
    """The run that is leaving."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin no run yet."""
        super().__init__(*args, **kwargs)
        self._last_changes: dict[str, Future[str | None]] = {}

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        # A connection test pays for one evaluation at most.
        return super().partitions[: 1 if self.is_test else None]

    @property
    def is_test(self) -> bool:
        """Whether a connection test is going on, which cuts each stream short."""
        return self.ABORT_AT_RECORD_COUNT is not None

    @cached_property
    def evaluator(self) -> Evaluator:
        """What brings segments to results."""
        selected = [child for child in self.child_streams if child.selected]
        changes = [child.name for child in selected if isinstance(child, ChangeStream)]
        if changes and not self.selected:
            self.logger.warning(
                "%s: selected without %s, whose rows tell which of theirs count: select it too",
                ", ".join(changes),
                self.name,
            )
        known = (*changes, self.name) if changes and self.selected else tuple(changes)
        options = RunOptions(
            contacts=bool(selected),
            streams=known,
            # Where nothing is compared, and nothing was, the token alone is noted.
            viewer=self._tap.viewer(asks=bool(changes) and not self.is_test),
            first_page_only=self.is_test,
        )
        return Evaluator(self.account, options, self._tap.progress.count, self.logger)

    def run_state(self, segment: Segment) -> RunState:
        """Return what the state keeps of a segment's runs."""
        entry = self.get_context_state({"segment_id": segment.segment_id})
        return RunState(segment.segment_id, entry, self._tap.states.name)

    @override
    def expected_contacts(self, segment: Segment) -> int:
        if not any(child.selected for child in self.child_streams):
            return 0
        committed = self.run_state(segment).runs.committed
        return max(segment.last_size, committed.total if committed else 0)

    @override
    def work(self, segment: Segment) -> Callable[[], Evaluation]:
        state = self.run_state(segment)
        last_change: Future[str | None] = Future()
        self._last_changes[segment.segment_id] = last_change
        evaluator = self.evaluator

        def work() -> Evaluation:
            told = None
            try:
                evaluation = evaluator.evaluate(segment, state)
                if evaluation.is_new:
                    told = evaluation.result.run.segment_timestamp
                return evaluation
            finally:
                last_change.set_result(told)

        return work

    def last_change(self, segment: Segment) -> Future[str | None] | None:
        """Return when a run of this sync found the segment to have been changed last.

        The instant is None if no run told; there is no future at all if none was begun.
        """
        return self._last_changes.get(segment.segment_id)

    @override
    def rows(self, segment: Segment, prepared: Any) -> Iterator[dict[str, Any]]:
        yield from self._emitted(segment, prepared)
        if prepared.needs_fresh and not self.is_test:
            fresh = background(self.work(segment))
            yield from self._emitted(segment, self._tap.awaited(segment, fresh))

    def _emitted(self, segment: Segment, evaluation: Evaluation) -> Iterator[dict[str, Any]]:
        self.evaluation = evaluation
        # What hangs on a run leaves before the run's row: it is their commit.
        run = evaluation.result.run
        self._sync_children({"segment_id": run.segment_id, "run_id": run.run_id})
        if not self.is_test:
            if not evaluation.is_repeated:
                yield evaluation.record
            self.run_state(segment).update(**evaluation.state_changes)
        self.evaluation = None

    @override
    def give_up(self, segment: Segment, error: TapError) -> None:
        # Where only the way to a run was barred, the run may still be had.
        state = self.run_state(segment)
        if state.runs.running and not isinstance(error, (NotReadyError, RequestError)):
            state.update(running=None)


@dataclass(frozen=True)
class Page:
    """Records that differ in a few numbers alone.

    Attributes:
        row: One of them.
        columns: The numbers, by field, in the order of the row's fields.
    """

    row: dict[str, Any]
    columns: dict[str, Sequence[int]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give the records one by one."""
        for numbers in zip(*self.columns.values(), strict=True):
            yield {**self.row, **dict(zip(self.columns, numbers, strict=True))}


class RunChildStream(LedgerStream, AccountStream):
    """A stream below a run. What the state knows of it stands in the run's partition."""

    state_partitioning_keys: Sequence[str] = ()
    _counter: Counter

    @cached_property
    def renders_pages(self) -> bool:
        """Whether nothing looks at single records, so that whole pages may leave at once."""
        [first, *others] = self.stream_maps
        return (
            type(first) is SameRecordTransform
            and not others
            and not first.flattening_enabled
            and self.ABORT_AT_RECORD_COUNT is None
            and self.get_batch_config(self.config) is None
            and all(self.mask[("properties", name)] for name in self.schema["properties"])
        )

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        parent = self._tap.streams["match_all_runs"]
        assert isinstance(parent, RunStream)  # noqa: S101
        assert parent.evaluation is not None  # noqa: S101
        for page in self.pages(parent.evaluation):
            self._tap.states.serve()
            if self.renders_pages:
                self._write_page(page)
            else:
                yield from page.rows()

    def pages(self, evaluation: Evaluation) -> Iterator[Page]:
        """Give the records of one run."""
        raise NotImplementedError

    def _write_page(self, page: Page) -> None:
        [message] = self._generate_record_messages(page.row.copy())
        self._tap.write_message(RecordPage.of(message, page.columns))
        self._counter.increment(len(page.columns["contact_id"]))

    @override
    def get_record_counter(self, **options: Any) -> Counter:
        self._counter = super().get_record_counter(**options)
        return self._counter


class ChangeStream(RunChildStream):
    """A stream of who joined and who left."""

    @override
    def pages(self, evaluation: Evaluation) -> Iterator[Page]:
        if evaluation.is_baseline:
            row = self.row(evaluation, is_member=True)
            for page in evaluation.result.contact_ids:
                yield Page(row, {"contact_id": page})
        for contact_ids, is_member in ((evaluation.joined, True), (evaluation.left, False)):
            row = self.row(evaluation, is_member=is_member)
            for start in range(0, len(contact_ids), PAGE):
                yield Page(row, {"contact_id": contact_ids[start : start + PAGE]})

    def row(self, evaluation: Evaluation, *, is_member: bool) -> dict[str, Any]:
        """Return the record of a contact that joined, or left, in a run; its id is to be set."""
        raise NotImplementedError
