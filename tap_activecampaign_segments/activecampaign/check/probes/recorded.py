"""Recorded runs: what ActiveCampaign evaluated by itself, and keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.check import results
from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.activecampaign.check.probes.words import count, span
from tap_activecampaign_segments.activecampaign.check.results import MAX_PAGE_SIZE, Result
from tap_activecampaign_segments.activecampaign.match_all.recorded_runs import MAX_RECORDING_DELAY
from tap_activecampaign_segments.activecampaign.match_all.run import RETENTION
from tap_activecampaign_segments.errors import NotFoundError
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.activecampaign.check.session import Session

AGES = (1, 7, 30, 60, 85)
"""Days ago from which a recorded run is read, besides the newest one."""
FAR_BACK = timedelta(days=60)
"""Age of a readable run from which on the retention counts as confirmed."""
SAFETY = timedelta(days=2)
"""Before its expiry a run may be gone already: days are counted by another clock."""
MAX_PAGES = 3
"""Pages that are read of a recorded run."""
MAX_MATCHES = 5
"""Contacts that are asked for one by one."""
MAX_CONTACTS = 100
"""Contacts in one answer (documented)."""


def probe_recorded(session: Session) -> None:
    """Read one recorded run each from several times in the past."""
    ages: list[tuple[timedelta, bool]] = []
    for row in _rows(session):
        age = session.clock.now() - timestamps.parse(row["timestamp"])
        if age > RETENTION - SAFETY:
            break
        result = _read_recorded(session, row)
        if result:
            session.recorded.append(result)
        ages.append((age, result is not None))
    if not ages:
        msg = "the count history has no row that is young enough"
        raise NotSeenError(msg)
    _settle_ages(session, ages)
    _settle_ends(session)


def probe_counted_ids(session: Session) -> None:
    """Compare the ids of the newest recorded run with its count."""
    newest = _newest(session)
    counted = _counted(newest)
    if counted is None:
        msg = "the count is no number"
        raise NotSeenError(msg)
    read = len(newest.ids) if newest.is_whole else newest.first.total
    session.findings.settle(
        "recorded_run_has_counted_ids", holds=read == counted, seen=f"{read} ids, count {counted}"
    )


def probe_deleted_contacts(session: Session) -> None:
    """Look for a contact of earlier results that was deleted since."""
    key = "deleted_contact_stays"
    newest = _newest(session)
    for result in session.recorded:
        _read_whole(session, result)
        told = result.first.total or 0
        if newest.is_whole and len(newest.ids) == _counted(newest):
            # Where the token's user does not see all of it, fewer ids than counted mean nothing.
            told = max(told, _counted(result) or 0)
        if result.is_whole and len(result.ids) < told:
            seen = f"{len(result.ids)} of {told} ids left"
            session.findings.settle(key, holds=False, seen=seen)
            return
    if not session.findings.has_confirmed("token_sees_recorded_runs"):
        msg = "some may be invisible"
        raise NotSeenError(msg)
    if not session.findings.has_confirmed("ids_select_contacts"):
        msg = "contacts cannot be selected by id"
        raise NotSeenError(msg)
    # Who left the segment may have left it by being deleted.
    present = session.own.ids if session.own else set[int]()
    left = set[int]().union(*(result.ids for result in session.recorded)) - present
    asked = sorted(left)[:MAX_CONTACTS]
    gone = set(asked) - _existing(session, asked) if asked else set()
    if not gone or _is_visible(session, min(gone)):
        msg = f"none of {len(asked)} who left"
        raise NotSeenError(msg)
    session.findings.settle(key, holds=True, seen=f"{count(len(gone), 'deleted contact')} in one")


def probe_visibility(session: Session) -> None:
    """Ask for contacts of the newest recorded run that the own run lacks."""
    newest = _newest(session)
    key = "token_sees_recorded_runs"
    own = session.own
    if own is not None and own.is_whole and newest.is_whole and newest.ids <= own.ids:
        seen = f"all {len(newest.ids)} in the own run"
        session.findings.settle(key, holds=True, seen=seen)
        return
    lacking = sorted(newest.ids - own.ids if own is not None and own.is_whole else newest.ids)
    asked = lacking[:MAX_MATCHES]
    if not asked:
        msg = "the newest recorded run is empty"
        raise NotSeenError(msg)
    found = sum(_is_visible(session, each) for each in asked)
    session.findings.settle(
        key, holds=2 * found >= len(asked), seen=f"{found} of {count(len(asked), 'contact')} found"
    )


def _rows(session: Session) -> Iterator[dict[str, Any]]:
    """Yield the newest count, and the newest one before each of `AGES`."""
    seen = set[str]()
    now = session.clock.now()
    for days in (0, *AGES):
        instant = now - timedelta(days=days)
        known = [row for row in session.history if timestamps.parse(row["timestamp"]) <= instant]
        if not known and session.history:
            known = session.read_counts(before=timestamps.epoch_seconds(instant))
        if not known:
            return
        row = max(known, key=lambda row: row["timestamp"])
        if row["run_id"] not in seen:
            seen.add(row["run_id"])
            yield row


def _read_recorded(session: Session, row: dict[str, Any]) -> Result | None:
    """Return the recorded run of a count, None if it cannot be read."""
    segment_id = session.segment.segment_id
    try:
        first = results.read_recorded(
            session.client, segment_id, row["run_id"], page=1, page_size=MAX_PAGE_SIZE
        )
    except NotFoundError:
        return None
    if not first.is_ready:
        return None
    return Result(first, MAX_PAGE_SIZE, is_own=False, count=row, pages={1: results.ids_of(first)})


def _settle_ages(session: Session, ages: list[tuple[timedelta, bool]]) -> None:
    """Settle whether recorded runs can be read, and for how long.

    Args:
        session: The check.
        ages: How old each run is, and whether it could be read; the newest first.
    """
    newest_age, is_readable = ages[0]
    session.findings.settle(
        "recorded_run_is_readable",
        holds=is_readable,
        seen=f"{'read' if is_readable else 'not'} of {span(newest_age)} ago",
    )
    key = "recorded_run_is_kept"
    readable = [age for age, is_kept in ages if is_kept]
    lost = [age for age, is_kept in ages if not is_kept]
    if not readable:
        session.findings.miss(key, "no recorded run can be read")
    elif lost:
        seen = f"{span(max(readable))}, not {span(min(lost))}"
        session.findings.settle(key, holds=False, seen=seen)
    elif max(readable) >= FAR_BACK:
        session.findings.settle(key, holds=True, seen=f"read of {span(max(readable))} ago")
    else:
        session.findings.miss(key, f"the oldest count is {span(max(readable))} old")


def _settle_ends(session: Session) -> None:
    ends = [
        timestamps.parse(result.count["timestamp"]) - timestamps.parse(result.first.run.run_id_end)
        for result in session.recorded
        if result.count and result.first.run.run_id_end
    ]
    if not ends:
        session.findings.miss("recorded_run_ended_with_count", "no recorded run tells its end")
        return
    longest = max(ends, key=abs)
    session.findings.settle(
        "recorded_run_ended_with_count",
        holds=abs(longest) <= MAX_RECORDING_DELAY,
        seen=f"within {span(abs(longest))}, {count(len(ends), 'run')}",
    )


def _newest(session: Session) -> Result:
    """Return the newest recorded run, read whole unless it is large.

    Raises:
        NotSeenError: None can be read.
    """
    if not session.recorded:
        msg = "no recorded run can be read"
        raise NotSeenError(msg)
    newest = session.recorded[0]
    _read_whole(session, newest)
    return newest


def _read_whole(session: Session, result: Result) -> None:
    if result.layout.page_count <= MAX_PAGES:
        result.read_pages(session.client)


def _counted(result: Result) -> int | None:
    return coerce_count(result.count["result_count"]) if result.count else None


def _existing(session: Session, contact_ids: list[int]) -> set[int]:
    """Return those of some contacts that the account has."""
    answer = session.client.get_contacts({"limit": MAX_CONTACTS, "ids[]": contact_ids})
    ids = (coerce_count(each.get("id")) for each in answer["contacts"] if isinstance(each, dict))
    return {each for each in ids if each is not None}


def _is_visible(session: Session, contact_id: int) -> bool:
    try:
        session.client.get("segmentMatch", session.segment.segment_id, str(contact_id))
    except NotFoundError:
        return False
    return True
