"""Dates of contacts: the account's local time, with an offset or without."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

NO_DATE = "0000-00-00"
"""What stands for no date; with a time for no date-time, see `NO_TIME`."""
NO_TIME = f"{NO_DATE} 00:00:00"

_WINTER, _SUMMER = timezone(timedelta(hours=-6)), timezone(timedelta(hours=-5))
_SUMMER_MONTHS = range(4, 11)
_TEXT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?"
    # A plus sign that was not encoded arrives as a space.
    r"(?P<zone>Z|[-+ ]\d\d:?\d\d)?)?",
    re.ASCII,
)


def format_date(at: float) -> str:
    """Return epoch seconds as ``cdate`` and ``udate`` have them: with the account's offset."""
    return _to_local(at).isoformat()


def format_local(at: float) -> str:
    """Return epoch seconds in the account's time without an offset."""
    return _to_local(at).strftime("%Y-%m-%d %H:%M:%S")


def parse_date(text: str) -> float | None:
    """Return a date or date-time as epoch seconds, None if it is neither.

    Example:
        >>> parse_date("2026-01-31T00:00:00Z")
        1769817600.0
        >>> parse_date("2026-01-31")  # midnight in the account's time
        1769839200.0

    Args:
        text: A date, or an ISO date-time with a ``T`` or a space. Without an offset it is in the
            account's time.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}")
        zone = _parse_zone(match["zone"]) if match["zone"] else _choose_zone(moment)
        at = moment.replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None
    return at + float(f"0.{match['fraction'] or 0}")


def _parse_zone(text: str) -> timezone:
    if text == "Z":
        return timezone.utc
    return datetime.strptime(text.replace(" ", "+"), "%z").tzinfo  # type: ignore[return-value]


def _to_local(at: float) -> datetime:
    moment = datetime.fromtimestamp(int(at), _WINTER)
    return moment.astimezone(_choose_zone(moment))


def _choose_zone(moment: datetime) -> timezone:
    return _SUMMER if moment.month in _SUMMER_MONTHS else _WINTER
