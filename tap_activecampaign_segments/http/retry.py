"""When a request is retried, and after how many seconds."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any, TypeVar

import backoff

from tap_activecampaign_segments.errors import ConnectError, ForbiddenError, TransientError
from tap_activecampaign_segments.logs.context import log_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from logging import Logger

T = TypeVar("T")

MAX_TRIES = 5
MAX_FORBIDDEN_TRIES = 3
MAX_RETRY_DELAY = 60.0
"""Maximum total retry delay of a request, in seconds."""


class RetryPolicy:
    """Exponential backoff for a single request: 1, 2, 4, 8 s, or ``Retry-After`` if longer."""

    def __init__(self) -> None:
        """Create the policy of a request that has not been sent yet."""
        self._tries = 0
        self._forbidden_tries = 0
        self._delay = 0.0

    @property
    def has_failed(self) -> bool:
        """Whether a try has failed."""
        return self._tries > 0

    def is_exhausted(self, error: Exception) -> bool:
        """Count a failed try, and return whether it was the last.

        Args:
            error: The error of the try.
        """
        self._tries += 1
        self._forbidden_tries += isinstance(error, ForbiddenError)
        self._delay += self._wait_after(error)
        return self._forbidden_tries >= MAX_FORBIDDEN_TRIES or self._delay > MAX_RETRY_DELAY

    def wait_times(self) -> Generator[float, Exception, None]:
        """Yield the seconds to wait before the next try; backoff sends in the last error."""
        error = yield 0.0
        while True:
            error = yield self._wait_after(error) * random.uniform(0.8, 1.0)  # noqa: S311

    def _wait_after(self, error: Exception) -> float:
        retry_after = error.retry_after if isinstance(error, TransientError) else None
        return max(retry_after or 0.0, float(2 ** (self._tries - 1)))


def call_with_retries(send: Callable[[], T], logger: Logger, on_retry: Callable[[], object]) -> T:
    """Call a function until it succeeds or its `RetryPolicy` is exhausted.

    Args:
        send: Sends a request once.
        logger: Receives a warning for each retry. What prevents a connection is the same each
            time, so it is a warning only once.
        on_retry: Called before each retry.

    Raises:
        TransientError: No usable response, also after the retries.
        ForbiddenError: Likewise.
    """
    policy = RetryPolicy()

    def try_once() -> T:
        if policy.has_failed:
            on_retry()
        return send()

    def log_retry(details: Any) -> None:
        error = details["exception"]
        is_known = isinstance(error, ConnectError) and details["tries"] > 1
        level = logging.DEBUG if is_known else logging.WARNING
        text = "%s%s; trying again in %.0f s"
        logger.log(level, text, log_subject(), error, details["wait"])

    send_with_retries = backoff.on_exception(
        policy.wait_times,
        (TransientError, ForbiddenError),
        max_tries=MAX_TRIES,
        giveup=policy.is_exhausted,
        on_backoff=log_retry,
        jitter=None,
        logger=None,
    )
    result: T = send_with_retries(try_once)()
    return result
