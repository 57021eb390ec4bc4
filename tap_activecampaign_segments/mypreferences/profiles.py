"""Profiles: their ids, and their records."""

from __future__ import annotations

from reprlib import repr as brief
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import MalformedResponseError
from tap_activecampaign_segments.singer.coercion import MAX_INTEGER, coerce

if TYPE_CHECKING:
    from collections.abc import Mapping


def profile_id(profile: Mapping[str, Any]) -> int:
    """Return the id of a profile.

    Raises:
        MalformedResponseError: It has no valid id.
    """
    found = profile.get("ProfileId")
    if type(found) is not int or not 0 <= found <= MAX_INTEGER:
        msg = f"the export has a profile whose ProfileId is {brief(found)}"
        raise MalformedResponseError(msg)
    return found


def to_record(
    profile: Mapping[str, Any], schema: Mapping[str, Any], **context: Any
) -> dict[str, Any]:
    """Return a profile as a record with every column; missing fields are null.

    Fields without a column, or whose value cannot be coerced, are kept in `additional_fields`.

    Args:
        profile: The profile, as the API sent it.
        schema: The JSON schema of the stream.
        context: Columns that are not the profile's own; they take precedence over its fields.
    """
    record = dict.fromkeys(schema["properties"]) | context
    additional: dict[str, Any] = {}
    for name, value in profile.items():
        if name not in record or name in context or name == "additional_fields":
            additional[name] = value
            continue
        try:
            record |= coerce({name: value}, schema)
        except MalformedResponseError:
            additional[name] = value
    record["additional_fields"] = additional or None
    return record
