"""Timestamps in one form: UTC, six fraction digits and ``Z``, so that they sort as text.

The vendor writes three or four fraction digits (documented examples), which do not.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from reprlib import repr as brief

from tap_activecampaign_segments.errors import MalformedAnswerError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?)?\s*([Zz]|[+-]\d\d:?\d\d)?"
)


def parse(text: object) -> datetime:
    """Return the instant that an ISO 8601 text names.

    Args:
        text: A date with or without time; without offset it is UTC; digits beyond microseconds
            are cut.

    Raises:
        MalformedAnswerError: It names none.
    """
    match = _ISO.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        msg = f"{brief(text)} is no timestamp"
        raise MalformedAnswerError(msg)
    date, time, fraction, offset = match.groups()
    offset = "+00:00" if offset in {None, "Z", "z"} else f"{offset[:3]}:{offset[-2:]}"
    micros = (fraction or "")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{date}T{time or '00:00:00'}.{micros}{offset}")
        return moment.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        msg = f"{brief(text)} is no timestamp"
        raise MalformedAnswerError(msg) from error


def render(moment: datetime) -> str:
    """Return an aware instant as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def normal(text: object) -> str:
    """Return a vendor's timestamp in the one form.

    Raises:
        MalformedAnswerError: It is none.
    """
    return render(parse(text))


def normal_or_none(text: object) -> str | None:
    """Return a vendor's timestamp in the one form, None where there is none.

    Raises:
        MalformedAnswerError: There is something, but no timestamp.
    """
    return None if text is None else normal(text)


def agree(one: str | None, other: str | None) -> bool:
    """Tell whether two timestamps may name the same instant, each with a precision of its own.

    The vendor writes an instant with more or fewer digits, and sometimes not at all.

    Args:
        one: A normalized timestamp; None agrees with everything.
        other: Likewise.
    """
    if one is None or other is None:
        return True
    moments = parse(one), parse(other)
    precision = _MILLISECOND if all(each.microsecond for each in moments) else _SECOND
    return abs(moments[0] - moments[1]) < precision


def milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def seconds(moment: datetime) -> int:
    """Return whole seconds since the epoch, rounded down."""
    return (moment - EPOCH) // timedelta(seconds=1)
