"""The streams of segment definitions: their versions, and the conditions of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.base_streams import (
    AccountContext,
    HistoryStream,
    SegmentStream,
)
from tap_activecampaign_segments.activecampaign.conditions.changes import (
    describe_changes,
    quotes_identity,
)
from tap_activecampaign_segments.activecampaign.conditions.rows import condition_rows
from tap_activecampaign_segments.activecampaign.conditions.sentence import describe_definition
from tap_activecampaign_segments.activecampaign.definitions.history import DefinitionHistory
from tap_activecampaign_segments.activecampaign.definitions.versions import (
    SETTLED_AFTER,
    has_versions,
    walk_back,
)
from tap_activecampaign_segments.activecampaign.replay_buffer import ReplayBuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.activecampaign.definitions.history import (
        DefinitionHistories,
        Versions,
    )
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.singer.output_tap import OutputTap

IS_FRESH_KEY = "is_fresh"
"""State key: the definition at the bookmark was read soon after it was made."""
CHANGES_KEY = "changes"
"""State key: the `changes_text` of the version at the bookmark, and of which version it is."""
MAX_KEPT_TEXT = 500
"""Length of the longest text that the state keeps."""


class DefinitionsContext(AccountContext, Protocol):
    """What the streams share, and what two of them read; see `AccountSync`."""

    definitions: DefinitionHistories


class ReadVersions(NamedTuple):
    """The records of a segment's versions.

    Attributes:
        rows: The records, oldest version first.
        newest: The created date of the newest version; None if none was read.
        kept_changes: What the state keeps of that version's `changes_text`, if it may.
    """

    rows: ReplayBuffer
    newest: str | None = None
    kept_changes: dict[str, str | None] | None = None


class VersionStream(HistoryStream):
    """A stream of the versions of a segment's definition."""

    needs_previous = False
    """Whether a record depends on the version before."""

    def __init__(self, tap: OutputTap, sync: DefinitionsContext) -> None:
        """Create the stream; see `AccountStream`."""
        super().__init__(tap, sync)
        self._histories = sync.definitions

    def read(self, versions: Versions, since: str, state: dict[str, Any]) -> ReadVersions:
        """Return the records of versions.

        Args:
            versions: The versions.
            since: The oldest created date to emit.
            state: The segment's partition, as it was before.
        """
        raise NotImplementedError

    @override
    def work(self, segment: Segment) -> Callable[[], ReadVersions]:
        bookmark = self.bookmark(segment)
        if not has_versions(segment.segment_id):
            if self is self._readers[0]:
                self.logger.warning("%s has a numeric id: the API keeps no versions of it", segment)
            return lambda: ReadVersions(ReplayBuffer([]))
        state = {**self.segment_state(segment)}
        since = bookmark or self.account.settings.start_date
        oldest = timestamps.format_utc(bookmark) if bookmark else ""
        needs_previous = self.needs_previous and not _kept_changes(state, oldest)
        history = self._histories.open(
            segment.segment_id,
            lambda: self._create_history(segment),
            is_shared=len(self._readers) > 1,
        )
        last_change = self.sync_context.last_changes.get(segment.segment_id)

        def work() -> ReadVersions:
            # Another version may have followed within the instant that a run reports.
            if bookmark and last_change and not state.get(IS_FRESH_KEY):
                at = last_change.result()
                if at and timestamps.parse(at) <= bookmark:
                    return ReadVersions(ReplayBuffer([]))
            return self.read(history.read(since, with_previous=needs_previous), oldest, state)

        return work

    @override
    def rows(self, segment: Segment, prefetched: ReadVersions) -> Iterator[dict[str, Any]]:
        yield from prefetched.rows
        if prefetched.newest is None:
            return
        state = self.segment_state(segment)
        if self.replication_method == REPLICATION_INCREMENTAL:
            # The newest version may have no record.
            state["replication_key"] = self.replication_key
            state["replication_key_value"] = prefetched.newest
        state.pop(CHANGES_KEY, None)
        if prefetched.kept_changes:
            state[CHANGES_KEY] = prefetched.kept_changes
        age = self.account.clock.now() - timestamps.parse(prefetched.newest)
        if age < SETTLED_AFTER:
            state[IS_FRESH_KEY] = True
        else:
            state.pop(IS_FRESH_KEY, None)

    @property
    def _readers(self) -> list[SegmentStream]:
        """The selected streams of versions."""
        streams = self.sync_context.segment_streams
        return [each for each in streams if isinstance(each, VersionStream) and each.is_read]

    def _create_history(self, segment: Segment) -> DefinitionHistory:
        return DefinitionHistory(
            walk_back(
                self.account.client,
                segment.segment_id,
                now=self.account.clock.now(),
                created=segment.fields.get("created_date") if segment.is_listed else None,
                warn=lambda text: self.logger.warning("%s: %s", segment, text),
            )
        )


class SegmentDefinitions(VersionStream):
    """The versions of a segment's definition."""

    name = "segment_definitions"
    primary_keys = ("segment_id", "created_date")
    replication_key = "created_date"
    needs_previous = True

    @override
    def read(self, versions: Versions, since: str, state: dict[str, Any]) -> ReadVersions:
        rows: list[dict[str, Any]] = []
        before, kept = versions.previous, _kept_changes(state, since)
        changes: str | None = None
        may_keep = True
        for version in versions.found:
            may_keep = not (before and quotes_identity(before, version))
            changes = describe_changes(before, version) if before else None
            if kept and kept["created_date"] == version["created_date"]:
                changes = kept["text"]
            if version["created_date"] >= since:
                # A server that lags behind may answer with a version from before the bookmark.
                text = describe_definition(version)
                rows.append({**version, "definition_text": text, "changes_text": changes})
            before = version
        if not rows:
            return ReadVersions(ReplayBuffer([]))
        newest = rows[-1]["created_date"]
        may_keep = may_keep and len(changes or "") <= MAX_KEPT_TEXT
        kept = {"created_date": newest, "text": changes} if may_keep else None
        return ReadVersions(ReplayBuffer([self.coerced(rows)]), newest, kept)


def _kept_changes(state: dict[str, Any], bookmark: str) -> dict[str, str | None] | None:
    """Return what the state keeps of the `changes_text` of the version at the bookmark."""
    kept = state.get(CHANGES_KEY)
    if not isinstance(kept, dict) or not bookmark or kept.get("created_date") != bookmark:
        return None
    return kept if isinstance(kept.get("text"), str | None) else None


class SegmentConditions(VersionStream):
    """The fields of the conditions of each version: which segments depend on what."""

    name = "segment_conditions"
    primary_keys = ("segment_id", "created_date", "condition_id", "field_index")
    replication_key = "created_date"

    @override
    def read(self, versions: Versions, since: str, state: dict[str, Any]) -> ReadVersions:
        found = [each for each in versions.found if each["created_date"] >= since]
        rows = [row for version in found for row in condition_rows(version)]
        newest = found[-1]["created_date"] if found else None
        return ReadVersions(ReplayBuffer([self.coerced(rows)]), newest)
