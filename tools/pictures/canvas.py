"""Canvas: shared style and output, small and reproducible."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

WIDTH, PER_INCH = 800, 96
"""Pixels."""
# Okabe and Ito, or close to them: distinguishable with colour blindness.
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#00795a"
INK, GREY, PAPER = "#1f2328", "#59636e", "#ffffff"
STYLE = Path(__file__).with_name("style.mplstyle")
OUTPUT = Path(__file__).parents[2] / "docs" / "images"

mpl.rc_file(STYLE)


def create(height: float) -> Figure:
    """Return an empty figure of this height in pixels, white even in dark mode."""
    return Figure((WIDTH / PER_INCH, height / PER_INCH), facecolor=PAPER)


def save(figure: Figure, name: str) -> None:
    """Write a figure to docs/images."""
    text = StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(text, format="svg", metadata=metadata)
    # A tenth of a point is enough for a screen.
    svg = re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.1f}", text.getvalue())
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"', "", svg).replace("'DejaVu Sans'", "sans-serif")
    (OUTPUT / f"{name}.svg").write_text(re.sub(r"\s*\n\s*", "\n", svg), encoding="utf-8")
