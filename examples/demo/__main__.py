"""Run the demo; see `make demo`.

It is started by the sandbox, which hands on where it is, with the Python of target-duckdb, which
brings the library that reads the tables.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from examples.demo import report
from examples.demo.database import Database
from examples.demo.journal import Journal
from examples.demo.pipeline import Pipeline, PipelineError

OUTPUT = Path("output", "demo")
INTERRUPTED = 130


def main() -> int:
    """Sync twice and report.

    Returns:
        The exit code.
    """
    # An earlier demo's tables and state.
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    journal = Journal.of_environment()
    database = Database(OUTPUT / "activecampaign.duckdb")
    pipeline = Pipeline(Path(sys.argv[1]), database.path, OUTPUT)
    _say("A sandbox on this machine plays an account of ActiveCampaign.")
    _say(f"$ {pipeline.command}")
    rows = []
    try:
        for title in ("The first time, it takes everything", "Once more, it takes what is new"):
            _say(f"{title:36}", end="", flush=True)
            start = time.monotonic()
            journal.clear()
            pipeline.run()
            rows.append(database.rows())
            _say(f" {time.monotonic() - start:3.0f} s {journal.count():4} requests")
    except PipelineError as error:
        _say(f"\n\n{error}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    _say(report.text(database, *rows))
    _say(f"\nThe tables are in     {database.path}\nMeltano's log is in   {pipeline.log}")
    return 0


def _say(text: str, *, end: str = "\n", flush: bool = False) -> None:
    sys.stdout.write(text + end)
    if flush:
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
