"""The segment that is looked into, and the definitions of some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.activecampaign.check import results
from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.activecampaign.check.probes.words import count
from tap_activecampaign_segments.activecampaign.check.session import NO_EVALUATION
from tap_activecampaign_segments.activecampaign.definitions.versions import has_versions
from tap_activecampaign_segments.activecampaign.segments import look_up
from tap_activecampaign_segments.errors import (
    AccountError,
    BadRequestError,
    NotFoundError,
    RequestError,
    TapError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_activecampaign_segments.activecampaign.check.session import Session
    from tap_activecampaign_segments.activecampaign.segments import Segment

MAX_MEMBERS = 20_000
"""Members up to which a segment is preferred: its result has few pages."""
MAX_DEFINITIONS = 5
"""Definitions that are read in search of versions and of an external condition."""


class UnknownSegmentError(NotFoundError):
    """The account has no segment with the id that the user named."""


def choose_segment(session: Session) -> None:
    """Choose the segment to look into: the named one, or one that tells much at little cost.

    Raises:
        UnknownSegmentError: The account does not have the one that is named.
        TapError: It cannot be looked up.
    """
    if session.segment_id is not None:
        session.chosen = _named_segment(session, session.segment_id)
        return
    for segment in sorted(session.listed, key=_preference)[:MAX_DEFINITIONS]:
        session.chosen = segment
        try:
            if not is_external(session.read_definition(segment)):
                return
        except AccountError:
            raise
        except TapError:
            return
    session.chosen = None


def probe_versions(session: Session) -> None:
    """Ask for the version before the newest one, of a segment that has several."""
    for segment in _sample(session):
        definition = session.read_definition(segment)
        newest = _created(definition)
        if newest and has_versions(segment.segment_id) and _is_older(segment, newest):
            _probe_version_before(session, segment.segment_id, newest)
            return
    msg = f"none of {count(len(session.definitions), 'definition')}"
    raise NotSeenError(msg)


def probe_external(session: Session) -> None:
    """Evaluate a segment with an external condition, if some definitions have one."""
    external = next(_external_ids(session), None)
    if external is None:
        msg = f"none of {count(len(session.definitions), 'definition')}"
        raise NotSeenError(msg)
    if not session.may_evaluate:
        raise NotSeenError(NO_EVALUATION)
    try:
        results.start(session.client, external, page_size=1)
    except BadRequestError:
        session.findings.settle("external_is_rejected", holds=True, seen="400")
    except (AccountError, TransientError):
        raise
    except RequestError as error:
        session.findings.settle("external_is_rejected", holds=False, seen=f"{error.status}")
    else:
        session.findings.settle("external_is_rejected", holds=False, seen="200, a run")


def is_external(definition: dict[str, Any]) -> bool:
    """Tell whether a definition has a condition on an external value."""
    conditions = definition.get("segment_conditions")
    return any(
        isinstance(field, dict) and field.get("external") is True
        for condition in (conditions if isinstance(conditions, list) else ())
        if isinstance(condition, dict)
        for field in condition.get("fields") or ()
    )


def _named_segment(session: Session, segment_id: str) -> Segment:
    listed = {segment.segment_id: segment for segment in session.listed}
    if segment_id in listed:
        return listed[segment_id]
    try:
        return look_up(session.client, segment_id, confirm_404=False)
    except NotFoundError as error:
        msg = "the account has no segment with this id"
        raise UnknownSegmentError(msg, error.status) from error


def _external_ids(session: Session) -> Iterator[str]:
    """Yield the segments with an external condition, among some."""
    yield from [name for name, found in session.definitions.items() if is_external(found)]
    for segment in _sample(session):
        if is_external(session.read_definition(segment)):
            yield segment.segment_id


def _probe_version_before(session: Session, segment_id: str, newest: datetime) -> None:
    key = "version_before_is_found"
    at = timestamps.epoch_milliseconds(newest) - 1
    for milliseconds, seen in ((0, "a millisecond before"), (999, "only a second before")):
        try:
            older = _created_at(session, segment_id, at - milliseconds)
        except NotFoundError:
            session.findings.settle(key, holds=False, seen="404")
            return
        if older is not None and older < newest:
            session.findings.settle(key, holds=not milliseconds, seen=seen)
            return
    session.findings.settle(key, holds=False, seen="the same version again")


def _created_at(session: Session, segment_id: str, milliseconds: int) -> datetime | None:
    answer = session.client.get("segmentsV2", segment_id, "createdDate", str(milliseconds))
    found = resources(answer)
    return _created(attributes(found[0])) if found else None


def _sample(session: Session) -> list[Segment]:
    """Return the chosen segment, then others whose definitions tell versions and conditions."""
    chosen = session.segment
    others = [each for each in sorted(session.listed, key=_preference) if each != chosen]
    return [chosen, *others][:MAX_DEFINITIONS]


def _preference(segment: Segment) -> tuple[bool, bool, bool, int]:
    """Return the sort key of segments to look into, the best first."""
    size = segment.last_size
    return (
        not has_versions(segment.segment_id),
        segment.last_run_id is None,
        not 1 <= size <= MAX_MEMBERS,
        -size if size <= MAX_MEMBERS else size,
    )


def _created(definition: dict[str, Any]) -> datetime | None:
    text = definition.get("created_date")
    return None if text is None else timestamps.parse(text)


def _is_older(segment: Segment, newest: datetime) -> bool:
    """Tell whether a segment was created before its newest version."""
    created = segment.fields.get("created_date")
    return created is not None and not timestamps.may_be_equal(
        created, timestamps.format_utc(newest)
    )
