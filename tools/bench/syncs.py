"""Syncs: a command is run, its output read to the end, and its time and memory noted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
PLAIN = (sys.executable, "-m", "tools.bench.plain")
BARE = (sys.executable, "-m", "tools.bench.bare")

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

UNLIMITED = 1_000_000
CHUNK = 1024 * 1024
LAST_CHUNKS = 32
LONGEST = 180.0
"""Seconds after which a sync is ended, and counts as failed."""
STATE = b'{"type":"STATE"'


class SyncError(Exception):
    """A sync did not end well."""


@dataclass
class Sync:
    """What one sync took.

    Attributes:
        seconds: From the start of its process to its end.
        cpu: Seconds of a processor that it took, all threads together.
        peak: The most memory that it took, in bytes.
        lines: Messages that came out.
        state: The last STATE.
        state_sizes: Bytes of each STATE message, of those that were read line by line.
        records: Its records, where they were asked for.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    lines: int = 0
    state: dict[str, Any] | None = None
    state_sizes: list[int] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


@cache
def _catalog_text() -> str:
    done = subprocess.run([*TAP, "--discover"], capture_output=True, check=True)  # noqa: S603
    return done.stdout.decode()


def catalog(streams: Iterable[str]) -> dict[str, Any]:
    """Return a catalog in which just these streams are selected."""
    chosen = set(streams)
    found: dict[str, Any] = json.loads(_catalog_text())
    for entry in found["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] == []:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] in chosen
    return found


def hurried(start: float, pace: float) -> tuple[str, ...]:
    """Return the tap's command where time goes by faster, see `tools.bench.pace`."""
    return sys.executable, "-m", "tools.bench.fasttap", str(start), str(pace)


def sync(  # noqa: PLR0913
    config: dict[str, Any],
    *,
    streams: Iterable[str] | None = None,
    state: dict[str, Any] | None = None,
    command: Sequence[str] = TAP,
    target: tuple[str, dict[str, Any]] | None = None,
    reads_lines: bool = False,
    keeps_records: bool = False,
) -> Sync:
    """Sync once.

    Args:
        config: The settings.
        streams: Those selected; no catalog if absent.
        state: What the last sync left.
        command: What is run.
        target: A loader's command and settings, which then takes the output.
        reads_lines: Whether each line is looked at, for the STATE messages in it.
        keeps_records: Whether the records are kept as well.

    Raises:
        SyncError: It failed.
    """
    files = {
        "config": {"requests_per_second": UNLIMITED, **config},
        "catalog": None if streams is None else catalog(streams),
        "state": state,
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        log = stack.enter_context(TemporaryFile())
        line = [*command]
        for name, content in files.items():
            if content is not None:
                line += [f"--{name}", str(_written(folder / f"{name}.json", content))]
        start = time.monotonic()
        tap = stack.enter_context(_Process(line, log))
        if target:
            path = _written(folder / "target.json", target[1])
            loader = stack.enter_context(
                _Process([target[0], "--config", str(path)], log, source=tap)
            )
            done = _drained(loader, is_loader=True)
            loader.end(log)
            tap.end(log)
        else:
            looks = reads_lines or keeps_records
            done = _read(tap, keeps_records=keeps_records) if looks else _drained(tap)
            tap.end(log)
        done.seconds = time.monotonic() - start
        done.peak, done.cpu = tap.peak, tap.cpu
    return done


class _Process:
    """One command of a sync."""

    def __init__(self, line: Sequence[str], log: Any, source: _Process | None = None) -> None:
        self._name = Path(line[0]).name
        self._popen = subprocess.Popen(  # noqa: S603 (the tap, or what it is compared with)
            line,
            stdin=source.output if source else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        if source:
            # The end of the loader must be seen by the tap.
            source.output.close()
        assert self._popen.stdout  # noqa: S101
        self.output: IO[bytes] = self._popen.stdout
        self.peak = 0
        self.cpu = 0.0
        self._deadline = time.monotonic() + LONGEST

    def __enter__(self) -> _Process:  # noqa: PYI034 (Python 3.10 has no Self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._popen.returncode is None:
            self._popen.kill()
            self._popen.wait()

    def check(self) -> None:
        """End the process if it takes too long.

        Raises:
            SyncError: It did.
        """
        if time.monotonic() > self._deadline:
            raise SyncError(f"{self._name} took longer than {LONGEST:.0f} s")

    def end(self, log: Any) -> None:
        """Wait for the end.

        Raises:
            SyncError: It did not end well.
        """
        _, status, usage = os.wait4(self._popen.pid, 0)
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        self.peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        self.cpu = usage.ru_utime + usage.ru_stime
        if self._popen.returncode:
            log.seek(0)
            last = log.read().decode(errors="replace").strip().splitlines()[-3:]
            raise SyncError(f"{self._name} ended with {self._popen.returncode}: {' / '.join(last)}")


def _drained(process: _Process, *, is_loader: bool = False) -> Sync:
    """Read all, and look at the last lines alone; a loader writes states without a type."""
    done, tail = Sync(), deque[bytes](maxlen=LAST_CHUNKS)
    descriptor = process.output.fileno()
    while chunk := os.read(descriptor, CHUNK):
        done.lines += chunk.count(b"\n")
        tail.append(chunk)
        process.check()
    for line in reversed(b"".join(tail).splitlines()):
        if is_loader or line.startswith(STATE):
            state = json.loads(line)
            done.state = state if is_loader else state["value"]
            break
    return done


def _read(process: _Process, *, keeps_records: bool) -> Sync:
    """Read all, line by line."""
    done = Sync()
    for line in process.output:
        done.lines += 1
        if line.startswith(STATE):
            done.state = json.loads(line)["value"]
            done.state_sizes.append(len(line))
        elif keeps_records and (message := json.loads(line))["type"] == "RECORD":
            done.records.append(message["record"])
        process.check()
    return done


def _written(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content))
    return path
