"""The streams of match-all runs: each run is a commit of its child streams' rows."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from typing_extensions import override

from tap_activecampaign_segments.activecampaign.base_streams import (
    AccountContext,
    AccountStream,
    SegmentStream,
)
from tap_activecampaign_segments.activecampaign.contacts.reader import MAX_CONTACTS
from tap_activecampaign_segments.activecampaign.match_all import records
from tap_activecampaign_segments.activecampaign.match_all.acquire import NotReadyError
from tap_activecampaign_segments.activecampaign.match_all.run import (
    CONTACT_STREAMS,
    CONTACTS,
    HASHED_CONTACTS,
)
from tap_activecampaign_segments.activecampaign.match_all.run_options import RunOptions
from tap_activecampaign_segments.activecampaign.match_all.run_state import (
    RunState,
    unreadable_parts,
)
from tap_activecampaign_segments.activecampaign.prefetch import run_in_background
from tap_activecampaign_segments.errors import RequestError
from tap_activecampaign_segments.failures import wrap_unexpected_errors
from tap_activecampaign_segments.logs.progress import Position
from tap_activecampaign_segments.singer.page_stream import PageStream
from tap_activecampaign_segments.singer.parent_streams import ChildrenFirstStream, ManualStateStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context

    from tap_activecampaign_segments.activecampaign.contacts.lookup import ContactLookup
    from tap_activecampaign_segments.activecampaign.match_all.emit import Evaluates, Evaluation
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.errors import TapError
    from tap_activecampaign_segments.singer.fast_records import RecordPage
    from tap_activecampaign_segments.singer.output_tap import OutputTap

RESULTS_OF_BACKFILL = 8
"""Results of one segment in memory while recorded runs are read."""


class RunContext(AccountContext, Protocol):
    """What the streams share, and what evaluates segments; see `AccountSync`."""

    @property
    def contact_lookup(self) -> ContactLookup:
        """Looks contacts up."""

    def create_evaluator(self, options: RunOptions) -> Evaluates:
        """Return what evaluates segments."""


class EvaluatedRuns(NamedTuple):
    """The runs of a segment.

    Attributes:
        first: The first ones to emit.
        following: Evaluates others, each batch once those before it are committed.
    """

    first: list[Evaluation]
    following: Iterator[list[Evaluation]]


class MatchAllRuns(ChildrenFirstStream, SegmentStream):
    """The evaluations made by this tap."""

    name = "match_all_runs"
    primary_keys = ("segment_id", "run_id")
    replication_key = "run_id_start"
    evaluates = True

    def __init__(self, tap: OutputTap, sync: RunContext) -> None:
        """Create the stream; see `AccountStream`."""
        super().__init__(tap, sync)
        self._create_evaluator = sync.create_evaluator
        self._run_states: dict[str, RunState] = {}

    @staticmethod
    @override
    def unreadable_values(partition: dict[str, Any]) -> list[str]:
        return unreadable_parts(partition)

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        # A connection test pays for one evaluation at most.
        return super().partitions[: 1 if self.is_test else None]

    @cached_property
    def evaluator(self) -> Evaluates:
        """Evaluates segments. Thread-safe."""
        selected = self._read_children
        changes = [child.name for child in selected if isinstance(child, ChangeStream)]
        if changes and not self.selected:
            self.logger.warning(
                "%s: selected without %s, whose rows tell which of theirs count: select it too",
                ", ".join(changes),
                self.name,
            )
        contacts = [child.state_name for child in selected if isinstance(child, JoinedContacts)]
        compared = (*changes, *contacts)
        options = RunOptions(
            contacts=bool(selected),
            streams=(*compared, self.name) if changes and self.selected else compared,
            # Without differences, now or before, the token's digest alone is noted.
            viewer=self.sync_context.token_user(may_request=bool(compared) and not self.is_test),
            first_page_only=self.is_test,
            ranked=any(isinstance(child, MatchAllResults) for child in selected),
        )
        return self._create_evaluator(options)

    def run_state(self, segment: Segment) -> RunState:
        """Return what the state keeps of a segment's runs: one object, for two threads."""
        if segment.segment_id not in self._run_states:
            persist = self.sync_context.state_writer.persist
            entry = self.segment_state(segment)
            self._run_states[segment.segment_id] = RunState(segment.segment_id, entry, persist)
        return self._run_states[segment.segment_id]

    @override
    def expected_contacts(self, segment: Segment) -> int:
        if not any(child.selected for child in self.child_streams):
            return 0
        committed = self.run_state(segment).runs.committed
        results = RESULTS_OF_BACKFILL if self.account.settings.backfill_days else 1
        return results * max(segment.last_size, committed.total if committed else 0)

    @override
    def expected_requests(self, segment: Segment) -> float:
        runs, members = self.run_state(segment).runs, self.expected_contacts(segment)
        is_known = runs.predecessor and not CONTACT_STREAMS.isdisjoint(runs.predecessor.streams)
        looks_up = any(isinstance(child, JoinedContacts) for child in self._read_children)
        lookups = members / MAX_CONTACTS if looks_up and not is_known else 0
        return super().expected_requests(segment) + lookups

    @override
    def work(self, segment: Segment) -> Callable[[], EvaluatedRuns]:
        run_state = self.run_state(segment)
        last_change: Future[str | None] = Future()
        self.sync_context.last_changes[segment.segment_id] = last_change
        evaluator = self.evaluator

        def work() -> EvaluatedRuns:
            evaluations = evaluator.evaluate(segment, run_state)
            first: list[Evaluation] = []
            try:
                first = self._prefetch(evaluations)
                return EvaluatedRuns(first, evaluations)
            finally:
                changes = [each.last_change for each in first if each.last_change]
                last_change.set_result(changes[0] if changes else None)

        return work

    @override
    def rows(self, segment: Segment, prefetched: EvaluatedRuns) -> Iterator[dict[str, Any]]:
        batch = prefetched.first
        while batch:
            for evaluation in batch:
                yield from self._emit(segment, evaluation)
            if self.is_test:
                return
            following = run_in_background(lambda: self._prefetch(prefetched.following))
            batch = self.sync_context.wait_for(segment, following)

    def _prefetch(self, evaluations: Iterator[list[Evaluation]]) -> list[Evaluation]:
        """Return the next evaluations, and start what the child streams need for them."""
        batch = next(evaluations, [])
        for child in self._read_children:
            for evaluation in batch:
                child.prefetch(evaluation)
        return batch

    @property
    def _read_children(self) -> list[RunChildStream]:
        """The selected child streams."""
        return [
            child
            for child in self.child_streams
            if child.selected and isinstance(child, RunChildStream)
        ]

    def _emit(self, segment: Segment, evaluation: Evaluation) -> Iterator[dict[str, Any]]:
        """Emit the child streams' rows, then the run as their commit, then change the state."""
        for child in self._read_children:
            child.evaluation = evaluation
        run = evaluation.result.run
        self._sync_children({"segment_id": run.segment_id, "run_id": run.run_id})
        if not self.is_test:
            if not evaluation.is_repeated:
                yield evaluation.record
                self._report_run(segment, evaluation)
            self.run_state(segment).update(**evaluation.state_changes)

    def _report_run(self, segment: Segment, evaluation: Evaluation) -> None:
        """Count a run that is committed, and say why it is a baseline, if that was expected."""
        self.sync_context.results.count_run(evaluation.record)
        if not (evaluation.streams and evaluation.is_baseline):
            return
        cause = ""
        runs = self.run_state(segment).runs
        if segment.segment_id in self.account.selection.rebaseline_ids:
            cause = "rebaseline names it"
        elif runs.predecessor is None and not (evaluation.is_backfilled and runs.committed):
            cause = "this is its first run"
        if cause:
            total = evaluation.result.total
            self.logger.info("%s: a baseline of %d contacts: %s", segment, total, cause)

    @override
    def give_up(self, segment: Segment, error: TapError) -> None:
        # If only a request failed, or the run was not ready in time, it can still be resumed.
        run_state = self.run_state(segment)
        if run_state.runs.running and not isinstance(error, (NotReadyError, RequestError)):
            run_state.update(running=None)


