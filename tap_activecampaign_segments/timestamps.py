"""Normalized timestamps: ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, so that they sort as text.

The vendors write three or four fraction digits (documented examples), which do not sort.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from reprlib import repr as brief

from tap_activecampaign_segments.errors import MalformedResponseError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?)?\s*([Zz]|[+-]\d\d:?\d\d)?"
)


def parse(text: object) -> datetime:
    """Parse an ISO 8601 timestamp.

    Example:
        >>> parse("2026-01-31T12:00:05.1234+02:00")
        datetime.datetime(2026, 1, 31, 10, 0, 5, 123400, tzinfo=datetime.timezone.utc)

    Args:
        text: A date with or without time. UTC unless it has an offset; digits beyond microseconds
            are cut off.

    Returns:
        An aware datetime in UTC.

    Raises:
        MalformedResponseError: It is not a timestamp.
    """
    match = _ISO.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        msg = f"{brief(text)} is no timestamp"
        raise MalformedResponseError(msg)
    date, time, fraction, offset = match.groups()
    offset = "+00:00" if offset in {None, "Z", "z"} else f"{offset[:3]}:{offset[-2:]}"
    micros = (fraction or "")[:6].ljust(6, "0")
    try:
        parsed = datetime.fromisoformat(f"{date}T{time or '00:00:00'}.{micros}{offset}")
        return parsed.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        msg = f"{brief(text)} is no timestamp"
        raise MalformedResponseError(msg) from error


def format_utc(moment: datetime) -> str:
    """Format an aware datetime as a normalized timestamp."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def normalize(text: object) -> str:
    """Normalize a vendor's timestamp.

    Example:
        >>> normalize("2026-01-31T12:00:05.123Z")
        '2026-01-31T12:00:05.123000Z'

    Raises:
        MalformedResponseError: It is not a timestamp.
    """
    return format_utc(parse(text))


def normalize_optional(text: object) -> str | None:
    """Normalize a vendor's timestamp; None stays None.

    Raises:
        MalformedResponseError: It is neither None nor a timestamp.
    """
    return None if text is None else normalize(text)


def may_be_equal(one: str | None, other: str | None) -> bool:
    """Return whether two timestamps may be the same, given their precision.

    The vendor writes the same timestamp with more or fewer digits, and sometimes omits it (seen).

    Args:
        one: A normalized timestamp; None equals everything.
        other: Likewise.
    """
    if one is None or other is None:
        return True
    parsed = parse(one), parse(other)
    precision = _MILLISECOND if all(each.microsecond for each in parsed) else _SECOND
    return abs(parsed[0] - parsed[1]) < precision


def epoch_milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def epoch_seconds(moment: datetime) -> int:
    """Return whole seconds since the epoch, rounded down."""
    return (moment - EPOCH) // timedelta(seconds=1)
