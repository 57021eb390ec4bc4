"""Random histories, each with all that can go wrong at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support import histories

if TYPE_CHECKING:
    from tests.support.clocks import SharedClock

FIRST = int(os.environ.get("HISTORIES_FROM", "0"))
COUNT = int(os.environ.get("HISTORIES", "16"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_random_history_keeps_the_log_true(clock: SharedClock, seed: int) -> None:
    histories.run(seed, clock)
