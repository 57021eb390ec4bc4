"""The life of an export: initiated, waited for, read, committed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
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

SAME_SECOND = timedelta(seconds=1)
LATER = timedelta(milliseconds=1)
"""What sets an export apart from one of the same second."""
FIRST_LOOK = 2.0
LONGEST_PAUSE = 60.0
"""Seconds between two looks at most; no interval is documented."""
GRACE = 30.0
"""Seconds after an export was found complete in which its data may not be there yet."""
GRACE_PAUSE = 3.0
"""Seconds until they are asked for again meanwhile."""


class ExportFailedError(TapError):
    """The vendor refuses the export for good."""


class ExportLostError(TapError):
    """The export was fetched before, or has expired: a new one may succeed."""


class IncompleteExportError(TapError):
    """The pages do not add up to one whole export."""


class ExportChangedError(IncompleteExportError):
    """The export is another one than when its profiles began to leave: a new one has to follow."""


@dataclass(frozen=True)
class Export:
    """One export of a segment group.

    Attributes:
        token: What the vendor calls it; never to be logged.
        exported_at: Just before it was initiated, in the one form.
        last_date_time: The instant from which on changes were asked for, None for a full export.
        wish: Stands for what was asked for.
    """

    token: str = field(repr=False)
    exported_at: str
    last_date_time: str | None
    wish: str

    @classmethod
    def of(cls, facts: object) -> Export | None:
        """Read an export back from what the state keeps, None where it is something else."""
        if not isinstance(facts, dict):
            return None
        known = {name: facts.get(name) for name in cls.__dataclass_fields__}
        last = known.pop("last_date_time")
        if not all(isinstance(value, str) for value in known.values()):
            return None
        try:
            known["exported_at"] = timestamps.normalize(known["exported_at"])
        except MalformedResponseError:
            return None
        return cls(last_date_time=last if isinstance(last, str) else None, **known)  # type: ignore[arg-type]

    @property
    def facts(self) -> dict[str, Any]:
        """What the state keeps of it."""
        return asdict(self)


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
    """Initiates, watches and reads exports."""

    def __init__(self, client: ExportApi, settings: MyPreferencesSettings, clock: Clock) -> None:
        """Ask nothing yet."""
        self._client = client
        self._settings = settings
        self._clock = clock
        self._completed: dict[str, float] = {}

    def body(self, bookmark: datetime | None) -> dict[str, Any]:
        """Return what to ask for.

        Args:
            bookmark: When the last export was made, None if none was.
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
        """What stands for those whom is asked for, and who asks; a bookmark belongs to it."""
        settings = self._settings
        return wish(self.body(None) | {"client": settings.client_id, "user": settings.user_id})

    def initiate(
        self, segment_group_name: str, body: dict[str, Any], after: datetime | None
    ) -> Export:
        """Start an export.

        Args:
            segment_group_name: What to export.
            body: What to ask for.
            after: The instant of the export before, which this one has to be later than.

        Raises:
            TapError: It could not be started, or not later.
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
        # A clock that is ahead of the server's would skip what changes meanwhile.
        at = min(before, self._client.server_time or before)
        if after and after - SAME_SECOND < at <= after:
            # The server's clock is known in whole seconds. Rows of two exports with one instant
            # would count as those of one.
            at = after + LATER
        if after and at <= after:
            msg = f"it is {timestamps.format_utc(at)}, before the last export: check the clocks"
            raise TapError(msg)
        return Export(str(token), timestamps.format_utc(at), body.get("LastDateTime"), wish(body))

    def wait(self, export: Export, timeout: float) -> None:
        """Return when an export can be read.

        Raises:
            ExportLostError: It was fetched before, or has expired.
            ExportFailedError: It cannot be had at all.
            TapError: It was not done in time, or no usable answer came.
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
                first_delay=FIRST_LOOK,
                max_interval=LONGEST_PAUSE,
            )
        except PollTimeoutError as error:
            msg = f"the export is not complete: {error}; the next sync resumes it (see run_timeout)"
            raise TapError(msg) from error

    def pages(self, export: Export) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Give the profiles, each once, page by page, and how many there are in all.

        Raises:
            IncompleteExportError: Only once the pages are out does it show that they are not all.
            ExportLostError: It can be read no longer.
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
        """Tell that everything was taken.

        Raises:
            TapError: The vendor did not take note.
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
                # Where a page could be read, it is no storage that lags behind.
                if offset > 1 or not self._has_just_completed(export):
                    raise
            self._clock.sleep(GRACE_PAUSE)

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


def wish(body: dict[str, Any]) -> str:
    """Return what stands for a request's body, identifiers of persons among it."""
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
