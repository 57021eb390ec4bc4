"""A run of the segment that is looked into: how it appears, and how its result is read."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.check import results
from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.activecampaign.check.probes.words import count, span
from tap_activecampaign_segments.activecampaign.check.results import Result
from tap_activecampaign_segments.activecampaign.check.session import NO_EVALUATION
from tap_activecampaign_segments.errors import MalformedResponseError, NotFoundError, RequestError
from tap_activecampaign_segments.polling import PollTimeoutError, poll
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.check.session import Session
    from tap_activecampaign_segments.activecampaign.match_all.run_response import RunResponse

RUN_TIMEOUT = 60.0
"""Seconds to wait for the evaluation."""
MAX_INTERVAL = 10.0
"""Seconds between two polls at most."""
PAGES = 3
"""Pages that a result is divided into, so that there are some to compare."""
SAME_IDS_PAGES = 3
"""Pages that are compared between the two ways to read a run."""
NO_SUCH_PAGE = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Statuses that say that a page does not exist."""


def probe_start(session: Session) -> None:
    """Start a run, and read it at once; it becomes the own run."""
    if not session.may_evaluate:
        raise NotSeenError(NO_EVALUATION)
    segment = session.segment
    page_size = min(max(-(-_expected_size(session) // PAGES), 1), results.MAX_PAGE_SIZE)
    started = results.start(session.client, segment.segment_id, page_size)
    known = {row["run_id"] for row in session.history} | {segment.last_run_id}
    if started.run.run_id in known:
        # Whatever it was started with, it must not be read in a way that evaluates it again.
        msg = "the start answered an earlier run"
        raise NotSeenError(msg)
    session.started = Result(started, page_size, is_own=True)
    key = "new_run_is_known_at_once"
    try:
        _read_first(session, session.started)
    except NotFoundError:
        session.findings.settle(key, holds=False, seen="404")
    else:
        session.findings.settle(key, holds=True, seen="at once")
    _settle_start(session, started)


def await_run(session: Session) -> None:
    """Wait until the started run is ready, and read its result.

    Raises:
        NotSeenError: It is not ready in time, or failed.
    """
    started = session.started
    if started is None:
        return
    try:
        first = poll(
            lambda: _read_if_ready(session, started),
            clock=session.clock,
            timeout=RUN_TIMEOUT,
            first_delay=0.0,
            max_interval=MAX_INTERVAL,
        )
    except PollTimeoutError as error:
        msg = f"the evaluation took longer than {RUN_TIMEOUT:.0f} s"
        raise NotSeenError(msg) from error
    session.own = Result(first, started.page_size, is_own=True, pages={1: results.ids_of(first)})


def probe_response(session: Session) -> None:
    """Settle what the first page of a ready run tells; nothing is sent."""
    result = session.any_run
    first, layout = result.first, result.layout
    has_end = first.run.run_id_end is not None
    session.findings.settle("ready_run_has_end", holds=has_end, seen=_yes_or_no(has_end))
    if first.total is None:
        session.findings.miss("layout_agrees", "the result has no page.total")
        return
    if first.last_page is None or first.per_page is None:
        session.findings.miss("layout_agrees", "the answer has no page.last_page or page.per_page")
    else:
        pages = count(first.last_page, "page")
        seen = f"{layout.total} ids, {pages}"
        session.findings.settle("layout_agrees", holds=layout.flaw is None, seen=seen)


def probe_pages(session: Session) -> None:
    """Read the pages of a result, its first page twice."""
    result = session.any_run
    if result.first.total is None:
        msg = "the result has no page.total"
        raise NotSeenError(msg)
    result.read_pages(session.client)
    layout, pages = result.layout, result.pages
    wrong = [number for number in pages if len(pages[number]) != layout.page_length(number)]
    read = sum(len(each) for each in pages.values())
    seen = f"{read} of {layout.total} ids"
    if not result.is_whole:
        seen = f"{len(pages)} of {layout.page_count} pages"
    session.findings.settle("result_can_be_paged", holds=not wrong, seen=seen)
    again = result.read_page(session.client, 1)
    repeated = read - len(result.ids)
    if repeated:
        seen = f"{count(repeated, 'id')} on two pages"
    else:
        seen = "page 1 twice the same" if again == pages[1] else "page 1 differs when read again"
    is_kept = again == pages[1] and not repeated
    session.findings.settle("page_order_is_kept", holds=is_kept, seen=seen)


def probe_beyond_end(session: Session) -> None:
    """Read the page after the last one."""
    key = "nothing_after_last_page"
    result = session.any_run
    if result.first.total is None or not result.is_whole:
        msg = "the result was not read whole"
        raise NotSeenError(msg)
    try:
        beyond = result.read_page(session.client, result.layout.page_count + 1)
    except RequestError as error:
        if error.status not in NO_SUCH_PAGE:
            raise
        session.findings.settle(key, holds=True, seen=f"{error.status}")
        return
    further = set(beyond) - result.ids
    if further:
        seen = f"{count(len(further), 'further id')}"
    else:
        seen = "ids of earlier pages" if beyond else "an empty page"
    session.findings.settle(key, holds=not further, seen=seen)


def probe_match_some(session: Session) -> None:
    """Read the own run by ``segmentMatchSome`` too."""
    key = "match_some_has_same_ids"
    own = session.own_run
    other = Result(own.first, own.page_size, is_own=False)
    differing = 0
    numbers = sorted(own.pages)[:SAME_IDS_PAGES]
    try:
        for number in numbers:
            differing += len(set(other.read_page(session.client, number)) ^ set(own.pages[number]))
    except NotFoundError:
        session.findings.settle(key, holds=False, seen="404")
        return
    seen = f"{count(differing, 'id')} differ" if differing else "the same ids"
    session.findings.settle(
        key, holds=not differing, seen=f"{seen} on {count(len(numbers), 'page')}"
    )


def probe_definition_date(session: Session) -> None:
    """Compare a run's ``segment_timestamp`` with the date of the newest definition."""
    result = session.any_run
    run = result.first.run
    told = run.segment_timestamp
    created = session.read_definition(session.segment).get("created_date")
    if told is None or created is None:
        msg = "the run has no segment_timestamp" if created else "the definition has no date"
        raise NotSeenError(msg)
    if not result.is_own and timestamps.parse(run.run_id_start) < timestamps.parse(created):
        msg = "the segment was edited after the run"
        raise NotSeenError(msg)
    difference = timestamps.parse(told) - timestamps.parse(created)
    is_same = timestamps.may_be_equal(told, timestamps.normalize(created))
    direction = "later" if difference > timedelta() else "earlier"
    seen = "the same" if is_same else f"{span(abs(difference))} {direction}"
    session.findings.settle("run_names_definition", holds=is_same, seen=seen)


def probe_empty_result(session: Session) -> None:
    """Read the last recorded run of a segment without members."""
    empty = [
        each
        for each in session.listed
        if each.last_run_id and not each.last_size and each.last_run_start
    ]
    if not empty:
        msg = "no listed segment is empty"
        raise NotSeenError(msg)
    run_id = empty[0].last_run_id or ""
    try:
        first = results.read_recorded(
            session.client, empty[0].segment_id, run_id, page=1, page_size=1
        )
    except NotFoundError as error:
        msg = "the last run of an empty segment cannot be read"
        raise NotSeenError(msg) from error
    if not first.is_ready or first.matches or first.total:
        msg = "the last run of an empty segment is not empty"
        raise NotSeenError(msg)
    told = "no total" if first.total is None else "total 0"
    seen = f"{told}, {'no matches' if first.matches is None else 'empty matches'}"
    session.findings.settle("empty_result_has_total", holds=first.total is not None, seen=seen)


def _expected_size(session: Session) -> int:
    counted = session.history[0]["result_count"] if session.history else None
    return session.segment.last_size or coerce_count(counted) or results.MAX_PAGE_SIZE


def _read_first(session: Session, result: Result) -> RunResponse:
    run = result.first.run
    return results.read_own(
        session.client, run.segment_id, run.run_id, page=1, page_size=result.page_size
    )


def _read_if_ready(session: Session, result: Result) -> RunResponse | None:
    try:
        response = _read_first(session, result)
    except NotFoundError:
        return None
    if not response.is_ready and response.run.run_id_end is not None:
        msg = "the evaluation failed"
        raise NotSeenError(msg)
    if response.run.run_id != result.first.run.run_id:
        msg = "another run was answered"
        raise MalformedResponseError(msg)
    return response if response.is_ready else None


def _settle_start(session: Session, started: RunResponse) -> None:
    key = "run_starts_later"
    before = session.segment.last_run_start
    if before is None:
        session.findings.miss(key, "the listing names no earlier run")
        return
    elapsed = timestamps.parse(started.run.run_id_start) - timestamps.parse(before)
    is_later = started.run.is_later_than(before)
    seen = f"{span(abs(elapsed))} {'later' if is_later else 'earlier'}"
    session.findings.settle(key, holds=is_later, seen=seen)


def _yes_or_no(answer: bool) -> str:  # noqa: FBT001 (a word for a value)
    return "it has" if answer else "it has none"
