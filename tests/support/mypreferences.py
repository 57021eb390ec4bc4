"""MyPreferences: configurations, exports, and what was requested of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.sync import Sync, run_tap

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import Sandbox
    from tests.support.warehouse import Warehouse

PROFILES = "segment_group_profiles"
EXPORTS = "segment_group_exports"


def signed_config(sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
    """Return the `mypreferences` setting with an HMAC signature."""
    preferences = sandbox.preferences
    return {
        "api_url": sandbox.mypreferences_url,
        "client_id": preferences.client_id,
        "user_id": preferences.user_id,
        "shared_secret": preferences.shared_secret,
        "segment_groups": [group.name for group in preferences.groups],
        **settings,
    }


def oauth_config(sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
    """Return the `mypreferences` setting with OAuth."""
    config = signed_config(sandbox, **settings)
    del config["shared_secret"]
    return {
        **config,
        "oauth_token_url": sandbox.oauth_token_url,
        "oauth_client_id": sandbox.preferences.oauth_client_id,
        "oauth_client_secret": sandbox.preferences.oauth_client_secret,
    }


def export(
    sandbox: Sandbox,
    state: dict[str, Any] | None = None,
    top: dict[str, Any] | None = None,
    **settings: Any,
) -> Sync:
    """Sync MyPreferences alone.

    Args:
        sandbox: The account.
        state: Initial state.
        top: Top-level settings.
        settings: Settings within `mypreferences`.
    """
    config = {"mypreferences": signed_config(sandbox, **settings), **(top or {})}
    return run_tap(config, **{"--state": state})


def request_kinds(sandbox: Sandbox) -> list[str]:
    """Return the kind of each request."""
    found = []
    for request in sandbox.requests:
        if "/Commit/" in request.path:
            found.append("commit")
        elif request.path.endswith("/Status"):
            found.append("status")
        elif request.method == "POST" and "/Export/" in request.path:
            found.append("initiate")
        elif "/Export/" in request.path:
            found.append("data")
        else:
            found.append("token")
    return found


def initiate_bodies(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the bodies of the requests that start exports."""
    return [
        json.loads(request.body or b"{}")
        for request, what in zip(sandbox.requests, request_kinds(sandbox), strict=True)
        if what == "initiate"
    ]


def profile_ids(synced: Sync) -> list[int]:
    """Return the emitted profile ids in order."""
    return [row["ProfileId"] for row in synced.records(PROFILES)]


GROUP_MEMBERS = "members of a segment group"


def group_members(warehouse: Warehouse) -> set[int]:
    """Return the profile ids of the only group, by the documented query."""
    return {row[1] for row in warehouse.query(GROUP_MEMBERS)}


CRITERIA: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"match_criteria": "ProfileId", "match_values": ["1", "2"]},
        {"match_criteria": "ProfileId", "match_values": ["1", "2", "3"]},
    ),
    ({"match_criteria": "ProfileId", "match_values": ["1"]}, {}),
    ({}, {"match_criteria": "ProfileId", "match_values": ["1"]}),
    (
        {"match_criteria": "EmailAddress", "match_values": ["1"]},
        {"match_criteria": "EmailAddress", "match_values": ["1"], "match_type": "Home"},
    ),
]


def exported_groups(synced: Sync) -> list[str]:
    """Return the names of the exported groups in order."""
    return [row["segment_group_name"] for row in synced.records("segment_group_exports")]
