"""Definitions: every version of a segment, found by walking back from now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.client import attributes, resources
from tap_activecampaign_segments.errors import (
    AccountError,
    MalformedResponseError,
    NotFoundError,
    TapError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient

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

MOST_VERSIONS = 1000
"""Versions that are walked back over; an API that always finds one more must end somewhere."""

SETTLED_AFTER = timedelta(hours=1)
"""Age of a version from which on no other can have followed within its second."""
_CLOSE = timedelta(milliseconds=1)
"""Distance of two versions between which the API cannot be asked."""


def has_history(segment_id: str) -> bool:
    """Tell whether the API keeps versions: it does for ids that are no numbers (documented)."""
    return not segment_id.isdecimal()


def versions(  # noqa: PLR0913
    client: ActiveCampaignClient,
    segment_id: str,
    *,
    since: datetime | None,
    now: datetime,
    created: str | None,
    warn: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Return the versions of a segment's definition, oldest first.

    No call lists them: the version at an instant is asked for, then the one just before it began,
    until there is none.

    Args:
        client: Where to ask.
        segment_id: Whose versions; not a number.
        since: The version in force at this instant is the oldest to return; None for all.
        now: The present.
        created: When the segment was made, by the listing; None if that is not told.
        warn: Told of versions between which another one may be missing.

    Raises:
        NotFoundError: The segment has no definition now.
        TapError: The versions could not be read whole.
    """
    found = [_version(client, segment_id, timestamps.epoch_milliseconds(now), confirm_404=True)]
    while since is None or timestamps.parse(found[-1]["created_date"]) > since:
        newer = found[-1]["created_date"]
        # A 404 is the end that is expected only where the walk has reached the beginning.
        is_first = created is not None and timestamps.may_be_equal(newer, created)
        older = _version_before(client, segment_id, newer, is_first=is_first)
        if older is None:
            break
        if timestamps.parse(newer) - timestamps.parse(older["created_date"]) <= _CLOSE:
            warn(
                f"two versions of its definition were made within a millisecond, at {newer}: "
                "others between them may be missing"
            )
        found.append(older)
        if len(found) > MOST_VERSIONS:
            msg = f"the definition has more than {MOST_VERSIONS} versions (set a later start_date)"
            raise MalformedResponseError(msg)
    return found[::-1]


def differ_at(client: ActiveCampaignClient, segment_id: str, one: str, other: str) -> bool:
    """Tell whether a segment's definition was another one at two instants.

    Args:
        client: Where to ask.
        segment_id: Whose definition.
        one: An instant, in the one form.
        other: Likewise.

    Returns:
        False where the API does not tell.

    Raises:
        AccountError: The account cannot be read at all.
    """
    hashes = {_hash_at(client, segment_id, each) for each in (one, other)}
    return len(hashes) > 1 and None not in hashes


def _hash_at(client: ActiveCampaignClient, segment_id: str, instant: str) -> str | None:
    if not has_history(segment_id):
        return None
    at = timestamps.parse(instant)
    # The instant may be cut after its milliseconds or seconds, and so be too early for its version.
    unit = 1 if at.microsecond else 1000
    try:
        version = _version(client, segment_id, timestamps.epoch_milliseconds(at) + unit)
    except AccountError:
        raise
    except TapError:
        return None
    found = version["segment_hash"]
    return found if isinstance(found, str) else None


def _version_before(
    client: ActiveCampaignClient, segment_id: str, created_date: str, *, is_first: bool
) -> dict[str, Any] | None:
    """Return the version before another one, None where there is none."""
    created = timestamps.parse(created_date)
    if created == created.min.replace(tzinfo=created.tzinfo):
        return None
    # The API is asked in whole milliseconds. The last resort is the second before, in case it
    # compares those.
    millisecond = timestamps.epoch_milliseconds(created - timedelta(microseconds=1))
    for at in (millisecond, millisecond - 1, millisecond - 1000):
        try:
            version = _version(client, segment_id, at, confirm_404=not is_first)
        except NotFoundError:
            return None
        if timestamps.parse(version["created_date"]) < created:
            return version
    msg = (
        f"asked for the version before {created_date}, the API answers with one of "
        f"{version['created_date']}: the older versions cannot be read"
    )
    raise MalformedResponseError(msg)


def _version(
    client: ActiveCampaignClient, segment_id: str, at: int, *, confirm_404: bool = False
) -> dict[str, Any]:
    """Return the version in force at an instant, in milliseconds since the epoch."""
    found = resources(
        client.get("segmentsV2", segment_id, "createdDate", str(at), confirm_404=confirm_404)
    )
    if not found:
        msg = f"there is no definition of {segment_id} at {at} ms"
        raise NotFoundError(msg)
    facts = attributes(found[0])
    return {
        "segment_id": segment_id,
        "created_date": timestamps.normalize(facts.get("created_date")),
        **{name: facts.get(name) for name in FIELDS},
    }
