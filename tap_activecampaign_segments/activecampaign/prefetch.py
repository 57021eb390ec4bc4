"""Work that is on its way while something else goes on, and taken in order.

All that runs beside the main thread begins here: the pages of a result, and what the segments
that come next need. Threads are daemons: a sync that ends waits for none of them.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


def background(work: Callable[[], V]) -> Future[V]:
    """Start work in a thread of its own; what it raises is raised where its result is taken."""
    future: Future[V] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def in_order(work: Iterable[Callable[[], V]], width: int) -> Iterator[V]:
    """Give the results of several pieces of work in their order.

    Args:
        work: The pieces, asked for when their turn to begin comes.
        width: How many are on their way at most.
    """
    ahead: deque[Future[V]] = deque()
    for piece in work:
        ahead.append(background(piece))
        if len(ahead) == width:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


class Lookahead(Generic[K, V]):
    """Work for many keys, begun some keys ahead of the one that is taken."""

    def __init__(  # noqa: PLR0913
        self,
        keys: Sequence[K],
        work: Callable[[K], Callable[[], V]],
        *,
        width: int,
        first: Sequence[K],
        weight: Callable[[K], int],
        most: int,
    ) -> None:
        """Begin nothing yet.

        Args:
            keys: In the order in which they will be taken.
            work: Makes the work of a key, in the thread that takes; the work itself runs beside.
            width: How many keys are begun and not taken yet at most.
            first: The keys to begin with, because their work takes long; half of the width at most.
            weight: How much the work of a key brings.
            most: What all that is begun and not taken yet may bring; a key alone may bring more.
        """
        self._keys = keys
        self._work = work
        self._width = width
        self._weight = weight
        self._most = most
        self._places = {key: place for place, key in enumerate(keys)}
        self._waiting = set(keys)
        self._queues = (deque(first[: width // 2]), deque(keys))
        self._begun: dict[K, Future[V]] = {}
        self._weights: dict[K, int] = {}

    def take(self, key: K) -> Future[V]:
        """Return the work of a key, begun now if it was not before, and begin that of others."""
        self._begin(key)
        for queue in self._queues:
            while queue and (queue[0] not in self._waiting or self._has_room_for(queue[0])):
                self._begin(queue.popleft())
        del self._weights[key]
        return self._begun.pop(key)

    def place(self, key: K) -> tuple[int, int]:
        """Return how many keys come before one, and how many there are."""
        return self._places[key], len(self._keys)

    def _has_room_for(self, key: K) -> bool:
        load = sum(self._weights.values()) + self._weight(key)
        return len(self._begun) < self._width and load <= self._most

    def _begin(self, key: K) -> None:
        if key in self._waiting:
            self._waiting.remove(key)
            self._weights[key] = self._weight(key)
            self._begun[key] = background(self._work(key))
