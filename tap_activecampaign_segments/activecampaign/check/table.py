"""The table that the command prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tap_activecampaign_segments.activecampaign.check.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_activecampaign_segments.activecampaign.check.findings import Finding, Findings

MIN_WIDTH, MAX_WIDTH = 80, 120
_COLORS = {
    Verdict.CONFIRMED: "green",
    Verdict.OTHERWISE: "red",
    Verdict.NOT_SEEN: "yellow",
}
_GAP = "  "
_INDENT = " " * 11


def render(findings: Findings, width: int | None) -> Iterator[str]:
    """Yield the lines of the table, with colours: one for each fact, under its subject.

    Args:
        findings: The verdicts.
        width: Characters in a line, None for as many as it takes.
    """
    rows = [*findings]
    sentence_width = max(len(plain(each.fact.sentence)) for each in rows)
    verdict_width = max(len(each.value) for each in Verdict)
    room = None
    if width is not None:
        width = min(max(width, MIN_WIDTH), MAX_WIDTH)
        room = width - verdict_width - sentence_width - 2 * len(_GAP)
    subject = None
    for row in rows:
        if row.fact.subject is not subject:
            if subject is not None:
                yield ""
            subject = row.fact.subject
            yield click.style(subject.value.capitalize(), bold=True)
        verdict = click.style(row.verdict.value.ljust(verdict_width), fg=_COLORS[row.verdict])
        sentence = plain(row.fact.sentence).ljust(sentence_width)
        yield f"{verdict}{_GAP}{sentence}{_GAP}{_shorten(_seen(row), room)}".rstrip()
        if row.verdict is Verdict.OTHERWISE:
            yield from _wrap(f"→ {plain(row.fact.otherwise)}", width)


def plain(text: str) -> str:
    """Return Markdown as plain text."""
    return text.replace("`", "")


def _seen(row: Finding) -> str:
    return f"({row.seen})" if row.verdict is Verdict.NOT_SEEN else row.seen


def _shorten(text: str, room: int | None) -> str:
    if room is None or len(text) <= room:
        return text
    return f"{text[: max(room - 1, 0)]}…"


def _wrap(text: str, width: int | None) -> Iterator[str]:
    if width is None:
        yield f"{_INDENT}{text}"
        return
    yield click.wrap_text(text, width, initial_indent=_INDENT, subsequent_indent=f"{_INDENT}  ")
