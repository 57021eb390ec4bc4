"""The probes in their order, and what becomes of those that fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.check.findings import NotSeenError
from tap_activecampaign_segments.activecampaign.check.probes import (
    account,
    contacts,
    counts,
    definitions,
    listing,
    recorded,
    runs,
)
from tap_activecampaign_segments.errors import AccountError, RequestError, TapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.activecampaign.check.session import Session
    from tap_activecampaign_segments.activecampaign.check.traffic import Traffic


@dataclass(frozen=True)
class Probe:
    """Some requests, and the facts that they settle.

    Attributes:
        run: Sends the requests.
        keys: The facts, which are not seen if it fails.
        is_vital: Whether nothing can be read if it fails.
    """

    run: Callable[[Session], None]
    keys: tuple[str, ...] = ()
    is_vital: bool = False


PROBES = (
    Probe(listing.probe_listing, ("listing_tells_last_page",), is_vital=True),
    Probe(definitions.choose_segment, is_vital=True),
    Probe(
        counts.probe_history,
        ("history_is_newest_first", "count_id_is_unique", "count_settles_in_a_day"),
    ),
    Probe(runs.probe_start, ("new_run_is_known_at_once", "run_starts_later")),
    # While the run is evaluated.
    Probe(account.probe_user, ("user_is_told",)),
    Probe(listing.probe_empty_listing, ("empty_listing_is_404",)),
    Probe(counts.probe_unknown_history, ("unknown_history_is_404",)),
    Probe(
        recorded.probe_recorded,
        ("recorded_run_is_readable", "recorded_run_is_kept", "recorded_run_ended_with_count"),
    ),
    Probe(recorded.probe_counted_ids, ("recorded_run_has_counted_ids",)),
    # Once it is ready.
    Probe(runs.await_run, ("ready_run_has_end", "layout_agrees")),
    Probe(runs.probe_response, ("ready_run_has_end", "layout_agrees")),
    Probe(runs.probe_pages, ("result_can_be_paged", "page_order_is_kept")),
    Probe(runs.probe_beyond_end, ("nothing_after_last_page",)),
    Probe(runs.probe_match_some, ("match_some_has_same_ids",)),
    Probe(counts.probe_own_count, ("own_run_is_counted",)),
    Probe(counts.probe_own_total, ("own_run_is_last_total",)),
    Probe(runs.probe_definition_date, ("run_names_definition",)),
    Probe(recorded.probe_visibility, ("token_sees_recorded_runs",)),
    Probe(contacts.probe_contact_lists, ("contact_lists_are_included",)),
    Probe(contacts.probe_ids, ("ids_select_contacts",)),
    Probe(recorded.probe_deleted_contacts, ("deleted_contact_stays",)),
    Probe(contacts.probe_updated_after, ("updated_after_selects_contacts",)),
    Probe(contacts.probe_id_greater, ("id_greater_pages_contacts",)),
    Probe(definitions.probe_versions, ("version_before_is_found",)),
    Probe(definitions.probe_external, ("external_is_rejected",)),
    Probe(runs.probe_empty_result, ("empty_result_has_total",)),
)
"""All probes. The first ones cost little and tell what the others need."""


def examine(session: Session, on_probe: Callable[[int, int], None]) -> None:
    """Run all probes; a failed one leaves its facts not seen.

    Args:
        session: What they share.
        on_probe: Called before each probe with its number, from 1, and how many there are.

    Raises:
        AccountError: The account cannot be read.
        UnknownSegmentError: The account does not have the segment that the user named.
        TapError: A vital probe failed.
    """
    for number, probe in enumerate(PROBES, start=1):
        on_probe(number, len(PROBES))
        _run(probe, session)
    account.conclude(session)


def _run(probe: Probe, session: Session) -> None:
    try:
        probe.run(session)
    except (AccountError, definitions.UnknownSegmentError):
        raise
    except TapError as error:
        if probe.is_vital and not isinstance(error, NotSeenError):
            raise
        _miss(probe, session, describe(error, session.traffic))
    except Exception as error:  # noqa: BLE001
        # An answer in a form that nobody thought of: the other probes go on.
        what = f"the answer of {session.traffic.last} is unexpected ({type(error).__name__})"
        _miss(probe, session, what)


def _miss(probe: Probe, session: Session, why: str) -> None:
    for key in probe.keys:
        session.findings.miss(key, why)


def describe(error: TapError, traffic: Traffic) -> str:
    """Return why something was not seen, without anything of the account.

    The message of an error quotes paths and the server's words.

    Args:
        error: What ended the probe.
        traffic: Knows the last request.
    """
    if isinstance(error, NotSeenError):
        return str(error)
    if isinstance(error, RequestError):
        what = "no usable answer" if error.status in {None, 200} else f"{error.status}"
        return f"{traffic.last} answered {what}" if error.status else f"no answer of {traffic.last}"
    return f"the answer of {traffic.last} cannot be read"
