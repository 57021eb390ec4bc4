"""Waiting for something that a vendor works on, with looks that grow rarer."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.clock import Clock

T = TypeVar("T")

SHORTEST = 1.0
"""Seconds before the second look, unless something better is known."""
LONGEST = 30.0
"""Seconds between two looks at most."""


class NotDoneError(TapError):
    """The vendor was not done in time."""


def until_done(
    look: Callable[[], T | None],
    *,
    clock: Clock,
    timeout: float,
    first: float = SHORTEST,
    longest: float = LONGEST,
) -> T:
    """Return what a look finds, as soon as it finds something.

    Args:
        look: Returns None while there is nothing yet.
        clock: The time to go by.
        timeout: Seconds to wait in all.
        first: Seconds before the first look.
        longest: Seconds between two looks at most.

    Raises:
        NotDoneError: Nothing was found in time.
    """
    deadline = clock.monotonic() + timeout
    pause = first
    growth = SHORTEST
    while (left := deadline - clock.monotonic()) > 0:
        clock.sleep(min(pause * random.uniform(1.0, 1.2), left))  # noqa: S311
        if (found := look()) is not None:
            return found
        pause = growth
        growth = min(growth * 2, longest)
    msg = f"it was not done within {timeout:g} s"
    raise NotDoneError(msg)
