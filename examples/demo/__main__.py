"""Run the demo; see `make demo`.

The sandbox starts it and passes its address in the environment. It runs with the Python of
target-duckdb, which brings the DuckDB library.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from examples.demo import report
from examples.demo.database import Database
from examples.demo.pipeline import MODELS, SYNC, Pipeline, PipelineError, command
from examples.demo.request_log import RequestLog

OUTPUT = Path("output", "demo")
INTERRUPTED = 130


def main() -> int:
    """Sync twice, make the tables of the dbt package, and print the report.

    Returns:
        The exit code.
    """
    # Tables and state of an earlier demo.
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    requests = RequestLog.from_environment()
    database = Database(OUTPUT / "activecampaign.duckdb")
    pipeline = Pipeline(Path(sys.argv[1]), database.path, OUTPUT)
    _print("A sandbox on this machine stands in for an ActiveCampaign account.")
    _print(f"$ {command(SYNC)}")
    rows = []
    try:
        for title in ("First sync: everything", "Second sync: what is new"):
            _print(f"{title:36}", end="", flush=True)
            start = time.monotonic()
            requests.clear()
            pipeline.run(SYNC)
            rows.append(database.count_rows())
            _print(f" {time.monotonic() - start:3.0f} s {requests.count():4} requests")
        _print(f"$ {command(MODELS)}")
        _print(f"{'Tables of the dbt package':36}", end="", flush=True)
        start = time.monotonic()
        pipeline.run(MODELS)
        _print(f" {time.monotonic() - start:3.0f} s")
    except PipelineError as error:
        _print(f"\n\n{error}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    _print(report.build(database, *rows))
    _print(f"\nTables:       {database.path}\nMeltano log:  {pipeline.log}")
    return 0


def _print(text: str, *, end: str = "\n", flush: bool = False) -> None:
    sys.stdout.write(text + end)
    if flush:
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
