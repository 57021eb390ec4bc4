"""Ordered background prefetching.

Every background thread of the ActiveCampaign source starts here: result pages, and the work for
upcoming segments. The threads are daemons, so a sync never waits for them when it ends.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from contextvars import copy_context
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


def run_in_background(work: Callable[[], V]) -> Future[V]:
    """Run `work` in a new daemon thread; the future carries its result or exception.

    It runs in a copy of the present context, so that its log lines have the same fields.
    """
    context = copy_context()
    future: Future[V] = Future()

    def run() -> None:
        try:
            future.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def in_order(work: Iterable[Callable[[], V]], max_pending: int) -> Iterator[V]:
    """Run callables concurrently and yield their results in order.

    Args:
        work: The callables; consumed lazily, each just before it is started.
        max_pending: Maximum number started whose result has not been yielded.
    """
    pending: deque[Future[V]] = deque()
    for each in work:
        pending.append(run_in_background(each))
        if len(pending) == max_pending:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


class ReadAhead(Generic[V]):
    """Runs an iterator in the background, a limited number of items ahead."""

    def __init__(self, items: Iterable[V], max_pending: int) -> None:
        """Start the iterator.

        Args:
            items: Iterated in a background thread.
            max_pending: Maximum number of items that are not taken.
        """
        self._room = Semaphore(max_pending)
        self._next: Future[tuple[V, Future[Any]] | None] = Future()
        following = self._next

        def run() -> None:
            nonlocal following
            try:
                for item in items:
                    self._room.acquire()
                    last, following = following, Future()
                    last.set_result((item, following))
                following.set_result(None)
            except BaseException as error:  # noqa: BLE001
                following.set_exception(error)

        run_in_background(run)

    def take(self, wait: Callable[[Future[Any]], tuple[V, Future[Any]] | None]) -> Iterator[V]:
        """Yield the items.

        Args:
            wait: Returns the result of a future.
        """
        while taken := wait(self._next):
            self._room.release()
            item, self._next = taken
            yield item


class Prefetcher(Generic[K, V]):
    """Starts the work for upcoming keys in the background, within limits.

    Not thread-safe: keys are taken by a single thread.
    """

    def __init__(  # noqa: PLR0913
        self,
        keys: Sequence[K],
        work: Callable[[K], Callable[[], V]],
        *,
        max_pending: int,
        first: Sequence[K],
        weight: Callable[[K], int],
        max_weight: int,
    ) -> None:
        """Plan the work; `take` starts it.

        Args:
            keys: All keys, in the order in which they will be taken.
            work: Creates the callable for a key. It is called in the taking thread, the callable
                in the background.
            max_pending: Maximum number of keys that are started and not taken.
            first: Slow keys, started before all others. They use at most half of `max_pending`.
            weight: Estimated size of a key's result.
            max_weight: Maximum total weight of started keys. A single key may exceed it once it
                is taken.
        """
        self._work = work
        self._max_pending = max_pending
        self._weight = weight
        self._max_weight = max_weight
        self._waiting = set(keys)
        self._queues = (deque(first[: max_pending // 2]), deque(keys))
        self._started: dict[K, Future[V]] = {}
        self._weights: dict[K, int] = {}
        self._finished: set[K] = set()

    @property
    def pending(self) -> dict[K, Future[V]]:
        """The keys that are started and not taken, and their results."""
        return {**self._started}

    @property
    def is_all_started(self) -> bool:
        """Whether no key still has to be started."""
        return not self._waiting

    def is_finished(self, key: K) -> bool:
        """Return whether the work for a key has ended."""
        return key in self._finished

    def take(self, key: K) -> Future[V]:
        """Return the future of `key`, started now if necessary, and prefetch further keys."""
        self._start(key)
        for queue in self._queues:
            while queue and (queue[0] not in self._waiting or self._has_room_for(queue[0])):
                self._start(queue.popleft())
        del self._weights[key]
        return self._started.pop(key)

    def _has_room_for(self, key: K) -> bool:
        load = sum(self._weights.values()) + self._weight(key)
        return len(self._started) < self._max_pending and load <= self._max_weight

    def _start(self, key: K) -> None:
        if key in self._waiting:
            self._waiting.remove(key)
            self._weights[key] = self._weight(key)
            self._started[key] = run_in_background(self._work(key))
            self._started[key].add_done_callback(lambda _: self._finished.add(key))
