"""Report on two syncs and the tables made of them, in 80 columns."""

from __future__ import annotations

from operator import itemgetter
from textwrap import wrap
from typing import TYPE_CHECKING

from examples.demo.database import LOADED, MODELS
from examples.demo.plot import plot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from examples.demo.database import (
        Arrival,
        Audience,
        Database,
        Definition,
        Finding,
        Overlap,
        Segment,
    )

NAME, PLOT, NUMBER, HEIGHT = 26, 36, 8, 2
WIDTH = 80
ARRIVALS = 5
FINDINGS = 4
EDITS = 3
OVERLAPS = 3
AUDIENCES = 5

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
        database: Database after the second sync, with the package's tables.
        first: Rows of each table after the first sync.
        second: Rows of each table after the second sync.
    """
    segments = database.read_segments()
    sizes = database.read_sizes()
    audit = database.read_audit(len(segments))
    lines = [
        *_heading("Rows per table", "after the first and the second sync"),
        *_rows(first, second),
        *_heading("Segment sizes over time", "each on its own scale"),
        *_sizes([(each.name, sizes[each.name]) for each in segments if each.name in sizes]),
        *_heading("Members per segment", "daily_changes: now, and since the first sync"),
        *_members(segments),
        *_heading("Who joined", "some of them, with their addresses"),
        *_arrivals(database.read_arrivals(ARRIVALS)),
        *_heading("A definition in words", "and what each edit changed"),
        *_definitions(database.read_definitions()),
        *_heading("What to tidy up", "segment_audit"),
        *_findings(audit),
        *_heading("The latest edits", "segment_audit: when, by whom, and what"),
        *_edits(audit),
        *_heading("The most alike segments", "segment_overlap"),
        *_overlaps(database.read_overlaps(OVERLAPS)),
        *_heading("Audiences", "the largest; mailable: who may be written to, by mailable_members"),
        *_audiences(database.read_audiences(AUDIENCES)),
        "",
        f"The loader's tables are in schema {LOADED},",
        f"and those of dbt in {MODELS}.",
    ]
    return "\n".join(lines)


def _heading(title: str, remark: str) -> list[str]:
    return ["", f"{title} ({remark})", ""]


def _rows(first: Mapping[str, int], second: Mapping[str, int]) -> Iterator[str]:
    yield _table_line("", "1st", "2nd", "new")
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
    yield f"{_table_line('', 'members', 'joined', 'left', 'net')}  for example"
    for each in segments:
        changes = (each.joined, -each.left, each.joined - each.left)
        cells = f"{each.size:,}", *map(_or_dash, changes)
        yield f"{_table_line(each.name, *cells)}  {_examples(each)}".rstrip()


def _examples(segment: Segment) -> str:
    signed = ("+", segment.newcomer), ("-", segment.leaver)
    return " ".join(f"{sign}{contact}" for sign, contact in signed if contact is not None)


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


def _findings(audit: Sequence[Finding]) -> Iterator[str]:
    found = [(each, remarks) for each in audit if (remarks := _remarks(each))]
    if not found:
        yield "  nothing"
    for each, remarks in found[:FINDINGS]:
        yield f"{_table_line(each.name, f'{each.size:,}')}  {', '.join(remarks)}"


def _remarks(finding: Finding) -> list[str]:
    others = f"{finding.duplicates} other{'' if finding.duplicates == 1 else 's'}"
    return [
        *(["empty"] if finding.is_empty else []),
        *(["unused"] if finding.is_unused else []),
        *([f"the same as {others}"] if finding.duplicates else []),
    ]


def _edits(audit: Sequence[Finding]) -> Iterator[str]:
    edits = [(each.edited, each) for each in audit if each.edited and each.changes]
    if not edits:
        yield "  none"
    for edited, each in sorted(edits, key=itemgetter(0), reverse=True)[:EDITS]:
        yield f"  {each.name}"
        yield from _wrapped(f"{edited:%Y-%m-%d} by user {each.editor}: {each.changes}", "    ")


def _overlaps(overlaps: Sequence[Overlap]) -> Iterator[str]:
    yield f"  {'':{2 * (NAME + 1)}}{'shared':>{NUMBER}}{'Jaccard':>{NUMBER}}"
    for each in overlaps:
        names = "".join(f"{name:{NAME + 1}.{NAME}}" for name in each.names)
        yield f"  {names}{each.shared:{NUMBER},}{each.jaccard:{NUMBER}.3f}"


def _audiences(audiences: Sequence[Audience]) -> Iterator[str]:
    yield _table_line("", "people", "", "mailable")
    for each in audiences:
        yield _table_line(each.name, f"{each.size:,}", "", f"{each.mailable:,}")


def _wrapped(text: str, before: str) -> list[str]:
    """Return a text in lines, the first of which begins with `before`, and the others below it."""
    return wrap(text, WIDTH, initial_indent=before, subsequent_indent=" " * len(before))


def _table_line(name: str, *cells: str) -> str:
    return f"  {name:{NAME}.{NAME}}" + "".join(f"{cell:>{NUMBER}}" for cell in cells)


def _or_dash(change: int) -> str:
    return f"{change:+,}" if change else "-"
