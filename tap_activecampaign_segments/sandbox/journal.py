"""Which requests have come in."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass
class Request:
    """One request.

    Attributes:
        method: In capitals.
        path: As it was sent, with its percent signs.
        raw_query: As it was sent, without the question mark.
        status: Of the answer; 0 while there is none, and if there never was one.
        at: Epoch seconds by the sandbox's clock.
        headers: By lower-case name.
        body: As far as it was read.
    """

    method: str
    path: str
    raw_query: str
    status: int
    at: float
    headers: Mapping[str, str]
    body: bytes = b""


class Journal:
    """The requests in order of arrival."""

    def __init__(self) -> None:
        """Open an empty journal."""
        self._requests: list[Request] = []
        self._lock = threading.Lock()

    def add(self, request: Request) -> None:
        """Write a request down; its status may be filled in later."""
        with self._lock:
            self._requests.append(request)

    def copy(self) -> list[Request]:
        """The requests so far, as they are now."""
        with self._lock:
            return [replace(request) for request in self._requests]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._requests.clear()
