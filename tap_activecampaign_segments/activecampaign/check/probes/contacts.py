"""Contacts: how they are selected, and what comes with them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.activecampaign.check.probes.words import count
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.check.session import Session

_MARGIN = timedelta(days=2)
"""From now to a day that has begun nowhere, whatever the account's time zone."""
_NO_CONTACT = "the account shows no contact"
_NO_MEMBER = "no member of the segment is known"


def probe_contact_lists(session: Session) -> None:
    """Read a contact with its subscriptions."""
    answer = session.client.get_contacts({"limit": 1, "include": "contactLists"})
    if not answer["contacts"]:
        raise NotSeenError(_NO_CONTACT)
    session.has_contacts = True
    lists = answer.get("contactLists")
    seen = count(len(lists), "row") if isinstance(lists, list) else "no such field"
    session.findings.settle("contact_lists_are_included", holds=isinstance(lists, list), seen=seen)


def probe_ids(session: Session) -> None:
    """Ask for two members of the segment by their ids."""
    wanted = _two_members(session)
    if not wanted:
        raise NotSeenError(_NO_MEMBER)
    answer = session.client.get_contacts({"limit": 20, "ids[]": wanted})
    rows = answer["contacts"]
    found = {coerce_count(each.get("id")) for each in rows if isinstance(each, dict)}
    if not found:
        msg = f"{count(len(wanted), 'contact')} asked for, none came"
        raise NotSeenError(msg)
    others = len(found - set(wanted))
    seen = f"{count(others, 'other contact')}" if others else f"{len(found)} of {len(wanted)}"
    session.findings.settle("ids_select_contacts", holds=not others, seen=seen)


def probe_updated_after(session: Session) -> None:
    """Ask for contacts that will be updated: without the filter, any would come."""
    if not session.has_contacts:
        raise NotSeenError(_NO_CONTACT)
    offset = min(session.traffic.clock_offsets, key=abs, default=timedelta(0))
    day = (session.clock.now() + offset + _MARGIN).date()
    params = {"limit": 1, "filters[updated_after]": day.isoformat()}
    rows = session.client.get_contacts(params)["contacts"]
    seen = f"{count(len(rows), 'contact')} of the future"
    session.findings.settle("updated_after_selects_contacts", holds=not rows, seen=seen)


def probe_id_greater(session: Session) -> None:
    """Ask for what follows the second highest id that is known: without it, the lowest come."""
    known = _two_members(session)
    if not known:
        raise NotSeenError(_NO_MEMBER)
    params = {"limit": 20, "id_greater": known[0], "orders[id]": "ASC"}
    rows = session.client.get_contacts(params)["contacts"]
    ids = [coerce_count(each.get("id")) or 0 for each in rows if isinstance(each, dict)]
    if not ids:
        msg = "no contact follows"
        raise NotSeenError(msg)
    holds = all(before < each for before, each in pairwise([known[0], *ids]))
    seen = f"{count(len(ids), 'contact')} in order" if holds else "others, or in another order"
    session.findings.settle("id_greater_pages_contacts", holds=holds, seen=seen)


def _two_members(session: Session) -> list[int]:
    """Return the two highest known contact ids: without the filter, the lowest would come."""
    known = [session.own] if session.own else session.recorded[:1]
    return sorted(known[0].ids)[-2:] if known else []
