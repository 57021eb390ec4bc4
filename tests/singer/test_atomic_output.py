"""The output, whatever it is: all lines, also where the target is slow."""

from __future__ import annotations

import os
import threading

import pytest

from tap_activecampaign_segments.singer.atomic_output import Pipe

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
        Pipe(output).write(LINES)
        Pipe(output).write(LINES)
    thread.join()
    os.close(reader)
    assert taken == LINES * 2
