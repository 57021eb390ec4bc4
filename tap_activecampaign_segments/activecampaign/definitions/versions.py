"""Segment definitions: all versions, found by walking back through created dates.

``GET segmentsV2/{id}/createdDate/{ms}`` returns the version in force at an instant, in milliseconds
since the epoch (documented). The API cannot list versions: the walk requests the current one, then
the one in force just before its created date, and so on until there is none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.errors import (
    AccountError,
    MalformedResponseError,
    NotFoundError,
    TapError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_activecampaign_segments.activecampaign.api import Api
    from tap_activecampaign_segments.activecampaign.segments import Segment

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
MAX_VERSIONS = 1000
"""Maximum number of versions; guards against an API that never reports the end."""
RESOLUTION = timedelta(milliseconds=1)
"""Resolution of the instant in a request: versions in between cannot be requested."""


def has_versions(segment_id: str) -> bool:
    """Tell whether the API keeps versions: only for ids that are not numeric (documented)."""
    return not segment_id.isdecimal()


def walk_back(
    client: Api,
    segment_id: str,
    *,
    now: datetime,
    created: str | None,
    warn: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """Yield the versions of a segment's definition, newest first, each requested when it is taken.

    Args:
        client: The API client.
        segment_id: The segment; not a numeric id.
        now: The current time.
        created: The segment's created date in the listing, None if unknown.
        warn: Called with a sentence if a version between two others may be missing.

    Raises:
        NotFoundError: The segment has no definition.
        TapError: A version could not be read.
    """
    version = version_at(client, segment_id, timestamps.epoch_milliseconds(now), confirm_404=True)
    for _ in range(MAX_VERSIONS):
        yield version
        newer = version["created_date"]
        # A 404 is expected only where the walk has reached the segment's created date.
        is_first = created is not None and timestamps.may_be_equal(newer, created)
        older = _version_before(client, segment_id, newer, is_first=is_first)
        if older is None:
            return
        if timestamps.parse(newer) - timestamps.parse(older["created_date"]) <= RESOLUTION:
            warn(
                f"two versions of its definition were made within a millisecond, at {newer}: "
                "others between them may be missing"
            )
        version = older
    msg = f"the definition has more than {MAX_VERSIONS} versions (set a later start_date)"
    raise MalformedResponseError(msg)


def _version_before(
    client: Api, segment_id: str, created_date: str, *, is_first: bool
) -> dict[str, Any] | None:
    """Return the version that precedes the one of a created date, None if there is none."""
    created = timestamps.parse(created_date)
    if created == created.min.replace(tzinfo=created.tzinfo):
        return None
    millisecond = timestamps.epoch_milliseconds(created - timedelta(microseconds=1))
    # In case the API rounds the instant, or compares whole seconds, earlier ones are tried too.
    for at in (millisecond, millisecond - 1, millisecond - 1000):
        try:
            version = version_at(client, segment_id, at, confirm_404=not is_first)
        except NotFoundError:
            return None
        if timestamps.parse(version["created_date"]) < created:
            return version
    msg = (
        f"asked for the version before {created_date}, the API answers with one of "
        f"{version['created_date']}: the older versions cannot be read"
    )
    raise MalformedResponseError(msg)


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


def is_edited_since(client: Api, segment: Segment, run_id_start: str) -> bool:
    """Tell whether a segment may have been edited since its last evaluation in the listing began.

    The listing's ``updated_date`` moves with each count too (inferred), and then it is the end of
    the evaluation. The definition is requested only if it is neither that nor from before.

    Args:
        client: The API client.
        segment: The segment as listed.
        run_id_start: Normalized start of the evaluation.

    Returns:
        True if the API does not tell.

    Raises:
        AccountError: The account cannot be read at all.
    """
    updated, ended = segment.fields.get("updated_date"), segment.last_run_end
    if updated and (updated <= run_id_start or (ended and timestamps.may_be_equal(updated, ended))):
        return False
    try:
        found = resources(client.get("segmentsV2", segment.segment_id))
        created = timestamps.normalize(attributes(found[0]).get("created_date")) if found else None
    except AccountError:
        raise
    except TapError:
        return True
    return created is None or created > run_id_start


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
