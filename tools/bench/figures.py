"""Figures: what was measured, as a table for a terminal and for a README."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMES = " \N{MULTIPLICATION SIGN}"
HEADINGS = ("measured", "result", "to reach", "", "in numbers")


@dataclass(frozen=True)
class Figure:
    """One row.

    Attributes:
        what: What was measured.
        value: The ratio or the number; None where only absolute numbers are of interest.
        numbers: The absolute numbers behind it.
        at_least: What the value should not fall below.
        at_most: What it should not exceed.
        is_ratio: Whether the value is so many times another.
        raw: Whatever else was measured, for the file.
    """

    what: str
    value: float | None
    numbers: str
    at_least: float | None = None
    at_most: float | None = None
    is_ratio: bool = False
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached, None where there is none."""
        if self.value is None:
            return None
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The row as text."""
        target = ""
        if self.at_least is not None:
            target = f"≥ {self._text(self.at_least)}"
        if self.at_most is not None:
            target = f"≤ {self._text(self.at_most)}" if self.at_most else "0"
        verdict = {True: "yes", False: "NO", None: ""}[self.is_met]
        value = "" if self.value is None else self._text(self.value)
        return self.what, value, target, verdict, self.numbers

    @property
    def content(self) -> dict[str, Any]:
        """The row for the file."""
        return {
            "what": self.what,
            "value": self.value,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "is_met": self.is_met,
            "numbers": self.numbers,
            **self.raw,
        }

    def _text(self, value: float) -> str:
        digits = 0 if value == int(value) else 1 if abs(value) >= 10 else 2  # noqa: PLR2004
        return f"{value:.{digits}f}{TIMES if self.is_ratio else ''}"


def table(figures: Sequence[Figure]) -> str:
    """Return the figures in columns, for a terminal; those with a target first."""
    rows = [HEADINGS, *(each.cells for each in in_order(figures))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
    return "\n".join(
        "  ".join(
            f"{cell:>{width}}" if column in {1, 2} else f"{cell:{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for a README."""
    rows = [HEADINGS, ("---", "---:", "---:", "---", "---")]
    rows += [each.cells for each in in_order(figures)]
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


def in_order(figures: Sequence[Figure]) -> list[Figure]:
    """Return the figures, those with a target first, those without a value last."""
    return sorted(figures, key=lambda each: (each.is_met is None, each.value is None))


def short(number: float) -> str:
    """Return a number with as many digits as one reads."""
    for limit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {letter}"
    return f"{number:.3g}"
