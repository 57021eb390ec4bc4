"""Files that the command line names, and how faults of them and of settings are told."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError

from tap_activecampaign_segments.json_decoding import decode_json_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from logging import Logger


def refuse(faults: list[str]) -> None:
    """End the command, one line for each fault.

    Raises:
        ConfigValidationError: There are faults.
    """
    if faults:
        msg = "Config validation failed"
        raise ConfigValidationError(msg, errors=faults, schema={})


@contextmanager
def faults_are_told(logger: Logger) -> Iterator[None]:
    """End the command with a line for each fault, the last on the log: it is what Meltano shows.

    The SDK adds a line without content, and does so in one of the three ways to start alone.

    Args:
        logger: Where the lines go.

    Raises:
        SystemExit: The block refused something.
    """
    try:
        yield
    except ConfigValidationError as error:
        for fault in error.errors:
            logger.error(fault)  # noqa: TRY400
        sys.exit(1)


def json_object(file: IO[str] | None, option: str) -> dict[str, Any] | None:
    """Return what a file holds, None without a file.

    Raises:
        ConfigValidationError: It is no JSON object.
    """
    if file is None:
        return None
    content: Any = None
    try:
        content = decode_json_file(file.read())
    except ValueError:
        refuse([f"{option} is no JSON object"])
    if not isinstance(content, dict):
        refuse([f"{option} is no JSON object"])
    return dict(content)
