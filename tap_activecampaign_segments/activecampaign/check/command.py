"""Checks an account: runs the probes, prints the table, writes the report."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tap_activecampaign_segments.activecampaign.check import report, table
from tap_activecampaign_segments.activecampaign.check.examination import examine
from tap_activecampaign_segments.activecampaign.check.findings import Verdict
from tap_activecampaign_segments.activecampaign.check.probes.definitions import UnknownSegmentError
from tap_activecampaign_segments.activecampaign.check.probes.words import count
from tap_activecampaign_segments.activecampaign.check.session import Session
from tap_activecampaign_segments.activecampaign.check.traffic import (
    MAX_EVALUATIONS,
    MAX_REQUESTS,
    Traffic,
)
from tap_activecampaign_segments.activecampaign.client import ActiveCampaignClient, is_api_error
from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tap_activecampaign_segments.activecampaign.settings import ActiveCampaignSettings
    from tap_activecampaign_segments.clock import Clock

NAME = "activecampaign-check"
CONFIRMED, OTHERWISE, USAGE, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""
FORM = "An unverified fact is otherwise"
"""The issue form that takes the report."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes:
        segment_id: The segment to look into, None to choose one.
        max_requests: Requests that may be sent.
        may_evaluate: Whether a segment may be evaluated.
        report: The file to write the report to, None for no report.
    """

    segment_id: str | None = None
    max_requests: int = MAX_REQUESTS
    may_evaluate: bool = True
    report: Path | None = None


def check(
    settings: ActiveCampaignSettings,
    options: Options,
    clock: Clock,
    environment: Mapping[str, str],
) -> int:
    """Check an account, and print the table.

    Args:
        settings: Valid settings.
        options: See the class.
        clock: Time source.
        environment: Decides about colours, see https://no-color.org.

    Returns:
        The exit code.
    """
    # What a retry was for shows in the table.
    logger = logging.getLogger(NAME)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    traffic = Traffic(
        clock,
        is_api_error,
        max_requests=options.max_requests,
        max_evaluations=MAX_EVALUATIONS if options.may_evaluate else 0,
    )
    client = ActiveCampaignClient(settings, clock, logger, observer=traffic)
    session = Session(client, traffic, clock, options.segment_id, options.may_evaluate)
    started = clock.monotonic()
    try:
        with _progress() as on_probe:
            examine(session, on_probe)
    except UnknownSegmentError as error:
        return fail(f"--segment: {error}", USAGE)
    except TapError as error:
        return fail(f"the account cannot be read: {error}", UNREADABLE)
    except KeyboardInterrupt:
        return fail("interrupted", INTERRUPTED)
    seconds = clock.monotonic() - started
    _print(session, seconds, environment)
    if options.report:
        text = json.dumps(report.build(session, seconds), indent=1)
        try:
            options.report.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            return fail(f"--json: {options.report}: {error.strerror}", USAGE)
    return OTHERWISE if session.findings.count(Verdict.OTHERWISE) else CONFIRMED


def fail(message: str, code: int) -> int:
    """Print an error on one line, and return the exit code."""
    click.echo(f"{NAME}: {message}", err=True)
    return code


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Say on a terminal how far the check is, and leave nothing of it behind."""
    is_terminal = sys.stderr.isatty()

    def show(number: int, total: int) -> None:
        if is_terminal:
            click.echo(f"\rChecking the account: {number} of {total} ...", nl=False, err=True)

    try:
        yield show
    finally:
        if is_terminal:
            click.echo("\r\x1b[K", nl=False, err=True)


def _print(session: Session, seconds: float, environment: Mapping[str, str]) -> None:
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    has_color = is_terminal and not environment.get("NO_COLOR")
    for line in table.render(session.findings, width):
        click.echo(line, color=has_color)
    for line in _summary(session, seconds):
        click.echo(line, color=has_color)


def _summary(session: Session, seconds: float) -> list[str]:
    verdicts = ", ".join(f"{session.findings.count(each)} {each.value}" for each in Verdict)
    traffic = session.traffic
    effort = (
        f"{count(traffic.requests, 'request')}, {count(traffic.evaluations, 'evaluation')}, "
        f"{seconds:.0f} s"
    )
    where = f'Please report it with --json FILE and the issue form "{FORM}".'
    return ["", f"{verdicts}; {effort}.", where]
