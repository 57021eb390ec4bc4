"""The tap as a subprocess that can be signalled and killed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from tests.support.sync import Sync, catalog, check_messages, config_of, everything

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Sandbox

FAST_TAP = ("-m", "tests.support.fast_tap")
REAL_TIME_TAP = (
    "-c",
    "from tap_activecampaign_segments.tap import *; TapActiveCampaignSegments.cli()",
)
TIMEOUT = 60


class TapProcess:
    """A running tap whose output is read line by line."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self.lines: list[bytes] = []

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout
        return self._process.stdout

    def read_until(self, text: bytes) -> None:
        """Read lines up to the first that contains `text`."""
        for line in self.stdout:
            self.lines.append(line)
            if text in line:
                return
        message = f"the tap ended before it wrote {text!r}: {self._log.read_text()}"
        raise AssertionError(message)

    def read_lines(self, number: int) -> None:
        """Read up to `number` lines."""
        for _ in range(number):
            if line := self.stdout.readline():
                self.lines.append(line)

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def finish(self) -> Sync:
        """Read the rest and wait for the end; an incomplete line is dropped."""
        self.lines += self.stdout.readlines()
        exit_code = self._process.wait(TIMEOUT)
        whole = [line for line in self.lines if line.endswith(b"\n")]
        messages = [json.loads(line) for line in whole]
        check_messages(messages)
        return Sync(exit_code, messages, self._log.read_text())

    def end(self) -> tuple[int, str]:
        """Wait for the end, and return the exit code and the log."""
        return self._process.wait(TIMEOUT), self._log.read_text()

    @property
    def was_cut(self) -> bool:
        """Whether the last line is incomplete."""
        return bool(self.lines) and not self.lines[-1].endswith(b"\n")


@contextmanager
def running_tap(
    sandbox: Sandbox,
    folder: Path,
    *,
    state: dict[str, Any] | None = None,
    streams: Iterable[str] | None = None,
    command: tuple[str, ...] = FAST_TAP,
    **settings: Any,
) -> Iterator[TapProcess]:
    """Run the tap in a process that is killed at the end of the block."""
    line = [sys.executable, *command]
    config = config_of(sandbox, **settings)
    files = {
        "config": config,
        "state": state,
        "catalog": everything(config) if streams is None else catalog(streams),
    }
    for name, content in files.items():
        if content is not None:
            path = folder / f"{name}.json"
            path.write_text(json.dumps(content))
            line += [f"--{name}", str(path)]
    log = folder / "log.txt"
    with (
        log.open("wb") as errors,
        subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors) as process,  # noqa: S603
    ):
        try:
            yield TapProcess(process, log)
        finally:
            process.kill()


def peak_memory(synced: Sync) -> int:
    """Return a process's peak memory in bytes."""
    [kilobytes] = re.findall(r"peak memory: (\d+) kB", synced.log)
    return int(kilobytes) * 1024
