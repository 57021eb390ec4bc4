"""Report on two syncs, in 80 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from examples.demo.plot import plot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from examples.demo.database import Arrival, Database, Definition, Segment

NAME, PLOT, NUMBER, HEIGHT = 26, 36, 8, 2
WIDTH = 80
EXAMPLES = 3
ARRIVALS = 5

CONTENTS = {
    "segments": "list of segments",
    "segment_group_exports": "exports of segment groups",
    "segment_group_profiles": "profiles in these exports",
    "segment_definitions": "versions of definitions",
    "segment_conditions": "what these depend on",
    "count_history": "recorded counts",
    "match_all_runs": "evaluations",
    "match_all_results": "full results",
    "membership_changes": "who joined, who left",
    "memberships": "current memberships",
    "contacts": "who they are",
}


def build(database: Database, first: Mapping[str, int], second: Mapping[str, int]) -> str:
    """Return the report.

    Args:
        database: Database after the second sync.
        first: Rows of each table after the first sync.
        second: Rows of each table after the second sync.
    """
    segments = database.read_segments()
    sizes = database.read_sizes()
    lines = [
        *_heading("Rows per table", "and rows added by the second run"),
        *_rows(first, second),
        *_heading("Segment sizes over time", "each on its own scale"),
        *_sizes([(each.name, sizes[each.name]) for each in segments if each.name in sizes]),
        *_heading("Members per segment", "now, and who joined or left between the runs"),
        *_members(segments),
        *_heading("Who joined", "some of them, with their addresses"),
        *_arrivals(database.read_arrivals(ARRIVALS)),
        *_heading("A definition in words", "and what each edit changed"),
        *_definitions(database.read_definitions()),
    ]
    return "\n".join(lines)


def _heading(title: str, remark: str) -> list[str]:
    return ["", f"{title} ({remark})", ""]


def _rows(first: Mapping[str, int], second: Mapping[str, int]) -> Iterator[str]:
    yield _table_line("", "1st run", "2nd run", "new")
    for table, rows in second.items():
        before = first.get(table, 0)
        numbers = f"{before:,}", f"{rows:,}", _or_dash(rows - before)
        yield f"{_table_line(table, *numbers)}  {CONTENTS.get(table, '')}".rstrip()


def _sizes(sizes: Sequence[tuple[str, Sequence[tuple[datetime, int]]]]) -> Iterator[str]:
    times = [at for _, points in sizes for at, _ in points]
    start, end = min(times), max(times)
    dates = f"{start:%Y-%m-%d}{end:%Y-%m-%d}"
    gap = " " * (PLOT - len(dates))
    yield f"  {'':{NAME}}{start:%Y-%m-%d}{gap}{end:%Y-%m-%d}{'peak':>{NUMBER}}{'now':>{NUMBER - 1}}"
    for name, points in sizes:
        *upper, lowest = plot(points, start=start, end=end, width=PLOT, height=HEIGHT)
        for line in upper:
            yield f"  {'':{NAME}}{line}".rstrip()
        peak, now = max(size for _, size in points), points[-1][1]
        yield f"  {name:{NAME}.{NAME}}{lowest}{peak:{NUMBER},}{now:{NUMBER - 1},}"


def _members(segments: Sequence[Segment]) -> Iterator[str]:
    yield f"{_table_line('', 'members', 'joined', 'left')}  for example, contact ids"
    for each in segments:
        changes = _or_dash(len(each.joined)), _or_dash(-len(each.left))
        yield f"{_table_line(each.name, f'{each.size:,}', *changes)}  {_examples(each)}".rstrip()


def _examples(segment: Segment) -> str:
    signed = [f"+{each}" for each in segment.joined[: EXAMPLES - 1]]
    signed += [f"-{each}" for each in segment.left[: EXAMPLES - len(signed)]]
    return " ".join(signed)


def _arrivals(arrivals: Sequence[Arrival]) -> Iterator[str]:
    for each in arrivals:
        yield f"  {each.segment:{NAME}.{NAME}}{f'+{each.contact_id}':>{NUMBER}}  {each.address:.42}"


def _definitions(versions: Sequence[Definition]) -> Iterator[str]:
    for each in versions[:1]:
        yield f"  {each.segment}"
        yield from _wrapped(each.text, "    ")
    for each in versions:
        if each.changes:
            yield from _wrapped(each.changes, f"  {each.created:%Y-%m-%d}  ")


def _wrapped(text: str, before: str) -> list[str]:
    """Return a text in lines, the first of which begins with `before`, and the others below it."""
    return wrap(text, WIDTH, initial_indent=before, subsequent_indent=" " * len(before))


def _table_line(name: str, *cells: str) -> str:
    return f"  {name:{NAME}.{NAME}}" + "".join(f"{cell:>{NUMBER}}" for cell in cells)


def _or_dash(change: int) -> str:
    return f"{change:+,}" if change else "-"
