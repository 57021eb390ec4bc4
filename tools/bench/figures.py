"""Figures: measurements as text, Markdown and JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMES = " \N{MULTIPLICATION SIGN}"
HEADINGS = ("measured", "result", "target", "", "numbers")


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        what: What was measured.
        value: The ratio or the number; None if only `numbers` matter.
        numbers: The absolute numbers behind it.
        at_least: Lower target.
        at_most: Upper target.
        is_ratio: Whether the value is a multiple of something else.
        raw: Further measurements for the JSON file.
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
        """Whether the target is met; None without a target."""
        if self.value is None:
            return None
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The row as text, in the order of `HEADINGS`."""
        target = ""
        if self.at_least is not None:
            target = f"≥ {self._format(self.at_least)}"
        if self.at_most is not None:
            target = f"≤ {self._format(self.at_most)}" if self.at_most else "0"
        verdict = {True: "yes", False: "NO", None: ""}[self.is_met]
        value = "" if self.value is None else self._format(self.value)
        return self.what, value, target, verdict, self.numbers

    def _format(self, value: float) -> str:
        digits = 0 if value == int(value) else 1 if abs(value) >= 10 else 2  # noqa: PLR2004
        return f"{value:.{digits}f}{TIMES if self.is_ratio else ''}"


def to_text(figures: Sequence[Figure]) -> str:
    """Format the figures in columns for a terminal."""
    rows = [HEADINGS, *(figure.cells for figure in _sort(figures))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
    return "\n".join(
        "  ".join(
            f"{cell:>{width}}" if column in {1, 2} else f"{cell:{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def to_markdown(figures: Sequence[Figure]) -> str:
    """Format the figures as a Markdown table."""
    rows = [HEADINGS, ("---", "---:", "---:", "---", "---")]
    rows += [figure.cells for figure in _sort(figures)]
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


def to_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return the figures for `json.dumps`, raw measurements included."""
    return [
        {
            "what": figure.what,
            "value": figure.value,
            "at_least": figure.at_least,
            "at_most": figure.at_most,
            "is_met": figure.is_met,
            "numbers": figure.numbers,
            **figure.raw,
        }
        for figure in figures
    ]


def short(number: float) -> str:
    """Format a number with three significant digits and a unit prefix."""
    for limit, prefix in ((1_000_000, "M"), (1_000, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {prefix}"
    return f"{number:.3g}"


def _sort(figures: Sequence[Figure]) -> list[Figure]:
    """Sort figures with a target first, those without a value last."""
    return sorted(figures, key=lambda figure: (figure.is_met is None, figure.value is None))
