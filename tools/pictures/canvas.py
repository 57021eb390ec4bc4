"""The canvas: what all pictures share, so that they are small and the same each time."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

WIDTH, PER_INCH = 800, 96
"""Pixels."""
# Of Okabe and Ito, or near to them: the colour-blind tell them apart as well.
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#00795a"
INK, GREY, PAPER = "#1f2328", "#59636e", "#ffffff"
STYLE = Path(__file__).with_name("style.mplstyle")
OUTPUT = Path(__file__).parents[2] / "docs" / "images"

mpl.rc_file(STYLE)


def blank(height: float) -> Figure:
    """Return an empty picture of so many pixels, white in the dark as well."""
    return Figure((WIDTH / PER_INCH, height / PER_INCH), facecolor=PAPER)


def save(figure: Figure, name: str) -> None:
    """Write a picture into docs/images."""
    text = StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(text, format="svg", metadata=metadata)
    # A tenth of a point is finer than a screen.
    svg = re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.1f}", text.getvalue())
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"', "", svg).replace("'DejaVu Sans'", "sans-serif")
    (OUTPUT / f"{name}.svg").write_text(re.sub(r"\s*\n\s*", "\n", svg), encoding="utf-8")
