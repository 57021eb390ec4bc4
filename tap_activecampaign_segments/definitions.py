"""Definitions: every version of a segment, found by walking back from now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.client import attributes, resources
from tap_activecampaign_segments.errors import MalformedAnswerError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from tap_activecampaign_segments.client import Client

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

_STEPS = (timedelta(milliseconds=1), timedelta(seconds=1))
"""How far before a version to ask for the one before; a second, in case the API compares those."""


def has_history(segment_id: str) -> bool:
    """Tell whether the API keeps versions: it does for ids that are no numbers (documented)."""
    return not segment_id.isdecimal()


def versions(
    client: Client, segment_id: str, since: datetime | None, now: datetime
) -> list[dict[str, Any]]:
    """Return the versions of a segment's definition, oldest first.

    No call lists them: the version at an instant is asked for, then the one just before it began,
    until there is none.

    Args:
        client: Where to ask.
        segment_id: Whose versions; not a number.
        since: The version in force at this instant is the oldest to return; None for all.
        now: The present.

    Raises:
        NotFoundError: The segment has no definition now.
        TapError: The versions could not be read whole.
    """
    found = [_version(client, segment_id, now)]
    while since is None or timestamps.parse(found[-1]["created_date"]) > since:
        older = _version_before(client, segment_id, timestamps.parse(found[-1]["created_date"]))
        if older is None:
            break
        found.append(older)
        if len(found) > MOST_VERSIONS:
            msg = f"the definition has more than {MOST_VERSIONS} versions (set a later start_date)"
            raise MalformedAnswerError(msg)
    return found[::-1]


def _version_before(client: Client, segment_id: str, created: datetime) -> dict[str, Any] | None:
    for step in _STEPS:
        try:
            version = _version(client, segment_id, created - step)
        except (NotFoundError, OverflowError):
            return None
        if timestamps.parse(version["created_date"]) < created:
            return version
    msg = (
        f"asked for the version before {timestamps.render(created)}, the API answers with one of "
        f"{version['created_date']}: the older versions cannot be read"
    )
    raise MalformedAnswerError(msg)


def _version(client: Client, segment_id: str, at: datetime) -> dict[str, Any]:
    instant = str(timestamps.milliseconds(at))
    found = resources(client.get("segmentsV2", segment_id, "createdDate", instant))
    if not found:
        msg = f"there is no definition of {segment_id} at {timestamps.render(at)}"
        raise NotFoundError(msg)
    facts = attributes(found[0])
    return {
        "segment_id": segment_id,
        "created_date": timestamps.normal(facts.get("created_date")),
        **{name: facts.get(name) for name in FIELDS},
    }
