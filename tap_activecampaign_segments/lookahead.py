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

    def __init__(
        self,
        keys: Sequence[K],
        work: Callable[[K], Callable[[], V]],
        width: int,
        first: Sequence[K] = (),
    ) -> None:
        """Begin nothing yet.

        Args:
            keys: In the order in which they will be taken.
            work: Makes the work of a key, in the thread that takes; the work itself runs beside.
            width: How many keys are begun and not taken yet at most.
            first: The keys to begin with, because their work takes long; half of the width at most.
        """
        self._keys = keys
        self._work = work
        self._width = width
        self._places = {key: place for place, key in enumerate(keys)}
        self._order = [*first[: width // 2], *keys]
        self._next = 0
        self._begun: dict[K, Future[V]] = {}
        self._taken: set[K] = set()

    def take(self, key: K) -> Future[V]:
        """Return the work of a key, begun now if it was not before, and begin that of others."""
        while self._next < len(self._order) and len(self._begun) < self._width:
            self._begin(self._order[self._next])
            self._next += 1
        self._begin(key)
        self._taken.add(key)
        return self._begun.pop(key)

    def place(self, key: K) -> tuple[int, int]:
        """Return how many keys come before one, and how many there are."""
        return self._places[key], len(self._keys)

    def _begin(self, key: K) -> None:
        if key not in self._begun and key not in self._taken:
            self._begun[key] = background(self._work(key))
