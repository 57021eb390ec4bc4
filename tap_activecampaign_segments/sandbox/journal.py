"""The requests that the sandbox has received."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass
class Request:
    """A received request.

    Attributes:
        method: HTTP method in upper case.
        path: Percent-encoded, as sent.
        raw_query: Percent-encoded, as sent, without the question mark.
        status: Status of the response; 0 if none was sent (yet).
        at: Epoch seconds by the sandbox's clock.
        headers: Keyed by lower-case name.
        body: The part that was read.
    """

    method: str
    path: str
    raw_query: str
    status: int
    at: float
    headers: Mapping[str, str]
    body: bytes = b""


class Journal:
    """Requests in order of arrival. Thread-safe."""

    def __init__(self) -> None:
        """Create an empty journal."""
        self._requests: list[Request] = []
        self._lock = threading.Lock()

    def add(self, request: Request) -> None:
        """Add a request. Its status and body may be filled in later."""
        with self._lock:
            self._requests.append(request)

    def copy(self) -> list[Request]:
        """Return a snapshot."""
        with self._lock:
            return [replace(request) for request in self._requests]

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._requests.clear()
