"""Progress: a bar on a terminal, lines elsewhere, and no time that cannot be believed."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.activecampaign.progress import SyncProgress, Unit
from tap_activecampaign_segments.activecampaign.segments import Segment
from tap_activecampaign_segments.http.metrics import RequestMetrics
from tap_activecampaign_segments.logs.context import log_context
from tap_activecampaign_segments.logs.progress import Progress
from tap_activecampaign_segments.logs.wait_timer import WaitTimer
from tests.support.clocks import ManualClock
from tests.support.processes import FAST_TAP
from tests.support.sync import CHANGE_STREAMS, catalog, config_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap_activecampaign_segments.sandbox import Account, Sandbox

RATE = 4.0


class Simulation:
    """A sync that sends its requests at an even rate, unit by unit."""

    def __init__(self, units: list[tuple[Unit, int]], logger: logging.Logger) -> None:
        """Plan the units, each with its number of requests."""
        self.clock = ManualClock()
        self.lines: list[tuple[float, str]] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(  # type: ignore[method-assign]
            (self.clock.monotonic(), record.getMessage())
        )
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
        self._metrics = RequestMetrics(WaitTimer(self.clock))
        self._progress = SyncProgress(self.clock, self._metrics, Progress(self.clock, logger), RATE)
        self._units = units

    def run(self, prefetched: int = 10, pause: float = 0.0) -> None:
        """Send all requests, then wait without any for `pause` seconds."""
        finished: set[tuple[str, str]] = set()
        units = [unit for unit, _ in self._units]
        for place, (unit, requests) in enumerate(self._units):
            for _ in range(requests):
                with log_context(stream_name=unit.stream, segment_id=unit.segment.segment_id):
                    self._metrics.count_request("/x")
                is_all_started = place + prefetched >= len(units)
                self._report(unit, units, finished, is_all_started=is_all_started)
                self.clock.advance(1 / RATE)
            if place < len(units) - 1 or not pause:
                finished.add(unit.key)
        for _ in range(int(pause)):
            self._report(units[-1], units, finished, is_all_started=True)
            self.clock.advance(1)

    def _report(
        self, unit: Unit, units: list[Unit], finished: set[tuple[str, str]], *, is_all_started: bool
    ) -> None:
        self._progress.report(unit, units, finished.__contains__, is_all_started=is_all_started)

    def estimates(self) -> list[tuple[float, float]]:
        """Return the estimated and the true seconds left of each line that has an estimate."""
        found = [(at, re.findall(r"about (\d+) s left", line)) for at, line in self.lines]
        return [(float(each[0]), self.clock.monotonic() - at) for at, each in found if each]


def units_of(
    stream: str, requests: list[int], seconds: float = 0.0, size: int = 1
) -> list[tuple[Unit, int]]:
    counts = {
        "last_total": {
            "run_id_start": "2025-01-01T00:00:00.000Z",
            "run_id_end": f"2025-01-01T00:{int(seconds) // 60:02}:{int(seconds) % 60:02}.000Z",
        }
    }
    return [
        (
            Unit(
                stream,
                Segment(f"{stream}-{number}", None, is_listed=True, fields={"counts": counts}),
                f"{number + 1} of {len(requests)}",
                size=size * each,
                evaluates=stream == "match_all_runs",
            ),
            each,
        )
        for number, each in enumerate(requests)
    ]


@pytest.fixture
def logger(request: pytest.FixtureRequest) -> logging.Logger:
    return logging.getLogger(request.node.name)


@pytest.mark.parametrize(
    "requests", [[2] * 200, [1] * 400, [1, 9] * 40, [30] * 10], ids=["even", "one", "odd", "large"]
)
def test_time_left_is_what_is_left(requests: list[int], logger: logging.Logger) -> None:
    simulation = Simulation(units_of("match_all_runs", requests), logger)
    simulation.run(prefetched=2)
    estimates = simulation.estimates()
    assert len(estimates) > 3
    assert all(abs(estimated - true) <= 0.2 * true + 3 for estimated, true in estimates)


def test_no_time_is_estimated_before_each_stream_has_brought_something(
    logger: logging.Logger,
) -> None:
    simulation = Simulation(
        [*units_of("count_history", [2] * 100), *units_of("segment_definitions", [7] * 100)], logger
    )
    simulation.run()
    first = next(at for at, line in simulation.lines if "about" in line)
    assert first >= simulation.lines[0][0] + 200 / RATE - 10
    assert all(
        abs(estimated - true) <= 0.2 * true + 3 for estimated, true in simulation.estimates()
    )


def test_time_is_a_minimum_before_each_stream_has_brought_something(
    logger: logging.Logger,
) -> None:
    simulation = Simulation(
        [*units_of("count_history", [2] * 60), *units_of("match_all_runs", [3] * 60)], logger
    )
    simulation.run()
    found = [(at, re.findall(r"at least (\d+) s left", line)) for at, line in simulation.lines]
    minima = [(float(each[0]), simulation.clock.monotonic() - at) for at, each in found if each]
    assert len(minima) > 3
    assert all(60 / RATE - 1 <= minimum <= true for minimum, true in minima)


def test_no_time_is_estimated_while_only_evaluations_are_waited_for(logger: logging.Logger) -> None:
    simulation = Simulation(units_of("match_all_runs", [1] * 30), logger)
    simulation.run(prefetched=40, pause=120)
    assert len(simulation.lines) > 3
    assert simulation.estimates() == []


def test_long_evaluation_is_part_of_the_time_left(logger: logging.Logger) -> None:
    slow = units_of("match_all_runs", [1] * 80, seconds=600)
    simulation = Simulation(slow, logger)
    simulation.run(prefetched=5)
    assert all(estimated >= 500 for estimated, _ in simulation.estimates())


def test_lines_become_rarer_in_a_long_sync(logger: logging.Logger) -> None:
    simulation = Simulation(units_of("count_history", [4] * 1200), logger)
    simulation.run()
    times = [at for at, _ in simulation.lines]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) < 60
    assert min(pauses) >= 5
    assert max(pauses) <= 61


def test_contacts_are_told_only_where_they_are_read(logger: logging.Logger) -> None:
    simulation = Simulation(
        [*units_of("count_history", [5] * 20), *units_of("match_all_runs", [5] * 20)], logger
    )
    simulation._progress.count_page(100, 400)
    simulation.run()
    told = {line.split()[0]: "contacts" in line for _, line in simulation.lines}
    assert told == {"count_history": False, "match_all_runs": True}
    assert not any(" 0 contacts" in line for _, line in simulation.lines)


def run_on_terminal(folder: Path, sandbox: Sandbox, *, output: int) -> str:
    """Run the tap with its log on a terminal, and return what that shows."""
    (folder / "config.json").write_text(json.dumps(config_of(sandbox)))
    (folder / "catalog.json").write_text(json.dumps(catalog(CHANGE_STREAMS)))
    files = [f"--{name}={folder / name}.json" for name in ("config", "catalog")]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    shown = bytearray()
    with subprocess.Popen(  # noqa: S603
        [sys.executable, *FAST_TAP, *files],
        stdout=theirs if output else subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        try:
            while chunk := os.read(ours, 65_536):
                shown += chunk
        except OSError:
            # The other side is closed.
            pass
        os.close(ours)
        assert process.wait() == 0
    return shown.decode()


def test_terminal_shows_a_bar_and_the_lines_above_it(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    account.add_segment("slow", range(100), evaluation_seconds=5)
    shown = run_on_terminal(tmp_path, sandbox, output=False)
    assert re.search(r"\r +\d+% \|.*\| match_all_runs 1 of 1; segment 'slow' ", shown)
    [line] = [line for line in shown.splitlines() if "a baseline of" in line]
    assert line.startswith("20")
    assert "%" not in shown.splitlines()[-1]
    assert "sync finished" in shown


def test_messages_on_the_terminal_have_no_bar_between_them(
    account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    account.add_segment("slow", range(100), evaluation_seconds=5)
    assert "%" not in run_on_terminal(tmp_path, sandbox, output=True)


def test_sync_needs_no_standard_error(account: Account, sandbox: Sandbox, tmp_path: Path) -> None:
    account.add_segment("slow", range(100), evaluation_seconds=5)
    (tmp_path / "config.json").write_text(json.dumps(config_of(sandbox)))
    line = f"{sys.executable} {' '.join(FAST_TAP)} --config {tmp_path / 'config.json'} 2>&-"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=False)  # noqa: S603
    rows = [line for line in done.stdout.splitlines() if b'"stream":"memberships"' in line]
    assert len(rows) == 101
