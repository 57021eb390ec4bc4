"""Run the benchmark: `python -m tools.bench [--quick] [PART …]`; see `make bench`."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench import (
    backfill,
    contacts,
    dbt_builds,
    loaders,
    memory,
    peers,
    rate_limit,
    request_counts,
    scale,
    state_messages,
    throughput,
)
from tools.bench.figures import Figure, to_json, to_markdown, to_text
from tools.bench.syncs import SyncError

if TYPE_CHECKING:
    from types import ModuleType

OUTPUT = Path("output")
PARTS: tuple[ModuleType, ...] = (
    throughput,
    rate_limit,
    request_counts,
    memory,
    state_messages,
    scale,
    backfill,
    contacts,
    dbt_builds,
    loaders,
    peers,
)
INTERRUPTED = 130


def main() -> int:
    """Run the parts, then print and save the figures.

    Returns:
        The exit code: 1 if a part could not be measured. A missed target is not an error.
    """
    quick = "--quick" in sys.argv
    parts = [part for part in PARTS if _name(part) in sys.argv] or PARTS
    figures: list[Figure] = []
    failures: list[str] = []
    start = time.monotonic()
    try:
        for part in parts:
            sys.stderr.write(f"{part.__doc__}".partition("\n")[0] + "\n")
            try:
                figures += part.measure(quick=quick)
            except SyncError as error:
                failures.append(f"{_name(part)} could not be measured: {error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    machine = _describe_machine(quick=quick, seconds=time.monotonic() - start)
    _print(f"\n{to_text(figures)}\n\n{machine}")
    for failure in failures:
        _print(failure)
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "bench.md").write_text(f"{to_markdown(figures)}\n\n{machine}\n", encoding="utf-8")
    content = {"machine": machine, "figures": to_json(figures)}
    (OUTPUT / "bench.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return int(bool(failures))


def _name(part: ModuleType) -> str:
    return part.__name__.rpartition(".")[2]


def _describe_machine(*, quick: bool, seconds: float) -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"Measured in {seconds:.0f} s{' (quick: fewer, smaller)' if quick else ''} on "
        f"{os.cpu_count()} cores ({platform.system()}, {platform.machine()}{load} at the end), "
        f"{platform.python_implementation()} {platform.python_version()}, servers on loopback."
    )


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
