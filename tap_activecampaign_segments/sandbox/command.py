"""The command ``activecampaign-sandbox``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from .activecampaign.account import Account
from .mypreferences.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from .server import Sandbox

_PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
_MAX_PORT = 65_535
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOT_FOUND, _NOT_EXECUTABLE, _KILLED = 127, 126, 128


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the demo data in the foreground, or while a command runs.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The exit code: the command's if there is one, 128 and the number if a signal killed it.
    """
    parser = _build_parser()
    own, command = _split_arguments(sys.argv[1:] if argv is None else argv)
    options = parser.parse_args(own)
    if command == []:
        parser.error("there is no command after --")
    try:
        from .server import Sandbox  # noqa: PLC0415 (needs the extra)
    except ModuleNotFoundError as error:
        if error.name not in {"starlette", "uvicorn", "h11"}:
            raise
        return _fail(
            'the sandbox needs an extra: pip install "tap-activecampaign-segments[sandbox]"', 1
        )
    with contextlib.ExitStack() as stack:
        try:
            preferences = Preferences.demo(options.seed)
            sandbox = stack.enter_context(
                Sandbox(Account.demo(options.seed), port=options.port, preferences=preferences)
            )
        except OSError as error:
            return _fail(f"cannot listen on port {options.port}: {error.strerror}", 1)
        return _serve(sandbox) if command is None else _run(sandbox, command)


def _split_arguments(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Return the sandbox's arguments, and the command after ``--``, None without."""
    if "--" not in argv:
        return list(argv), None
    index = list(argv).index("--")
    return list(argv[:index]), list(argv[index + 1 :])


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="activecampaign-sandbox",
        usage="%(prog)s [--port N] [--seed N] [-- COMMAND ...]",
        description="A replica of ActiveCampaign's Segments API and of MyPreferences' exports "
        "on loopback, with demo data.",
        epilog="With a COMMAND: run it against the sandbox and exit with its code.",
    )
    parser.add_argument(
        "--port", type=_parse_port, default=0, metavar="N", help="default: any free one"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed, other data")
    return parser


def _parse_port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number between 0 and {_MAX_PORT}")
    return port


def _build_variables(sandbox: Sandbox) -> dict[str, str]:
    """Return the tap's settings as environment variables."""
    preferences = sandbox.preferences
    groups = [group.name for group in preferences.groups]
    texts = {
        "api_url": sandbox.mypreferences_url,
        "client_id": preferences.client_id,
        "user_id": preferences.user_id,
        "shared_secret": preferences.shared_secret,
    }
    nested = f"{_PREFIX}MYPREFERENCES"
    return {
        f"{_PREFIX}API_URL": sandbox.url,
        f"{_PREFIX}API_TOKEN": sandbox.token,
        nested: json.dumps({**texts, "segment_groups": groups}),
        # Meltano treats each part of an object as a setting.
        **{f"{nested}_{name.upper()}": text for name, text in texts.items()},
        f"{nested}_SEGMENT_GROUPS": json.dumps(groups),
    }


def _serve(sandbox: Sandbox) -> int:
    """Print the settings, and serve until a signal."""
    end = threading.Event()
    with _handle_signals(lambda _number, _frame: end.set()):
        lines = [
            f"URL:   {sandbox.url}",
            f"Token: {sandbox.token}",
            "",
            "For the tap:",
            *(
                f"  export {name}={shlex.quote(value)}"
                for name, value in _build_variables(sandbox).items()
            ),
            "By hand:",
            f"  curl -H 'Api-Token: {sandbox.token}' {sandbox.url}/api/3/audiences",
            "",
            "Ctrl-C ends it.",
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        # With a timeout, because on Windows a wait without one cannot be interrupted.
        while not end.wait(0.5):
            pass
    return 0


def _run(sandbox: Sandbox, command: Sequence[str]) -> int:
    """Run a command with the tap's settings in its environment."""
    child: subprocess.Popen[bytes] | None = None
    pending: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        if child is None:
            pending.append(number)
        else:
            _send_signal(child, number)

    with _handle_signals(forward):
        try:
            # In a new session, so that Ctrl-C on a terminal reaches it only once.
            child = subprocess.Popen(  # noqa: S603 (the user's own command)
                command, env={**os.environ, **_build_variables(sandbox)}, start_new_session=True
            )
        except (FileNotFoundError, NotADirectoryError):
            return _fail(f"{command[0]}: command not found", _NOT_FOUND)
        except OSError as error:
            return _fail(f"{command[0]}: {error.strerror}", _NOT_EXECUTABLE)
        for number in pending:
            _send_signal(child, number)
        code = child.wait()
    return code if code >= 0 else _KILLED - code


def _send_signal(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the command and its children: it may be a pipeline."""
    if sys.platform == "win32":
        child.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)


@contextlib.contextmanager
def _handle_signals(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Handle the signals that end a process, and restore the former handlers."""
    previous = {number: signal.signal(number, handler) for number in _END_SIGNALS}
    try:
        yield
    finally:
        for number, handler_before in previous.items():
            signal.signal(number, handler_before)


def _fail(message: str, code: int) -> int:
    """Print an error, and return the exit code."""
    sys.stderr.write(f"activecampaign-sandbox: {message}\n")
    return code
