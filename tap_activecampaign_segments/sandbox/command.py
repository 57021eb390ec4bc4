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

from .account import Account
from .preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from .server import Sandbox

PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"
MAX_PORT = 65_535
ENDING = (signal.SIGINT, signal.SIGTERM)
NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 128


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the demo's accounts, alone or while a command runs.

    Args:
        argv: The arguments; those of the process, if absent.

    Returns:
        The exit code.
    """
    parser = _parser()
    own, command = _split(sys.argv[1:] if argv is None else argv)
    options = parser.parse_args(own)
    if command == []:
        parser.error("there is no command after --")
    try:
        from .server import Sandbox  # noqa: PLC0415 (needs the extra)
    except ModuleNotFoundError as error:
        if error.name not in {"starlette", "uvicorn", "h11"}:
            raise
        return _complain(
            'the sandbox needs an extra: pip install "tap-activecampaign-segments[sandbox]"', 1
        )
    with contextlib.ExitStack() as stack:
        try:
            preferences = Preferences.demo(options.seed)
            sandbox = stack.enter_context(
                Sandbox(Account.demo(options.seed), port=options.port, preferences=preferences)
            )
        except OSError as error:
            return _complain(f"cannot listen on port {options.port}: {error.strerror}", 1)
        return _serve(sandbox) if command is None else _run(sandbox, command)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """The own arguments, and the command after ``--`` if there is one."""
    if "--" not in argv:
        return list(argv), None
    place = list(argv).index("--")
    return list(argv[:place]), list(argv[place + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="activecampaign-sandbox",
        usage="%(prog)s [--port N] [--seed N] [-- COMMAND ...]",
        description="A replica of ActiveCampaign's Segments API and of MyPreferences' exports "
        "on loopback, with demo data.",
        epilog="With a COMMAND: run it against the sandbox and exit with its code.",
    )
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="default: any free one")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed, other data")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number between 0 and {MAX_PORT}")
    return port


def _variables(sandbox: Sandbox) -> dict[str, str]:
    """The tap's settings as environment variables."""
    preferences = sandbox.preferences
    groups = [group.name for group in preferences.groups]
    texts = {
        "api_url": sandbox.mypreferences_url,
        "client_id": preferences.client_id,
        "user_id": preferences.user_id,
        "shared_secret": preferences.shared_secret,
    }
    nested = f"{PREFIX}MYPREFERENCES"
    return {
        f"{PREFIX}API_URL": sandbox.url,
        f"{PREFIX}API_TOKEN": sandbox.token,
        nested: json.dumps({**texts, "segment_groups": groups}),
        # Meltano knows the parts of an object as settings of their own.
        **{f"{nested}_{name.upper()}": text for name, text in texts.items()},
        f"{nested}_SEGMENT_GROUPS": json.dumps(groups),
    }


def _serve(sandbox: Sandbox) -> int:
    """Serve until a signal comes."""
    end = threading.Event()
    with _handling(lambda _number, _frame: end.set()):
        lines = [
            f"URL:   {sandbox.url}",
            f"Token: {sandbox.token}",
            "",
            "For the tap:",
            *(
                f"  export {name}={shlex.quote(value)}"
                for name, value in _variables(sandbox).items()
            ),
            "By hand:",
            f"  curl -H 'Api-Token: {sandbox.token}' {sandbox.url}/api/3/audiences",
            "",
            "Ctrl-C ends it.",
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        # Not for ever, because Windows delivers no signal to a wait without end.
        while not end.wait(0.5):
            pass
    return 0


def _run(sandbox: Sandbox, command: Sequence[str]) -> int:
    """Run a command with the tap's settings in its environment."""
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if child is None:
            early.append(number)
        else:
            _signal(child, number)

    with _handling(pass_on):
        try:
            # In a session of its own, so that Ctrl-C on a terminal reaches it only once.
            child = subprocess.Popen(  # noqa: S603 (the user's own command)
                command, env={**os.environ, **_variables(sandbox)}, start_new_session=True
            )
        except (FileNotFoundError, NotADirectoryError):
            return _complain(f"{command[0]}: command not found", NOT_FOUND)
        except OSError as error:
            return _complain(f"{command[0]}: {error.strerror}", NOT_EXECUTABLE)
        for number in early:
            _signal(child, number)
        code = child.wait()
    return code if code >= 0 else KILLED - code


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the command and to all that it started: it may be a pipeline."""
    if sys.platform == "win32":
        child.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Handle the signals that ask for an end."""
    former = {number: signal.signal(number, handler) for number in ENDING}
    try:
        yield
    finally:
        for number, previous in former.items():
            signal.signal(number, previous)


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"activecampaign-sandbox: {message}\n")
    return code
