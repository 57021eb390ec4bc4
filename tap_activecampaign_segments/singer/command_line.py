"""The command line: every input is either understood or reported in one line each."""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from typing_extensions import override

from tap_activecampaign_segments.json_decoding import decode_json_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from logging import Logger


def raise_config_errors(errors: list[str]) -> None:
    """Reject what the tap was given.

    Args:
        errors: One sentence each, without secrets.

    Raises:
        ConfigValidationError: There are errors.
    """
    if errors:
        msg = "Config validation failed"
        raise ConfigValidationError(msg, errors=errors, schema={})


@contextmanager
def config_errors_reported(logger: Logger) -> Iterator[None]:
    """Log each configuration error on a line of its own and exit with 1.

    Meltano shows the last line of the log. The SDK's last line has no content.

    Raises:
        SystemExit: The block raised a `ConfigValidationError`.
    """
    try:
        yield
    except ConfigValidationError as error:
        for each in error.errors:
            logger.error(each)  # noqa: TRY400
        sys.exit(1)


class CommandLineTap(Tap):
    """A tap whose command reports configuration errors and unreadable files in one line each."""

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        command.callback = cls._reporting(command.callback)
        for option in command.params:
            option.callback = option.callback and cls._reporting(option.callback)
        return command

    @classmethod
    def _reporting(cls, callback: Callable[..., Any] | None) -> Callable[..., Any]:
        assert callback is not None  # noqa: S101

        @functools.wraps(callback)
        def reporting(*args: Any, **kwargs: Any) -> Any:
            with config_errors_reported(cls.logger):
                return callback(*args, **kwargs)

        return reporting

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        try:
            return super().cb_config(ctx, param, value)
        except (OSError, ValueError, TypeError, RecursionError) as error:
            # JSON in place of a file name may contain a secret.
            names = [each for each in value if not each.lstrip().startswith(("{", "["))]
            msg = f"{', '.join(names)}: cannot be read as a JSON object"
            raise click.BadParameter(msg) from error


def read_json_object(file: IO[str] | None, option: str) -> dict[str, Any] | None:
    """Return the JSON object in a file, None without a file.

    Args:
        file: The file that an option names.
        option: The option, for the message.

    Raises:
        ConfigValidationError: The content is not a JSON object.
    """
    if file is None:
        return None
    content: Any = None
    try:
        content = decode_json_file(file.read())
    except ValueError:
        raise_config_errors([f"{option} is no JSON object"])
    if not isinstance(content, dict):
        raise_config_errors([f"{option} is no JSON object"])
    return dict(content)
