"""Run the benchmark; see `make bench`."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench import counting, emission, load, loading, memory, states, waiting
from tools.bench.figures import Figure, markdown, table
from tools.bench.syncs import SyncError

if TYPE_CHECKING:
    from types import ModuleType

OUTPUT = Path("output")
PARTS: tuple[ModuleType, ...] = (emission, waiting, counting, memory, states, load, loading)
INTERRUPTED = 130


def main() -> int:
    """Measure, and say what was found.

    Returns:
        The exit code: 1 if something could not be measured; a target that is missed is no fault.
    """
    quick = "--quick" in sys.argv
    chosen = [each for each in PARTS if _name(each) in sys.argv] or PARTS
    figures: list[Figure] = []
    failures: list[str] = []
    start = time.monotonic()
    try:
        for part in chosen:
            sys.stderr.write(f"{part.__doc__}".partition("\n")[0] + "\n")
            try:
                figures += part.measure(quick=quick)
            except SyncError as error:
                failures.append(f"{_name(part)} could not be measured: {error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    machine = _machine(quick=quick, seconds=time.monotonic() - start)
    _say(f"\n{table(figures)}\n\n{machine}")
    for failure in failures:
        _say(failure)
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "bench.md").write_text(f"{markdown(figures)}\n\n{machine}\n", encoding="utf-8")
    content = {"machine": machine, "figures": [each.content for each in figures]}
    (OUTPUT / "bench.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return int(bool(failures))


def _name(part: ModuleType) -> str:
    return part.__name__.rpartition(".")[2]


def _machine(*, quick: bool, seconds: float) -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"Measured in {seconds:.0f} s{' (quick: fewer, smaller)' if quick else ''} on "
        f"{os.cpu_count()} cores ({platform.system()}, {platform.machine()}{load} at the end), "
        f"{platform.python_implementation()} {platform.python_version()}, servers on loopback."
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
