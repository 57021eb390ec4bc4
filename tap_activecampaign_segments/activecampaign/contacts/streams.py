"""The stream of all contacts of the account."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.base_streams import (
    AccountContext,
    UninterruptedBatches,
)
from tap_activecampaign_segments.activecampaign.contacts.reader import MAX_PENDING
from tap_activecampaign_segments.activecampaign.contacts.walk import ContactWalker, Walk
from tap_activecampaign_segments.activecampaign.prefetch import ReadAhead
from tap_activecampaign_segments.clock import MAX_CLOCK_SKEW
from tap_activecampaign_segments.logs.progress import Position
from tap_activecampaign_segments.singer.parent_streams import ManualStateStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_activecampaign_segments.activecampaign.contacts.reader import ContactReader
    from tap_activecampaign_segments.activecampaign.contacts.walk import WalkedPage
    from tap_activecampaign_segments.singer.output_tap import OutputTap

BOOKMARK = "replication_key_value"
"""State key: when the last complete walk began."""
WALK = "walk"
"""State key: a walk that is not complete."""
IDENTIFIERS = "identifiers"
"""State key: the setting `contact_identifiers` with which these were made."""
VIEWER = "viewer"
"""State key: the user of the API token who saw these contacts."""


class ContactsContext(AccountContext, Protocol):
    """What the streams share, and what reads contacts; see `AccountSync`."""

    @property
    def contacts(self) -> ContactReader:
        """Reads contacts."""


class AllContacts(ManualStateStream, UninterruptedBatches):
    """All contacts of the account."""

    name = "contacts"
    primary_keys = ("contact_id",)
    replication_key = "read_at"
    selected_by_default = False

    def __init__(self, tap: OutputTap, sync: ContactsContext) -> None:
        """Create the stream; see `AccountStream`."""
        super().__init__(tap, sync)
        self._sync = sync
        self._pages: ReadAhead[WalkedPage] | None = None

    @property
    @override
    def partitions(self) -> None:
        # None, even if the state has some.
        return

    def start(self) -> None:
        """Start reading in the background."""
        pages = ContactWalker(self._sync.contacts, self._warn).pages(self._begin_or_resume())
        self._pages = ReadAhead(islice(pages, 1) if self.is_test else pages, MAX_PENDING)

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        if self.failures.fatal:
            return
        with self.failures.catch(self.name):
            if self._pages is None:
                self.start()
            assert self._pages is not None  # noqa: S101
            state, read = self.stream_state, 0
            walk = Walk.from_state(state[WALK])
            for page in self._pages.take(lambda each: self._sync.wait_for(self.name, each)):
                if page.unusable:
                    self.failures.record(self.name, "the API answers with contacts without id")
                yield from page.records
                walk, read = page.walk, read + len(page.records)
                state[WALK] = walk.to_state()
                self._report(page, read)
                self._write_state_message()
            if walk and not self.is_test:
                state[BOOKMARK] = walk.started_at
                del state[WALK]

    def _begin_or_resume(self) -> Walk:
        state, settings = self.stream_state, self.account.settings
        viewer = self._sync.token_user(may_request=not self.is_test)
        cause = ""
        if not viewer.matches(state.get(VIEWER)):
            cause = "they were not read by the user of this API token, or that cannot be told"
        elif state.get(IDENTIFIERS, settings.contact_identifiers) != settings.contact_identifiers:
            cause = "contact_identifiers was changed"
        elif self._is_in_future(state.get(BOOKMARK)):
            cause = "the bookmark is in the future"
        if cause:
            self._warn(f"{cause}: all are read again")
            state.pop(BOOKMARK, None)
            state.pop(WALK, None)
        is_full = self.replication_method == REPLICATION_FULL_TABLE
        walk = None if is_full else Walk.from_state(state.get(WALK))
        bookmark = None if is_full else state.get(BOOKMARK)
        walk = walk or Walk.begin(self.account.read_at(), bookmark)
        state.update(
            {
                IDENTIFIERS: settings.contact_identifiers,
                VIEWER: str(viewer),
                WALK: walk.to_state(),
            }
        )
        return walk

    def _is_in_future(self, bookmark: str | None) -> bool:
        now = timestamps.parse(self.account.read_at())
        return bookmark is not None and timestamps.parse(bookmark) > now + MAX_CLOCK_SKEW

    def _report(self, page: WalkedPage, read: int) -> None:
        total = "" if page.remaining is None else f" of {read + page.remaining}"
        self._tap.progress.report(
            lambda: Position(read, read + (page.remaining or 0), f"contacts: {read}{total} read")
        )

    def _warn(self, sentence: str) -> None:
        self.logger.warning("%s: %s", self.name, sentence)
