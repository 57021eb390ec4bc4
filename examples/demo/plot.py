"""Plots a number over time, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

BLOCKS = " ▁▂▃▄▅▆▇█"
FULL = len(BLOCKS) - 1


def plot(
    points: Sequence[tuple[datetime, int]],
    *,
    start: datetime,
    end: datetime,
    width: int,
    height: int,
) -> list[str]:
    """Return the lines of a plot, top first, scaled to the highest point.

    Args:
        points: Times and values, in order of time.
        start: Left edge.
        end: Right edge.
        width: Width in characters.
        height: Height in lines.
    """
    steps = [
        None if value is None else round(value / _highest(points) * (FULL * height - 1)) + 1
        for value in _columns(points, start, end, width)
    ]
    return [
        "".join(
            " " if step is None else BLOCKS[min(max(step - FULL * line, 0), FULL)] for step in steps
        )
        for line in reversed(range(height))
    ]


def _highest(points: Sequence[tuple[datetime, int]]) -> int:
    return max(1, *(value for _, value in points))


def _columns(
    points: Sequence[tuple[datetime, int]], start: datetime, end: datetime, width: int
) -> list[int | None]:
    """Return the last known value of each column, None before the first."""
    values: list[int | None] = [None] * width
    for at, value in points:
        column = min(int((at - start) / (end - start) * width), width - 1)
        values[column:] = [value] * (width - column)
    return values