class RunChildStream(ManualStateStream, AccountStream):
    """A child stream of `MatchAllRuns`, whose state stands in the run's partition."""

    parent_stream_type = MatchAllRuns
    state_partitioning_keys: Sequence[str] = ()
    evaluation: Evaluation
    """The run that is emitted."""

    def prefetch(self, evaluation: Evaluation) -> None:
        """Start what a run's records need, ahead of its turn. Thread-safe."""


class JoinedContacts(RunChildStream):
    """The contacts that joined, each once a sync; see `ContactLookup`."""

    name = CONTACTS
    primary_keys = ("contact_id",)
    replication_key = "read_at"
    selected_by_default = False

    def __init__(self, tap: OutputTap, sync: RunContext) -> None:
        """Create the stream; see `AccountStream`."""
        super().__init__(tap, sync)
        self._sync = sync
        self._in_batches: list[int] | None = None
        """Ids of records that may wait in a batch, None without batches."""

    @property
    def state_name(self) -> str:
        """How the state names the stream."""
        return HASHED_CONTACTS if self.account.settings.hashes_contacts else CONTACTS

    @override
    def prefetch(self, evaluation: Evaluation) -> None:
        if not self.is_test:
            self._lookup.announce(evaluation.result.run.run_id, evaluation.contact_ids)

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        run = self.evaluation.result.run
        segment = self.account.segments_by_id[run.segment_id]
        # For a connection test, any contact will do.
        pages = [[1]] if self.is_test else self.evaluation.contact_ids
        read, total = 0, sum(map(len, pages))

        def locate() -> Position:
            return Position(read, total, f"{segment}: contacts: {read} of {total} read")

        for page in self._lookup.read(
            run.run_id, pages, lambda found: self.sync_context.wait_for(segment, found)
        ):
            yield from page
            read += len(page)
            if self._in_batches is not None:
                self._in_batches += [record["contact_id"] for record in page]
            self._tap.progress.report(locate)

    @override
    def write_batches(self, batch_config: BatchConfig, context: Context | None) -> None:
        self._in_batches = []
        try:
            super().write_batches(batch_config, context)
        except BaseException:
            # The rows that wait in a batch are lost.
            self._lookup.forget(self._in_batches)
            raise

    @contextmanager
    @override
    def _isolated(self) -> Iterator[None]:
        # A stream map that does not expect a null fails the segment alone.
        with wrap_unexpected_errors(self.logger, self.name):
            yield

    @property
    def _lookup(self) -> ContactLookup:
        return self._sync.contact_lookup


class MatchAllResults(PageStream, RunChildStream):
    """The contacts that a run found, each with its rank."""

    name = "match_all_results"
    primary_keys = ("segment_id", "contact_id")
    selected_by_default = False

    @override
    def pages(self) -> Iterator[RecordPage]:
        return records.result_pages(self.evaluation)


class ChangeStream(PageStream, RunChildStream):
    """A stream of who joined and who left."""


class MembershipChanges(ChangeStream):
    """The log: who joined and who left between two runs."""

    name = "membership_changes"
    primary_keys = ("segment_id", "contact_id", "run_id")
    replication_key = "changed_at"

    @override
    def pages(self) -> Iterator[RecordPage]:
        return records.change_pages(self.evaluation, records.change_record)


class Memberships(ChangeStream):
    """The present state of each contact in a segment."""

    name = "memberships"
    primary_keys = ("segment_id", "contact_id")
    replication_key = "changed_at"

    @override
    def pages(self) -> Iterator[RecordPage]:
        return records.change_pages(self.evaluation, records.membership_record)
