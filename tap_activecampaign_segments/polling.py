"""Polling with growing intervals."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from tap_activecampaign_segments.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_activecampaign_segments.clock import Clock

T = TypeVar("T")

MIN_INTERVAL = 1.0
"""Seconds between the first and the second poll, doubled from poll to poll."""
MAX_INTERVAL = 30.0
"""Upper limit of the seconds between two polls."""


class PollTimeoutError(TapError):
    """There was no result within the timeout."""


def poll(
    check: Callable[[], T | None],
    *,
    clock: Clock,
    timeout: float,
    first_delay: float = MIN_INTERVAL,
    max_interval: float = MAX_INTERVAL,
) -> T:
    """Call `check` until it returns something else than None, and return that.

    Every pause is lengthened by up to 20 %, at random, so that syncs do not poll in step.

    Args:
        check: Sends one request; returns None while there is no result.
        clock: Time source; replaceable in tests.
        timeout: Seconds in all. The last poll comes at their end.
        first_delay: Seconds before the first poll.
        max_interval: Upper limit of the seconds between two polls.

    Raises:
        PollTimeoutError: There was no result within `timeout`.
    """
    deadline = clock.monotonic() + timeout
    pause = first_delay
    interval = MIN_INTERVAL
    while (left := deadline - clock.monotonic()) > 0:
        clock.sleep(min(pause * random.uniform(1.0, 1.2), left))  # noqa: S311
        if (result := check()) is not None:
            return result
        pause = interval
        interval = min(interval * 2, max_interval)
    msg = f"it was not done within {timeout:g} s"
    raise PollTimeoutError(msg)
