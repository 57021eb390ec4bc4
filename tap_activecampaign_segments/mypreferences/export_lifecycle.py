"""Exports of segment groups: start, poll, read, confirm."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from reprlib import repr as brief
from typing import TYPE_CHECKING, Any, Protocol

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.errors import (
    ForbiddenError,
    MalformedResponseError,
    NotFoundError,
    TapError,
)
from tap_activecampaign_segments.mypreferences.profiles import profile_id
from tap_activecampaign_segments.polling import PollTimeoutError, poll
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings

DATE_RESOLUTION = timedelta(seconds=1)
"""Resolution of the ``Date`` header."""
TIMESTAMP_STEP = timedelta(milliseconds=1)
"""Minimum difference between the timestamps of two exports."""
FIRST_POLL_DELAY = 2.0
"""Seconds between the first and the second poll."""
MAX_POLL_INTERVAL = 60.0
"""Maximum seconds between two polls; no interval is documented."""
DATA_GRACE_SECONDS = 30.0
"""Seconds after an export is complete in which its data may still be missing."""
DATA_RETRY_INTERVAL = 3.0
"""Seconds between two requests for data that are still missing."""


class ExportFailedError(TapError):
    """The export failed permanently; another one would fail too."""


class ExportLostError(TapError):
    """The export was already retrieved, has expired or is unknown; another one may succeed."""


class IncompleteExportError(TapError):
    """The pages do not add up to the whole export."""


class ExportChangedError(IncompleteExportError):
    """The export is not the one whose profiles were emitted; another one has to follow."""


@dataclass(frozen=True)
class Export:
    """One export of a segment group.

    Attributes:
        token: The access token of the export; must not be logged.
        exported_at: Just before it was started, normalized (see `timestamps.normalize`).
        last_date_time: The ``LastDateTime`` that changes are exported from, None if it is full.
        request_hash: Hash of the request body, see `hash_request`.
    """

    token: str = field(repr=False)
    exported_at: str
    last_date_time: str | None
    request_hash: str

    @classmethod
    def from_state(cls, value: object) -> Export | None:
        """Return the export that `to_state` saved, None if `value` is something else.

        Args:
            value: What the state holds; may be of another version, or edited by hand.

        Example:
            >>> saved = {"token": "t1", "exported_at": "2026-01-31T04:00:00Z", "wish": "44136f"}
            >>> Export.from_state(saved).exported_at
            '2026-01-31T04:00:00.000000Z'
        """
        if not isinstance(value, dict):
            return None
        token, exported_at, request_hash = map(value.get, ("token", "exported_at", "wish"))
        if not isinstance(token, str) or not isinstance(request_hash, str):
            return None
        try:
            exported_at = timestamps.normalize(exported_at)
        except MalformedResponseError:
            return None
        last = value.get("last_date_time")
        return cls(token, exported_at, last if isinstance(last, str) else None, request_hash)

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps. Its keys are a contract."""
        return {
            "token": self.token,
            "exported_at": self.exported_at,
            "last_date_time": self.last_date_time,
            "wish": self.request_hash,
        }


class ExportApi(Protocol):
    """Sends one request each; see `MyPreferencesClient`."""

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of the last response, UTC."""

    def start_export(self, segment_group_name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Start an export."""

    def get_export_status(self, token: str) -> dict[str, Any]:
        """Return the status of an export."""

    def get_profiles(self, token: str, offset: int) -> dict[str, Any]:
        """Return a page of profiles."""

    def commit_export(self, token: str) -> None:
        """Confirm that an export was read."""


