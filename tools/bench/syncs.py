"""Syncs: runs a command, reads all its output, measures time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TAP = (str(Path(sys.executable).with_name("tap-activecampaign-segments")),)
PLAIN_TAP = (sys.executable, "-m", "tools.bench.plain_tap")
BARE_LOOP = (sys.executable, "-m", "tools.bench.bare_loop")

ALL = (
    "segments",
    "segment_definitions",
    "count_history",
    "match_all_runs",
    "match_all_results",
    "membership_changes",
    "memberships",
)
RESULTS = ("match_all_results",)
RUNS = ALL[3:]
CHANGES = ("match_all_runs", "membership_changes", "memberships")

MEGABYTE = 1024 * 1024
UNLIMITED = 1_000_000
CHUNK = 1024 * 1024
LAST_CHUNKS = 32
TIMEOUT = 180.0
"""Maximum duration of a sync, in seconds."""
STATE = b'{"type":"STATE"'


class SyncError(Exception):
    """A sync failed or timed out."""


@dataclass
class Sync:
    """Measurements of one sync.

    Attributes:
        seconds: Time from the start of the process to its end.
        cpu: Processor time of all threads, in seconds; that of the loader included.
        peak: Peak resident memory, in bytes.
        lines: Number of messages.
        state: The last STATE.
        state_sizes: Size of each STATE message in bytes, if lines were read.
        records: The records, if they were kept.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    lines: int = 0
    state: dict[str, Any] | None = None
    state_sizes: list[int] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


def fast_tap(start: float, pace: float) -> tuple[str, ...]:
    """Return the tap's command with an accelerated clock, see `tools.bench.fast_clock`."""
    return sys.executable, "-m", "tools.bench.fast_tap", str(start), str(pace)


def sync(  # noqa: PLR0913
    config: dict[str, Any],
    *,
    streams: Iterable[str] | None = None,
    state: dict[str, Any] | None = None,
    command: Sequence[str] = TAP,
    target: tuple[str, dict[str, Any]] | None = None,
    reads_lines: bool = False,
    keeps_records: bool = False,
    timeout: float = TIMEOUT,
) -> Sync:
    """Run one sync.

    Args:
        config: The settings.
        streams: Selected streams; None for no catalog.
        state: State of the previous sync.
        command: The tap, or what it is compared with.
        target: Executable and settings of a loader that takes the output.
        reads_lines: Whether to parse the STATE messages.
        keeps_records: Whether to parse and keep the records as well.
        timeout: Seconds after which it is stopped.

    Raises:
        SyncError: It failed or timed out.
    """
    files = {
        "config": {"requests_per_second": UNLIMITED, **config},
        "catalog": None if streams is None else _build_catalog(streams),
        "state": state,
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        log = stack.enter_context(TemporaryFile())
        line = [*command]
        for name, content in files.items():
            if content is not None:
                line += [f"--{name}", str(_write_json(folder / f"{name}.json", content))]
        start = time.monotonic()
        tap = stack.enter_context(_Process(line, log, timeout))
        if target:
            path = _write_json(folder / "target.json", target[1])
            loader = stack.enter_context(
                _Process([target[0], "--config", str(path)], log, timeout, source=tap)
            )
            result = _read_chunks(loader, is_loader=True)
            loader.wait(log)
            result.cpu = loader.cpu
        elif reads_lines or keeps_records:
            result = _read_lines(tap, keeps_records=keeps_records)
        else:
            result = _read_chunks(tap)
        tap.wait(log)
        result.seconds = time.monotonic() - start
        result.peak = tap.peak
        result.cpu += tap.cpu
    return result


class _Process:
    """One process of a pipeline."""

    def __init__(
        self, line: Sequence[str], log: Any, timeout: float, source: _Process | None = None
    ) -> None:
        self._name = Path(line[0]).name
        try:
            self._popen = subprocess.Popen(  # noqa: S603 (the tap, or what it is compared with)
                line,
                stdin=source.output if source else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        except FileNotFoundError:
            raise SyncError(f"there is no {line[0]}: `make bench` installs it") from None
        if source:
            # Otherwise the tap would not notice that the loader exits.
            source.output.close()
        assert self._popen.stdout  # noqa: S101
        self.output: IO[bytes] = self._popen.stdout
        self.peak = 0
        self.cpu = 0.0
        # A reader gets the end of the output when the process is killed.
        self._timeout = timeout
        self._timed_out = threading.Event()
        self._timer = threading.Timer(timeout, self._stop)
        self._timer.start()

    def __enter__(self) -> _Process:  # noqa: PYI034 (Python 3.10 has no Self)
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._popen.returncode is None:
            self._popen.kill()
            self._popen.wait()

    def check_timeout(self) -> None:
        """Check that the process was not killed for its duration.

        Raises:
            SyncError: It was.
        """
        if self._timed_out.is_set():
            raise SyncError(f"{self._name} took longer than {self._timeout:.0f} s")

    def wait(self, log: Any) -> None:
        """Wait for the process to exit and record its resource usage.

        Raises:
            SyncError: It exited with an error or timed out.
        """
        _, status, usage = os.wait4(self._popen.pid, 0)
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        # Linux reports kilobytes, macOS bytes.
        self.peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.check_timeout()
        if self._popen.returncode:
            log.seek(0)
            last = log.read().decode(errors="replace").strip().splitlines()[-3:]
            raise SyncError(
                f"{self._name} exited with {self._popen.returncode}: {' / '.join(last)}"
            )

    def _stop(self) -> None:
        self._timed_out.set()
        self._popen.kill()


def _read_chunks(process: _Process, *, is_loader: bool = False) -> Sync:
    """Read all output but parse only the last STATE; a loader writes states without a type."""
    result, tail = Sync(), deque[bytes](maxlen=LAST_CHUNKS)
    descriptor = process.output.fileno()
    while chunk := os.read(descriptor, CHUNK):
        result.lines += chunk.count(b"\n")
        tail.append(chunk)
    process.check_timeout()
    for line in reversed(b"".join(tail).splitlines()):
        if is_loader or line.startswith(STATE):
            state = json.loads(line)
            result.state = state if is_loader else state["value"]
            break
    return result


def _read_lines(process: _Process, *, keeps_records: bool) -> Sync:
    result = Sync()
    for line in process.output:
        process.check_timeout()
        result.lines += 1
        if line.startswith(STATE):
            result.state = json.loads(line)["value"]
            result.state_sizes.append(len(line))
        elif keeps_records and (message := json.loads(line))["type"] == "RECORD":
            result.records.append(message["record"])
    return result


def _build_catalog(streams: Iterable[str]) -> dict[str, Any]:
    """Return a catalog that selects only these streams."""
    selected = set(streams)
    catalog: dict[str, Any] = json.loads(_discover())
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] == []:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] in selected
    return catalog


@cache
def _discover() -> str:
    done = subprocess.run([*TAP, "--discover"], capture_output=True, check=True)  # noqa: S603
    return done.stdout.decode()


def _write_json(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content))
    return path
