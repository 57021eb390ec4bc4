"""Stream diagram: child streams next to their parents, with their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.markers import CARETRIGHT
from matplotlib.patches import Rectangle

from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tools.pictures.canvas import BLUE, GREEN, GREY, INK, PAPER, PER_INCH, WIDTH, create, save

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from singer_sdk import Stream

    Point = tuple[float, float]

GROUPS = {"client_id": "any", "user_id": "any", "shared_secret": "any", "segment_groups": ["any"]}
CONFIG = {"api_url": "https://any", "api_token": "any", "mypreferences": GROUPS}
BOX, HEAD, LINE, PAD, SLOT, SIDE, TIP = 190, 26, 18, 9, 108, 8, 24
"""Pixels: width of a box, height of its title and of a line, padding, height of a slot, margin,
length of an arrow."""


def draw() -> None:
    """Draw each source as a tree, its root on the left, one source below the other."""
    figure = create(SLOT)
    axes = figure.add_axes((0, 0, 1, 1))
    parents: dict[Stream, Stream | None] = {}
    # Parents come first in this order.
    for stream in TapActiveCampaignSegments(config=CONFIG).streams.values():
        parents[stream] = _find_parent(stream, parents)
    places: dict[Stream, Point] = {}
    bottom = 0
    roots = [stream for stream, parent in parents.items() if not parent]
    for root, color in zip(roots, (BLUE, GREEN), strict=True):
        levels = [[root]]
        while below := [each for each, parent in parents.items() if parent in levels[-1]]:
            levels.append(below)
        rows = max(map(len, levels))
        for depth, level in enumerate(levels):
            x = SIDE + (WIDTH - 2 * SIDE - BOX) * depth / (len(levels) - 1)
            for row, stream in enumerate(level):
                places[stream] = x, bottom + SLOT * (row + (rows - len(level) + 1) / 2)
                parent = parents[stream]
                keys = parent.primary_keys if parent else ()
                joins = [each for each in keys if each in _fields(stream)]
                if parent:
                    _connect(axes, places[parent], places[stream], () if row else joins)
                _box(axes, places[stream], stream, joins, color)
        bottom += SLOT * rows
    axes.set(xlim=(0, WIDTH), ylim=(bottom, 0))
    axes.set_axis_off()
    figure.set_figheight(bottom / PER_INCH)
    save(figure, "streams")


def _find_parent(stream: Stream, earlier: Iterable[Stream]) -> Stream | None:
    """Return the declared parent, or else the first stream whose key is among the fields."""
    declared = stream.parent_stream_type
    if declared:
        return next(each for each in earlier if type(each) is declared)
    return next((each for each in earlier if _fields(stream) >= {*each.primary_keys}), None)


def _fields(stream: Stream) -> set[str]:
    return {*stream.schema["properties"]}


def _connect(axes: Axes, start: Point, end: Point, joins: Iterable[str]) -> None:
    left, right = start[0] + BOX, end[0] - TIP
    across, down = (left, right, right, end[0]), (start[1], start[1], end[1], end[1])
    axes.plot(across, down, GREY, linewidth=1, marker=CARETRIGHT, markevery=[-1], markersize=5)
    for each, gap in zip(joins, (-11, 11), strict=False):
        middle = (left + right) / 2, start[1] + gap
        axes.text(*middle, each, ha="center", va="center_baseline", size=8.25, color=GREY)


def _box(axes: Axes, place: Point, stream: Stream, joins: Iterable[str], color: str) -> None:
    keys = stream.primary_keys
    fields = list(dict.fromkeys((*keys, *joins)))
    height = HEAD + LINE * len(fields) + PAD
    x, top = place[0], place[1] - height / 2
    axes.add_patch(Rectangle((x, top), BOX, height, facecolor=PAPER, edgecolor=color))
    axes.add_patch(Rectangle((x, top), BOX, HEAD, color=color))
    texts = [(stream.name, HEAD / 2, PAPER)]
    for line, each in enumerate(fields):
        texts.append((each, HEAD + PAD / 2 + LINE * (line + 0.5), INK if each in keys else GREY))
    for text, y, ink in texts:
        style = {"color": ink, "weight": "normal" if ink == GREY else "bold"}
        gid = f"{stream.name}.{text}"
        axes.text(x + PAD, top + y, text, va="center_baseline", gid=gid, **style)
