"""The account that is read: its segments, those selected, and what failed."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign import segments
from tap_activecampaign_segments.activecampaign.client import Client, attributes, resources
from tap_activecampaign_segments.activecampaign.match_all.run_client import RunClient
from tap_activecampaign_segments.activecampaign.segment_selection import Selection
from tap_activecampaign_segments.errors import (
    AccountError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    TapError,
)
from tap_activecampaign_segments.http.redaction import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.failures import Failures
    from tap_activecampaign_segments.settings import Settings


CLOCK_TOLERANCE = timedelta(seconds=10)
"""By how much the local clock may differ from the server's, which is told in whole seconds."""


class Account:
    """One ActiveCampaign account in one sync."""

    def __init__(
        self, settings: Settings, clock: Clock, logger: Logger, failures: Failures, known: int
    ) -> None:
        """Ask nothing yet.

        Args:
            settings: The tap's settings.
            clock: The time to go by.
            logger: Where warnings go.
            failures: Where failures are noted.
            known: How many listed segments the state knows.
        """
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.failures = failures
        self.client = Client(settings, clock, logger)
        self.run_client = RunClient(self.client, clock, settings.page_size)
        self._known = known
        self._missing: set[str] = set()
        self._unread: set[str] = set()
        self._unusable = 0
        self._vanished: set[str] = set()
        self.is_read_whole = False
        """Whether all of the account's segments are known."""
        self.has_skipped = False
        """Whether a segment that exists was not evaluated."""

    @cached_property
    def segments(self) -> list[Segment]:
        """All listed segments and the configured ones that are not listed."""
        now = self.clock.now()
        try:
            listing = segments.listing(self.client)
        except ForbiddenError as error:
            raise AccountError(str(error)) from error
        except AccountError:
            raise
        except TapError as error:
            msg = f"the segments cannot be listed: {error}"
            raise AccountError(msg) from error
        listed = listing.segments
        if not listed and self._known:
            msg = (
                f"the account lists no segments, but {self._known} were synced before: "
                "check api_url and the key's rights"
            )
            raise AccountError(msg)
        self._unusable = len(listing.unusable)
        for each in listing.unusable:
            self.failures.note(each.place, each.flaw)
        self.is_read_whole = not self._unusable
        # Listings of two machines are put in order by it: a clock that goes wrong is not trusted.
        server = self.client.server_time or now
        self.listed_at = timestamps.render(now if abs(now - server) < CLOCK_TOLERANCE else server)
        return [*listed, *self._unlisted({each.segment_id for each in listed})]

    @cached_property
    def selection(self) -> Selection:
        """Which of them the settings mean; what means nobody is noted as failed, or warned of."""
        selection = Selection(self.segments, self.settings)
        for setting, entries in selection.unmatched.items():
            for entry in entries:
                if setting == "segment_names":
                    self.failures.note(setting, f"no saved segment matches {entry!r}")
                else:
                    self.logger.warning("%s: no segment matches %r", setting, one_line(entry))
        return selection

    @property
    def selected(self) -> list[Segment]:
        """The segments to read."""
        return self.selection.segments

    @property
    def unread(self) -> int:
        """How many segments could not be read: listed ones, or configured ones that may exist."""
        return self._unusable + len(self._unread)

    def check_rest(self) -> None:
        """Note it as failed if all segments that were to be read are gone."""
        if self._vanished and self._vanished >= {each.segment_id for each in self.selected}:
            what = f"all {len(self._vanished)} segments to read are gone since they were listed"
            self.failures.note("segments", f"{what}: nothing was read; check api_url")

    @cached_property
    def by_id(self) -> dict[str, Segment]:
        """The segments by their ids."""
        return {each.segment_id: each for each in self.segments}

    @property
    def is_whole(self) -> bool:
        """Whether all segments of the account are selected."""
        settings = self.settings
        return self.is_read_whole and not (
            self.has_skipped
            or settings.segment_ids
            or settings.segment_names
            or settings.exclude_segments
        )

    def is_gone(self, segment_id: str) -> bool:
        """Tell whether the API confirms that a segment, which the listing lacks, is gone."""
        if segment_id in self._missing | self._unread:
            return segment_id in self._missing
        if self._unusable:
            # It may be one of those.
            return False
        try:
            found = segments.look_up(self.client, segment_id, doubt_404=False)
        except NotFoundError:
            return True
        except AccountError:
            raise
        except TapError as error:
            self.is_read_whole = False
            self.logger.warning(
                "%s: it is unknown whether it still exists: %s", one_line(segment_id), error
            )
        else:
            if found.name is not None:
                self.is_read_whole = False
                self.logger.warning(
                    "%s exists, but is not listed and so not read: check the key's rights", found
                )
        return False

    def excuse(self, segment: Segment, error: TapError) -> None:
        """Warn of an error that is nobody's failure, and raise any other.

        A listed segment may vanish during the sync; one with an external condition cannot be
        evaluated without an id that only its user has.

        Raises:
            TapError: The error, where there is no excuse.
        """
        if (
            isinstance(error, NotFoundError)
            and segment.listed
            and not segments.exists(self.client, segment.segment_id)
        ):
            # A target that deletes would drop its rows, and this may be a passing mistake.
            self.has_skipped = True
            self._vanished.add(segment.segment_id)
            self.logger.warning("%s is gone since it was listed: skipped", segment)
        elif isinstance(error, RefusedError) and self._is_external(segment):
            self.has_skipped = True
            self.logger.warning(
                "%s has a condition with an external value and cannot be evaluated: skipped",
                segment,
            )
        else:
            raise error

    def _is_external(self, segment: Segment) -> bool:
        definition = resources(self.client.get("segmentsV2", segment.segment_id))
        conditions = attributes(definition[0]).get("segment_conditions") if definition else None
        return any(
            field.get("external") is True
            for condition in _objects(conditions)
            for field in _objects(condition.get("fields"))
        )

    def _unlisted(self, listed: Iterable[str]) -> list[Segment]:
        found = []
        for segment_id in self.settings.segment_ids:
            if segment_id in listed:
                continue
            try:
                found.append(segments.look_up(self.client, segment_id, doubt_404=True))
            except NotFoundError:
                self._missing.add(segment_id)
                self.failures.note(segment_id, "the account has no segment with this id")
            except AccountError:
                raise
            except TapError as error:
                self.is_read_whole = False
                self._unread.add(segment_id)
                self.failures.note(segment_id, error)
        return found


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects in what should be an array of them."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
