"""The command ``activecampaign-check``: its options, and the tap's configuration."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError

from tap_activecampaign_segments.activecampaign.check.command import (
    INTERRUPTED,
    NAME,
    USAGE,
    Options,
    check,
    fail,
)
from tap_activecampaign_segments.activecampaign.check.traffic import MAX_REQUESTS
from tap_activecampaign_segments.activecampaign.settings import (
    ActiveCampaignSettings,
    config_errors,
)
from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.http.urls import quote_path_part
from tap_activecampaign_segments.tap import TapActiveCampaignSegments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def _check_id(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse an id that would change the path of a request."""
    if value is not None:
        try:
            quote_path_part(value)
        except TapError as error:
            raise click.BadParameter(str(error)) from error
    return value


def _check_writable(
    _context: click.Context, _option: click.Parameter, value: Path | None
) -> Path | None:
    """Refuse a file that cannot be written before a minute is spent on the account."""
    if value is not None and not value.exists() and not os.access(value.parent, os.W_OK):
        msg = f"{value.parent}: cannot be written to"
        raise click.BadParameter(msg)
    return value


@contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    """Restore what signals do: the tap's handlers end a sync, and there is none."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.command(NAME)
@click.version_option(package_name=TapActiveCampaignSegments.name)
@click.option(
    "--config",
    multiple=True,
    metavar="FILE|ENV",
    callback=TapActiveCampaignSegments.cb_config,
    help="The tap's configuration: a JSON file, or ENV for the tap's environment variables. "
    "May be given several times.",
)
@click.option(
    "--segment",
    metavar="ID",
    callback=_check_id,
    help="The segment to look into; one is chosen without.",
)
@click.option(
    "--requests",
    type=click.IntRange(1, MAX_REQUESTS),
    default=MAX_REQUESTS,
    metavar="N",
    help=f"Requests to send at most; {MAX_REQUESTS} without.",
)
@click.option("--no-evaluation", is_flag=True, help="Evaluate no segment: see less.")
@click.option(
    "--json",
    "report",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=_check_writable,
    metavar="FILE",
    help="Write a report that can be posted in public: shapes, counts and timings.",
)
def _command(
    *,
    config: Any,
    segment: str | None,
    requests: int,
    no_evaluation: bool,
    report: Path | None,
) -> int:
    """Check what the tap assumes of ActiveCampaign's API against your account.

    It only reads, starts at most two evaluations, and keeps to the configured requests per second.

    Exit codes: 0: nothing is otherwise. 1: something is. 2: usage or configuration. 3: the account
    cannot be read.
    """
    try:
        with _signal_handlers_kept():
            tap = TapActiveCampaignSegments(
                config=config.config, parse_env_config=config.parse_env, validate_config=True
            )
        errors = [f"{name}: {error}" for name, error in config_errors(tap.config, required=True)]
    except ConfigValidationError as error:
        errors = error.errors
    if errors:
        return max(fail(each, USAGE) for each in errors)
    options = Options(segment, max_requests=requests, may_evaluate=not no_evaluation, report=report)
    return check(ActiveCampaignSettings.from_config(tap.config), options, tap.clock, os.environ)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return int(_command.main(arguments, NAME, standalone_mode=False) or 0)
    except click.exceptions.Abort:
        return fail("interrupted", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
