"""Contacts: how they are selected, and what comes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.activecampaign.check.probes.words import count
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.check.session import Session


def probe_contact_lists(session: Session) -> None:
    """Read a contact with its subscriptions."""
    answer = session.client.get_contacts({"limit": 1, "include": "contactLists"})
    if not answer["contacts"]:
        msg = "the account shows no contact"
        raise NotSeenError(msg)
    lists = answer.get("contactLists")
    seen = count(len(lists), "row") if isinstance(lists, list) else "no such field"
    session.findings.settle("contact_lists_are_included", holds=isinstance(lists, list), seen=seen)


def probe_ids(session: Session) -> None:
    """Ask for two members of the segment by their ids."""
    wanted = _two_members(session)
    if not wanted:
        msg = "no member of the segment is known"
        raise NotSeenError(msg)
    answer = session.client.get_contacts({"limit": 20, "ids[]": wanted})
    rows = answer["contacts"]
    found = {coerce_count(each.get("id")) for each in rows if isinstance(each, dict)}
    if not found:
        msg = f"{count(len(wanted), 'contact')} asked for, none came"
        raise NotSeenError(msg)
    others = len(found - set(wanted))
    seen = f"{count(others, 'other contact')}" if others else f"{len(found)} of {len(wanted)}"
    session.findings.settle("ids_select_contacts", holds=not others, seen=seen)


def _two_members(session: Session) -> list[int]:
    """Return the two highest known contact ids: without the filter, the lowest would come."""
    known = [session.own] if session.own else session.recorded[:1]
    return sorted(known[0].ids)[-2:] if known else []