class ExportClient:
    """Starts, polls, reads and confirms exports."""

    def __init__(self, api: ExportApi, settings: MyPreferencesSettings, clock: Clock) -> None:
        """Set what all exports share; nothing is sent yet.

        Args:
            api: Sends the requests.
            settings: The settings.
            clock: Time source; replaceable in tests.
        """
        self._api = api
        self._settings = settings
        self._clock = clock
        self._completion_times: dict[str, float] = {}

    def build_body(self, bookmark: datetime | None) -> dict[str, Any]:
        """Return the request body of an export.

        Args:
            bookmark: When the last export was started, None for a full export.
        """
        body: dict[str, Any] = {}
        if self._settings.export == "changes" and bookmark is not None:
            since = bookmark - timedelta(seconds=self._settings.lookback_seconds)
            body["LastDateTime"] = since.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        if self._settings.match_criteria:
            body["MatchCriteria"] = self._settings.match_criteria
            body["Values"] = list(self._settings.match_values)
            if self._settings.match_type:
                body["MatchType"] = self._settings.match_type
        return body

    @property
    def criteria_hash(self) -> str:
        """Hash of the request without its date, and of the account and user.

        A bookmark and a total are valid only for the same hash.
        """
        settings = self._settings
        account = {"client": settings.client_id, "user": settings.user_id}
        return hash_request(self.build_body(None) | account)

    def start(
        self, segment_group_name: str, body: dict[str, Any], after: datetime | None
    ) -> Export:
        """Start an export.

        Args:
            segment_group_name: The segment group.
            body: The request body.
            after: Timestamp of the export before; this one gets a later one.

        Raises:
            NotFoundError: The account or the segment group is unknown.
            TapError: The export could not be started, or the clocks contradict `after`.
        """
        before = self._clock.now()
        try:
            answer = self._api.start_export(segment_group_name, body)
        except NotFoundError as error:
            msg = f"{error}: either the client_id or the segment group is unknown"
            raise NotFoundError(msg, error.status) from error
        token = answer.get("accesstoken")
        if not isinstance(token, int | str) or isinstance(token, bool) or token == "":
            msg = "the export was initiated, but the answer has no AccessToken"
            raise MalformedResponseError(msg)
        # With a local clock that is fast, the next export of changes would miss some.
        at = min(before, self._api.server_time or before)
        if after and after - DATE_RESOLUTION < at <= after:
            # The server's time is known to the second only. Two exports with the same timestamp
            # would count as one.
            at = after + TIMESTAMP_STEP
        if after and at <= after:
            msg = f"it is {timestamps.format_utc(at)}, before the last export: check the clocks"
            raise TapError(msg)
        return Export(
            str(token), timestamps.format_utc(at), body.get("LastDateTime"), hash_request(body)
        )

    def wait(self, export: Export, timeout: float, on_poll: Callable[[], object]) -> None:
        """Poll an export until it is complete.

        Args:
            export: The export.
            timeout: Maximum seconds to wait.
            on_poll: Called after each poll that finds it incomplete.

        Raises:
            ExportLostError: It was already retrieved, has expired or is unknown.
            ExportFailedError: It failed permanently.
            TapError: It was not complete within `timeout`, or there was no usable answer.
        """

        def check() -> bool | None:
            if self._is_complete(export):
                return True
            on_poll()
            return None

        if self._is_complete(export):
            return
        try:
            poll(
                check,
                clock=self._clock,
                timeout=timeout,
                first_delay=FIRST_POLL_DELAY,
                max_interval=MAX_POLL_INTERVAL,
            )
        except PollTimeoutError as error:
            msg = f"the export is not complete: {error}; the next sync resumes it (see run_timeout)"
            raise TapError(msg) from error

    def read_pages(self, export: Export) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Yield pages of distinct profiles, each with the export's total.

        An export without profiles yields one empty page.

        Raises:
            IncompleteExportError: Profiles are missing; raised only after the last page.
            ExportLostError: The export can no longer be read.
            TapError: A page could not be read.
        """
        seen: set[int] = set()
        offset, total, has_more = 1, None, True
        while has_more:
            answer = self._get_page(export, offset)
            profiles = _profiles(answer)
            if total is None:
                total = _count(answer, "totalresults")
            elif total != _count(answer, "totalresults"):
                msg = "the export changed while it was read"
                raise ExportChangedError(msg)
            fresh = {profile_id(each): each for each in profiles}
            fresh = {key: each for key, each in fresh.items() if key not in seen}
            seen |= fresh.keys()
            if fresh:
                yield list(fresh.values()), total
            offset = _count(answer, "offset", offset) + _count(answer, "count", len(profiles))
            has_more = bool(answer.get("hasmore")) and bool(fresh)
        if len(seen) != total:
            msg = f"the pages of the export hold {len(seen)} profiles, not {total} different ones"
            raise IncompleteExportError(msg)
        if not seen:
            yield [], 0

    def commit(self, export: Export) -> None:
        """Confirm that an export was read completely.

        Raises:
            TapError: The request failed.
        """
        self._api.commit_export(export.token)

    def _get_page(self, export: Export, offset: int) -> dict[str, Any]:
        while True:
            try:
                return self._api.get_profiles(export.token, offset)
            except NotFoundError as error:
                if not self._has_just_completed(export):
                    raise ExportLostError(str(error)) from error
            except ForbiddenError:
                # Once a page was read, a 403 does not mean that the data are late.
                if offset > 1 or not self._has_just_completed(export):
                    raise
            self._clock.sleep(DATA_RETRY_INTERVAL)

    def _has_just_completed(self, export: Export) -> bool:
        completed = self._completion_times.get(export.token, float("-inf"))
        return self._clock.monotonic() - completed < DATA_GRACE_SECONDS

    def _is_complete(self, export: Export) -> bool:
        try:
            status = self._api.get_export_status(export.token).get("status")
        except NotFoundError as error:
            raise ExportLostError(str(error)) from error
        match status:
            case "Complete":
                self._completion_times.setdefault(export.token, self._clock.monotonic())
                return True
            case "Retrieved" | "Expired":
                msg = f"the export is {status.lower()}"
                raise ExportLostError(msg)
            case "Error":
                msg = "the export ended with Error: check the configuration of the segment group"
                raise ExportFailedError(msg)
            case "Failed":
                msg = "the export Failed: the user may not read this segment group"
                raise ExportFailedError(msg)
            case _:
                return False


def hash_request(body: dict[str, Any]) -> str:
    """Return a hash of a request body, which may contain personal data."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def _profiles(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("userprofilepreferences")
    if found is None and _count(answer, "count", 0) == 0:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        msg = "the export answered with something else than profiles"
        raise MalformedResponseError(msg)
    return found


def _count(answer: dict[str, Any], name: str, default: int | None = None) -> int:
    value = answer.get(name, default)
    number = coerce_count(value)
    if number is None:
        msg = f"the export answered with {brief(value)} for {name}"
        raise MalformedResponseError(msg)
    return number
