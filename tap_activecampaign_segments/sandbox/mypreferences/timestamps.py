"""Timestamps as MyPreferences reads and writes them."""

import re
from datetime import datetime, timezone

_PATTERN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,7}))?")
_SECONDS = "%Y-%m-%dT%H:%M:%S"


def parse_microseconds(text: str) -> int | None:
    """Return a timestamp without zone as microseconds since the epoch, None if it is none."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    try:
        instant = datetime.strptime(match[1], _SECONDS).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return int(instant.timestamp()) * 1_000_000 + int((match[2] or "").ljust(6, "0")[:6])


def to_milliseconds(at: float) -> int:
    """Return epoch seconds as milliseconds."""
    return round(at * 1000)


def format_timestamp(at: float) -> str:
    """Return epoch seconds as text, like ``2020-04-12T23:20:50.523Z``."""
    seconds, fraction = divmod(to_milliseconds(at), 1000)
    instant = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return f"{instant.strftime(_SECONDS)}.{fraction:03d}Z"
