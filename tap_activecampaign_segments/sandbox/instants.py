"""Instants as the second vendor reads and writes them."""

import re
from datetime import datetime, timezone

_FORM = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,7}))?")
_SECONDS = "%Y-%m-%dT%H:%M:%S"


def microseconds(text: str) -> int | None:
    """An instant without its zone as microseconds since the epoch; None if it is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime.strptime(found[1], _SECONDS).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1_000_000 + int((found[2] or "").ljust(6, "0")[:6])


def milliseconds(at: float) -> int:
    """Epoch seconds as milliseconds."""
    return round(at * 1000)


def text(at: float) -> str:
    """Epoch seconds as the API writes them, like ``2020-04-12T23:20:50.523Z``."""
    seconds, fraction = divmod(milliseconds(at), 1000)
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return f"{moment.strftime(_SECONDS)}.{fraction:03d}Z"
