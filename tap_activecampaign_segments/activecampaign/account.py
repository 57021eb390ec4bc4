"""The ActiveCampaign account: its segments, the selected ones, and which could not be read."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign import segments
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.activecampaign.segment_listing import read_listing
from tap_activecampaign_segments.activecampaign.segment_selection import Selection
from tap_activecampaign_segments.activecampaign.shared_history import SharedHistory
from tap_activecampaign_segments.errors import (
    AccountError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    TapError,
    one_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from logging import Logger

    from tap_activecampaign_segments.activecampaign.api import Api
    from tap_activecampaign_segments.activecampaign.segments import Segment
    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.failures import Failures


CLOCK_TOLERANCE = timedelta(seconds=10)
"""Maximum deviation of the local clock from the server's, which has whole seconds."""


class Account:
    """One ActiveCampaign account during one sync.

    Attributes:
        client: The API client.
        is_listing_complete: Whether all existing segments are known. Meaningful once `segments`
            is read.
        listed_at: Normalized timestamp of the listing. Set once `segments` is read.
    """

    listed_at: str

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        client: Api,
        settings: ActiveCampaignSettings,
        clock: Clock,
        logger: Logger,
        failures: Failures,
        previously_listed: int,
    ) -> None:
        """Set what all requests share; the first property that needs an answer sends one.

        Args:
            client: The API client.
            settings: The tap's settings.
            clock: Time source; replaceable in tests.
            logger: Receives warnings.
            failures: Receives failures.
            previously_listed: Number of segments in the last sync's listing.
        """
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.failures = failures
        self.client = client
        self._previously_listed = previously_listed
        self._missing: set[str] = set()
        self._unread: set[str] = set()
        self._unusable = 0
        self._vanished: set[str] = set()
        self.is_listing_complete = False
        self._skipped: set[str] = set()

    @cached_property
    def history(self) -> Api:
        """Reads the count history; pages are shared if recorded runs are searched in it too."""
        return SharedHistory(self.client) if self.settings.backfill_days else self.client

    @cached_property
    def segments(self) -> list[Segment]:
        """All listed segments, followed by the configured ones that are not listed.

        Raises:
            AccountError: The listing cannot be read, or is empty although it was not before.
        """
        now = self.clock.now()
        try:
            listing = read_listing(self.client)
        except ForbiddenError as error:
            raise AccountError(str(error)) from error
        except AccountError:
            raise
        except TapError as error:
            msg = f"the segments cannot be listed: {error}"
            raise AccountError(msg) from error
        listed = listing.segments
        if not listed and self._previously_listed:
            msg = (
                f"the account lists no segments, but {self._previously_listed} were synced "
                "before: check api_url and the API token's rights"
            )
            raise AccountError(msg)
        self._unusable = len(listing.unusable)
        for each in listing.unusable:
            self.failures.record(each.place, each.flaw)
        self.is_listing_complete = not self._unusable
        # It orders the listings of different machines.
        self.listed_at = self._by_server(now)
        return [*listed, *self._unlisted({each.segment_id for each in listed})]

    def read_at(self) -> str:
        """Return the current time, normalized, just after a response."""
        return self._by_server(self.clock.now())

    def _by_server(self, now: datetime) -> str:
        """Return a normalized time, the server's if the local clock deviates from it."""
        server = self.client.server_time or now
        return timestamps.format_utc(now if abs(now - server) < CLOCK_TOLERANCE else server)

    @cached_property
    def segments_by_id(self) -> dict[str, Segment]:
        """All segments by their ids."""
        return {each.segment_id: each for each in self.segments}

    @cached_property
    def selection(self) -> Selection:
        """The settings' selection. Unmatched names are failures, other unmatched entries warnings.

        Raises:
            AccountError: See `segments`.
        """
        selection = Selection(self.segments, self.settings)
        for setting, entries in selection.unmatched.items():
            for entry in entries:
                if setting == "segment_names":
                    self.failures.record(setting, f"no saved segment matches {entry!r}")
                else:
                    self.logger.warning("%s: no segment matches %r", setting, one_line(entry))
        return selection

    @property
    def selected(self) -> list[Segment]:
        """The segments to sync."""
        return self.selection.segments

    @property
    def is_fully_selected(self) -> bool:
        """Whether every segment of the account is selected, and none was skipped."""
        settings = self.settings
        return self.is_listing_complete and not (
            self._skipped
            or settings.segment_ids
            or settings.segment_names
            or settings.exclude_segments
        )

    @property
    def unread_count(self) -> int:
        """Number of unreadable segments: listed ones, and configured ones that may exist."""
        return self._unusable + len(self._unread)

    @property
    def skipped_count(self) -> int:
        """Number of existing segments that were not evaluated."""
        return len(self._skipped)

    @property
    def failed_count(self) -> int:
        """Number of segments that failed: selected ones, and those that could not be."""
        failed = sum(self.failures.has(each) for each in self.selected)
        return failed + self.unread_count + len(self._missing)

    def check_not_all_vanished(self) -> None:
        """Record a failure if every selected segment vanished during the sync."""
        if self._vanished and self._vanished >= {each.segment_id for each in self.selected}:
            what = f"all {len(self._vanished)} segments to read are gone since they were listed"
            self.failures.record("segments", f"{what}: nothing was read; check api_url")

    def is_confirmed_gone(self, segment_id: str) -> bool:
        """Tell whether the API confirms that an unlisted segment no longer exists.

        Returns:
            False if it exists, or if the API does not tell; a warning is logged.

        Raises:
            AccountError: The account cannot be read at all.
        """
        if segment_id in self._missing | self._unread:
            return segment_id in self._missing
        if self._unusable:
            # An unusable item of the listing may be this segment.
            return False
        try:
            found = segments.look_up(self.client, segment_id, confirm_404=False)
        except NotFoundError:
            return True
        except AccountError:
            raise
        except TapError as error:
            self.is_listing_complete = False
            self.logger.warning(
                "%s: it is unknown whether it still exists: %s", one_line(segment_id), error
            )
        else:
            if found.name is not None:
                self.is_listing_complete = False
                self.logger.warning(
                    "%s exists, but is not listed and so not read: check the API token's rights",
                    found,
                )
        return False

    def handle_expected_error(self, segment: Segment, error: TapError) -> None:
        """Log a warning if an error is expected to occur, raise it otherwise.

        Expected are a listed segment that vanished during the sync, and one with an external
        condition, which cannot be evaluated without an id that only its user has.

        Raises:
            TapError: `error`, if it is not expected, or the error of the request that finds out.
        """
        if (
            isinstance(error, NotFoundError)
            and segment.is_listed
            and not segments.exists(self.client, segment.segment_id)
        ):
            # It may be a passing error of the API, so a target must not delete the segment's rows.
            self._vanished.add(segment.segment_id)
            self._skip(segment, "is gone since it was listed")
        elif isinstance(error, BadRequestError) and self._has_external_condition(segment):
            self._skip(segment, "has a condition with an external value and cannot be evaluated")
        else:
            raise error

    def _skip(self, segment: Segment, why: str) -> None:
        """Warn that a segment is not read, once for all its streams."""
        if segment.segment_id not in self._skipped:
            self.logger.warning("%s %s: skipped", segment, why)
        self._skipped.add(segment.segment_id)

    def _has_external_condition(self, segment: Segment) -> bool:
        definition = resources(self.client.get("segmentsV2", segment.segment_id))
        conditions = attributes(definition[0]).get("segment_conditions") if definition else None
        return any(
            field.get("external") is True
            for condition in _objects(conditions)
            for field in _objects(condition.get("fields"))
        )

    def _unlisted(self, listed: Iterable[str]) -> list[Segment]:
        """Look up the configured segments that are not listed; failures are recorded."""
        found = []
        for segment_id in self.settings.segment_ids:
            if segment_id in listed:
                continue
            try:
                found.append(segments.look_up(self.client, segment_id, confirm_404=True))
            except NotFoundError:
                self._missing.add(segment_id)
                self.failures.record(segment_id, "the account has no segment with this id")
            except AccountError:
                raise
            except TapError as error:
                self.is_listing_complete = False
                self._unread.add(segment_id)
                self.failures.record(segment_id, error)
        return found


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON array; anything else counts as an empty array."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
