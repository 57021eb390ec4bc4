"""The life of an export: initiate, poll, read, commit."""

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
    from collections.abc import Iterator
    from datetime import datetime

    from tap_activecampaign_segments.clock import Clock
    from tap_activecampaign_segments.mypreferences.settings import MyPreferencesSettings

SERVER_TIME_RESOLUTION = timedelta(seconds=1)
MIN_DISTANCE = timedelta(milliseconds=1)
"""Minimum distance of two exports, whose rows would otherwise count as those of one."""
FIRST_DELAY = 2.0
"""Seconds before the second poll."""
MAX_INTERVAL = 60.0
"""Maximum seconds between two polls; no interval is documented."""
GRACE = 30.0
"""Seconds after an export became complete in which its data may still be missing (inferred)."""
GRACE_INTERVAL = 3.0
"""Seconds between two requests for the data meanwhile."""


class ExportFailedError(TapError):
    """The export failed permanently."""


class ExportLostError(TapError):
    """The export was retrieved before, or has expired: a new one may succeed."""


class IncompleteExportError(TapError):
    """The pages are not one complete export."""


class ExportChangedError(IncompleteExportError):
    """The export changed after profiles of it were emitted: a new one has to follow."""


@dataclass(frozen=True)
class Export:
    """One export of a segment group.

    Attributes:
        token: The vendor's access token for the export; never logged.
        exported_at: Just before it was initiated, UTC.
        last_date_time: The instant since which changes were requested, None for a full export.
        request_hash: Hash of the request's body, see `hash_request`.
    """

    token: str = field(repr=False)
    exported_at: str
    last_date_time: str | None
    request_hash: str

    @classmethod
    def from_state(cls, value: object) -> Export | None:
        """Return what `to_state` saved, None if `value` is something else.

        Example:
            >>> Export.from_state({"token": "a1"})  # no instant: unusable
        """
        if not isinstance(value, dict):
            return None
        texts = [value.get(name) for name in ("token", "exported_at", "wish")]
        if not all(isinstance(each, str) for each in texts):
            return None
        token, exported_at, request_hash = map(str, texts)
        last = value.get("last_date_time")
        try:
            exported_at = timestamps.normalize(exported_at)
        except MalformedResponseError:
            return None
        return cls(token, exported_at, last if isinstance(last, str) else None, request_hash)

    def to_state(self) -> dict[str, Any]:
        """Return what the state keeps."""
        return {
            "token": self.token,
            "exported_at": self.exported_at,
            "last_date_time": self.last_date_time,
            "wish": self.request_hash,
        }


class ExportApi(Protocol):
    """Sends one request each; `MyPreferencesClient` does so over HTTP."""

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


class Exports:
    """Initiates, polls, reads and commits exports."""

    def __init__(self, client: ExportApi, settings: MyPreferencesSettings, clock: Clock) -> None:
        """Set what all exports share.

        Args:
            client: The API client.
            settings: The settings.
            clock: Time source; replaceable in tests.
        """
        self._client = client
        self._settings = settings
        self._clock = clock
        self._completed: dict[str, float] = {}

    def body(self, bookmark: datetime | None) -> dict[str, Any]:
        """Return the body of the request.

        Args:
            bookmark: The instant of the last export, None if there is none.
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
    def subject(self) -> str:
        """Hash of whose profiles are requested, and by whom: a bookmark is valid for one."""
        settings = self._settings
        return hash_request(
            self.body(None) | {"client": settings.client_id, "user": settings.user_id}
        )

    def initiate(
        self, segment_group_name: str, body: dict[str, Any], after: datetime | None
    ) -> Export:
        """Start an export.

        Args:
            segment_group_name: The segment group.
            body: The body of the request, see `body`.
            after: The instant of the previous export; this one must be later.

        Raises:
            TapError: The export could not be started, or would not be later.
        """
        before = self._clock.now()
        try:
            answer = self._client.start_export(segment_group_name, body)
        except NotFoundError as error:
            msg = f"{error}: either the client_id or the segment group is unknown"
            raise NotFoundError(msg, error.status) from error
        token = answer.get("accesstoken")
        if not isinstance(token, int | str) or isinstance(token, bool) or token == "":
            msg = "the export was initiated, but the answer has no AccessToken"
            raise MalformedResponseError(msg)
        # A clock ahead of the server's would skip the changes in between.
        at = min(before, self._client.server_time or before)
        if after and after - SERVER_TIME_RESOLUTION < at <= after:
            # The server's time has whole seconds.
            at = after + MIN_DISTANCE
        if after and at <= after:
            msg = f"it is {timestamps.format_utc(at)}, before the last export: check the clocks"
            raise TapError(msg)
        return Export(
            str(token), timestamps.format_utc(at), body.get("LastDateTime"), hash_request(body)
        )

    def wait(self, export: Export, timeout: float) -> None:
        """Poll until an export can be read.

        Args:
            export: The export.
            timeout: Maximum seconds.

        Raises:
            ExportLostError: It was retrieved before, or has expired.
            ExportFailedError: It failed permanently.
            TapError: It was not complete in time, or no response was usable.
        """

        def check() -> bool | None:
            return self._is_complete(export) or None

        if self._is_complete(export):
            return
        try:
            poll(
                check,
                clock=self._clock,
                timeout=timeout,
                first_delay=FIRST_DELAY,
                max_interval=MAX_INTERVAL,
            )
        except PollTimeoutError as error:
            msg = f"the export is not complete: {error}; the next sync resumes it (see run_timeout)"
            raise TapError(msg) from error

    def pages(self, export: Export) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Yield pages of profiles, each profile once, and the total with each page.

        Raises:
            IncompleteExportError: The pages were not all; this only shows after the last one.
            ExportLostError: The export can no longer be read.
            TapError: A page could not be read.
        """
        seen: set[int] = set()
        offset, total, has_more = 1, None, True
        while has_more:
            answer = self._data(export, offset)
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
        """Confirm that the export was read, so that the vendor deletes its files.

        Raises:
            TapError: The confirmation failed.
        """
        self._client.commit_export(export.token)

    def _data(self, export: Export, offset: int) -> dict[str, Any]:
        while True:
            try:
                return self._client.get_profiles(export.token, offset)
            except NotFoundError as error:
                if not self._has_just_completed(export):
                    raise ExportLostError(str(error)) from error
            except ForbiddenError:
                # After a readable page it cannot be a storage that lags behind.
                if offset > 1 or not self._has_just_completed(export):
                    raise
            self._clock.sleep(GRACE_INTERVAL)

    def _has_just_completed(self, export: Export) -> bool:
        completed = self._completed.get(export.token, float("-inf"))
        return self._clock.monotonic() - completed < GRACE

    def _is_complete(self, export: Export) -> bool:
        try:
            status = self._client.get_export_status(export.token).get("status")
        except NotFoundError as error:
            raise ExportLostError(str(error)) from error
        match status:
            case "Complete":
                self._completed.setdefault(export.token, self._clock.monotonic())
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
    """Return a hash of a request's body, which may contain identifiers of persons."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def _profiles(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("userprofilepreferences")
    if found is None and _count(answer, "count", 0) == 0:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        msg = "the export answered with something else than profiles"
        raise MalformedResponseError(msg)
    return found


def _count(answer: dict[str, Any], name: str, otherwise: int | None = None) -> int:
    value = answer.get(name, otherwise)
    number = coerce_count(value)
    if number is None:
        msg = f"the export answered with {brief(value)} for {name}"
        raise MalformedResponseError(msg)
    return number
