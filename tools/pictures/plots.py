"""Plots: segment sizes over time, and membership changes of one segment."""

from __future__ import annotations

from math import nan
from operator import itemgetter
from typing import TYPE_CHECKING

from matplotlib.dates import MONDAY, DateFormatter, MonthLocator, WeekdayLocator, datestr2num
from matplotlib.ticker import MaxNLocator

from tools.pictures.canvas import BLUE, GREY, ORANGE, create, save
from tools.pictures.simulation import EDITED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tools.pictures.simulation import Records


def draw_sizes(records: Records) -> None:
    """Draw the last size of each week of the six largest segments, each on its own scale."""
    figure = create(340)
    grid = figure.subplots(2, 3, sharex=True)
    figure.subplots_adjust(left=0.06, right=0.93, top=0.92, bottom=0.08, wspace=0.5, hspace=0.4)
    points: dict[str, dict[float, float]] = {}
    # Sizes of the last day may or may not include the runs of the last sync.
    end = max(row["run_id_end"] for row in records["match_all_runs"])[:10]
    counted = [row for row in records["count_history"] if row["timestamp"] < end]
    for row in sorted(counted, key=itemgetter("timestamp")):
        week = datestr2num(row["timestamp"][:10]) // 7 * 7
        points.setdefault(row["segment_id"], {})[week] = row["result_count"]
    names = {row["segment_id"]: row["name"] for row in records["segments"]}
    largest = sorted(points, key=lambda segment_id: -max(points[segment_id].values()))
    for axes, segment_id in zip(grid.flat, largest, strict=False):
        weeks, counts = list(points[segment_id]), list(points[segment_id].values())
        axes.set_title(names[segment_id])
        axes.fill([weeks[0], *weeks, weeks[-1]], [0, *counts, 0], BLUE, alpha=0.1, linewidth=0)
        axes.plot(weeks, counts, BLUE)
        _annotate(axes, f"{counts[-1]:,.0f}", (weeks[-1], counts[-1]), BLUE)
        axes.set_ylim(0)
        axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_major_locator(MonthLocator((1, 7)))
        axes.xaxis.set_major_formatter(DateFormatter("%b %Y"))
    save(figure, "sizes")


def draw_changes(records: Records) -> None:
    """Draw the membership changes of the segment that is edited, run by run."""
    figure = create(280)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.055, right=0.985, top=0.91, bottom=0.09)
    axes.set_title(f"{EDITED}: joined and left, run by run")
    segment_id = next(row["segment_id"] for row in records["segments"] if row["name"] == EDITED)
    runs = [row for row in records["match_all_runs"] if row["segment_id"] == segment_id][1:]
    days = [datestr2num(row["run_id_end"][:10]) for row in runs]
    for word, sign, edge, color in (("joined", 1, "top", BLUE), ("left", -1, "bottom", ORANGE)):
        counts = [sign * row[f"{word}_count"] for row in runs]
        # One line with gaps: bars would make the file ten times as large.
        ends = [end for count in counts for end in (0, count, nan)]
        axes.plot([day for day in days for _ in range(3)], ends, color, linewidth=7)
        style = {"color": color, "weight": "bold", "va": edge, "transform": axes.transAxes}
        axes.text(0.012, sign > 0, f"{abs(sum(counts)):,} {word}", **style)
    for day, row in zip(days, runs, strict=True):
        if row["definition_changed"]:
            _annotate(axes, "the segment was edited", (day, -row["left_count"] + 5), GREY)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.margins(x=0.012, y=0.1)
    axes.spines["bottom"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(lambda count, _: f"{abs(count):,.0f}")
    axes.xaxis.set_major_locator(WeekdayLocator(MONDAY))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    save(figure, "changes")


def _annotate(axes: Axes, text: str, point: tuple[float, float], color: str) -> None:
    """Write text next to a point."""
    axes.annotate(text, point, (8, 0), textcoords="offset points", va="center", color=color)
