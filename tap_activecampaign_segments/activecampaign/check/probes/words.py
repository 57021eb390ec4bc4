"""Words for what was seen."""

from __future__ import annotations

from datetime import timedelta


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural if need be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def span(time: timedelta) -> str:
    """Return a positive time span in a unit that suits it."""
    for unit, length in (("days", timedelta(days=1)), ("hours", timedelta(hours=1))):
        if time >= length:
            return f"{time / length:.1f} {unit}"
    return f"{time.total_seconds():.1f} s"
