"""The account: the token's user, the limit, the clock, and the form of answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.check.probes.words import count
from tap_activecampaign_segments.errors import ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.check.session import Session

MAX_CLOCK_OFFSET = timedelta(seconds=10)
"""Deviation of the clock from which on ``listed_at`` is the server's time."""
ACCOUNT_LIMIT = 5
"""Requests per second that an account allows (documented)."""


def probe_user(session: Session) -> None:
    """Ask for the token's user."""
    try:
        user_id = session.client.get_user_id(confirm_404=False)
    except (ForbiddenError, NotFoundError) as error:
        session.findings.settle("user_is_told", holds=False, seen=f"{error.status}")
    else:
        seen = "a user with an id" if user_id else "a user without an id"
        session.findings.settle("user_is_told", holds=bool(user_id), seen=seen)


def conclude(session: Session) -> None:
    """Settle what every response shows; nothing is sent."""
    _conclude_403(session)
    _conclude_rate_limit(session)
    _conclude_clock(session)
    _conclude_form(session)


def _conclude_403(session: Session) -> None:
    passing, lasting = session.traffic.passing_403s, session.traffic.lasting_403s
    key = "forbidden_is_intermittent"
    if lasting:
        session.findings.settle(key, holds=False, seen=f"{count(lasting, 'request')} stayed a 403")
    elif passing:
        session.findings.settle(key, holds=True, seen=f"{count(passing, '403')} went away")
    else:
        session.findings.miss(key, "no 403 came")


def _conclude_rate_limit(session: Session) -> None:
    limits = session.traffic.rate_limits
    told = [limit for limit in limits if limit is not None]
    if not limits:
        return
    if not told:
        seen = "no such header"
    elif len(limits) > 1:
        seen = f"{', '.join(map(str, sorted(told)))}, not on every response"
    else:
        seen = f"{told[0]}, on every response"
    session.findings.settle(
        "rate_limit_is_told", holds=set(told) == {ACCOUNT_LIMIT} == set(limits), seen=seen
    )


def _conclude_clock(session: Session) -> None:
    if not session.traffic.clock_offsets:
        session.findings.miss("clocks_agree", "no response has a Date")
        return
    # A response that took long says less than one that came at once.
    offset = min(session.traffic.clock_offsets, key=abs)
    seconds = round(offset.total_seconds())
    session.findings.settle(
        "clocks_agree", holds=abs(offset) <= MAX_CLOCK_OFFSET, seen=f"{seconds:+d} s"
    )


def _conclude_form(session: Session) -> None:
    traffic = session.traffic
    if traffic.own_404s or traffic.other_404s:
        seen = f"{traffic.own_404s} of {traffic.own_404s + traffic.other_404s}"
        session.findings.settle("not_found_has_known_form", holds=not traffic.other_404s, seen=seen)
    else:
        session.findings.miss("not_found_has_known_form", "no 404 came")
    if traffic.arrays or traffic.objects:
        seen = f"{traffic.arrays} of {traffic.arrays + traffic.objects} answers"
        session.findings.settle("data_is_array", holds=not traffic.objects, seen=seen)
