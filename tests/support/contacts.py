"""Contacts: what was requested, and answers with other ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.sandbox import Sandbox

JOINED_STREAMS = {"match_all_runs", "membership_changes", "contacts"}


def contact_queries(sandbox: Sandbox) -> list[str]:
    """Return the queries of all requests for contacts."""
    return [each.raw_query for each in sandbox.requests if each.path.endswith("/contacts")]


def instead_of(contact_id: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answer with another contact where one is asked for."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        if any(each["id"] == str(contact_id) for each in answer["contacts"]):
            return {**answer, "contacts": [{"id": "900000"}]}
        return answer

    return change
