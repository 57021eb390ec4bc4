"""Output: whole lines, in order, whatever reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tap_activecampaign_segments.sandbox import Account, Sandbox
from tap_activecampaign_segments.singer.atomic_output import AtomicOutput
from tests.support.processes import REAL_TIME_TAP, running_tap
from tests.support.sync import RUN_STREAMS, catalog, config_of

if TYPE_CHECKING:
    from pathlib import Path

LINES = (
    b"".join(b"%d " % place + b"x" * (place * 97 % 9000) + b"\n" for place in range(400))
    + b"y" * 2_000_000
    + b"\n"
)


@pytest.mark.parametrize("buffering", [0, -1], ids=["unbuffered", "buffered"])
@pytest.mark.parametrize("is_blocking", [True, False], ids=["blocking", "non-blocking"])
def test_all_lines_arrive_in_order(buffering: int, *, is_blocking: bool) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, is_blocking)
    taken = bytearray()

    def take() -> None:
        while chunk := os.read(reader, 3000):
            taken.extend(chunk)

    thread = threading.Thread(target=take)
    thread.start()
    with os.fdopen(writer, "wb", buffering=buffering) as output:
        AtomicOutput(output).write(LINES)
        AtomicOutput(output).write(LINES)
    thread.join()
    os.close(reader)
    assert taken == LINES * 2


@pytest.mark.parametrize("options", [[], ["-u"]], ids=["buffered", "unbuffered"])
def test_lines_are_whole_with_and_without_buffering(tmp_path: Path, options: list[str]) -> None:
    account = Account()
    account.add_segment("many", range(60_000))
    with Sandbox(account, requests_per_second=None) as sandbox:
        config = tmp_path / "config.json"
        config.write_text(json.dumps(config_of(sandbox)))
        selection = tmp_path / "catalog.json"
        selection.write_text(json.dumps(catalog(RUN_STREAMS)))
        files = ["--config", str(config), "--catalog", str(selection)]
        done = subprocess.run(  # noqa: S603
            [sys.executable, *options, "-m", "tests.support.fast_tap", *files],
            capture_output=True,
            check=True,
            timeout=60,
        )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    rows = [message for message in messages if message.get("stream") == "match_all_results"]
    assert len(rows) == 60_001


def test_vanished_target_is_reported_in_one_line(
    sandbox: Sandbox, account: Account, tmp_path: Path
) -> None:
    account.add_segment("many", range(300_000))
    with running_tap(sandbox, tmp_path, streams=RUN_STREAMS, command=REAL_TIME_TAP) as tap:
        tap.read_lines(5)
        tap.stdout.close()
        exit_code, log = tap.end()
    assert exit_code == 1
    assert "Traceback" not in log
    assert sum("the target is gone" in line for line in log.splitlines()) == 1
