"""Segment definitions: the version in force at an instant.

``GET segmentsV2/{id}/createdDate/{ms}`` returns it, with the instant in milliseconds since the
epoch (documented). `definition_history` walks back through all versions.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.errors import AccountError, NotFoundError, TapError

if TYPE_CHECKING:
    from tap_activecampaign_segments.activecampaign.api import Api

FIELDS = (
    "segment_hash",
    "user_id",
    "name",
    "description",
    "category",
    "segment_condition_group_operator",
    "segment_condition_groups",
    "segment_conditions",
    "meta",
)

SETTLED_AFTER = timedelta(hours=1)
"""Age of a version from which on no other version with the same second can appear."""


def has_versions(segment_id: str) -> bool:
    """Tell whether the API keeps versions: only for ids that are not numeric (documented)."""
    return not segment_id.isdecimal()


def version_at(
    client: Api, segment_id: str, at: int, *, confirm_404: bool = False
) -> dict[str, Any]:
    """Return the version in force at an instant, as a row.

    Args:
        client: The API client.
        segment_id: The segment; not a numeric id.
        at: The instant, in milliseconds since the epoch.
        confirm_404: See `ActiveCampaignClient.get`.

    Raises:
        NotFoundError: There was no version yet.
        TapError: The version could not be read.
    """
    found = resources(
        client.get("segmentsV2", segment_id, "createdDate", str(at), confirm_404=confirm_404)
    )
    if not found:
        msg = f"there is no definition of {segment_id} at {at} ms"
        raise NotFoundError(msg)
    version = attributes(found[0])
    return {
        "segment_id": segment_id,
        "created_date": timestamps.normalize(version.get("created_date")),
        **{name: version.get(name) for name in FIELDS},
    }


def differ_between(client: Api, segment_id: str, one: str, other: str) -> bool:
    """Tell whether the definitions in force at two instants differ.

    Args:
        client: The API client.
        segment_id: The segment.
        one: A normalized timestamp.
        other: Another one.

    Returns:
        False if the API does not tell.

    Raises:
        AccountError: The account cannot be read at all.
    """
    hashes = {_hash_at(client, segment_id, each) for each in (one, other)}
    return len(hashes) > 1 and None not in hashes


def _hash_at(client: Api, segment_id: str, timestamp: str) -> str | None:
    if not has_versions(segment_id):
        return None
    at = timestamps.parse(timestamp)
    # The timestamp may be truncated to milliseconds or seconds, and so precede its own version.
    precision = 1 if at.microsecond else 1000
    try:
        version = version_at(client, segment_id, timestamps.epoch_milliseconds(at) + precision)
    except AccountError:
        raise
    except TapError:
        return None
    found = version["segment_hash"]
    return found if isinstance(found, str) else None
