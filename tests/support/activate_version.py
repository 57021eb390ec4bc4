"""ACTIVATE_VERSION messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.sync import Sync

RESULTS = "match_all_results"
ACTIVATED_STREAMS = {"segments", RESULTS}
"""Streams with ACTIVATE_VERSION messages."""
THIRD_ID = "0a0e1f3c-6f4b-4c58-9a57-3d1f5a4e7b03"
EMIT: dict[str, Any] = {"emit_activate_version_messages": True}


def activated(synced: Sync) -> list[str]:
    """Return the streams of the ACTIVATE_VERSION messages in order."""
    return [message["stream"] for message in messages_of_type(synced, "ACTIVATE_VERSION")]


def messages_of_type(synced: Sync, kind: str) -> list[dict[str, Any]]:
    """Return the messages of a type."""
    return [message for message in synced.messages if message["type"] == kind]
