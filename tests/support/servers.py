"""Plain socket servers for what the sandbox cannot do."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING

from typing_extensions import Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


def authorization_of(head: str) -> list[str]:
    """Return the words of the Authorization header after its name."""
    [line] = [line for line in head.splitlines() if line.startswith("Authorization: ")]
    return line.split()[1:]


def refusal(title: str) -> str:
    """Return an HTTP response with status 409 and an error title."""
    body = json.dumps({"errors": [{"title": title}]})
    return f"HTTP/1.1 409 Conflict\r\nContent-Length: {len(body)}\r\n\r\n{body}"


class Listener:
    """A server that records request heads, optionally over TLS."""

    def __init__(
        self,
        answer: Callable[[str], str] = lambda _: refusal("no"),
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._answer = answer
        self._context = context
        self.heads: list[str] = []

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"{'https' if self._context else 'http'}://{self.address}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            head = b""
            while b"\r\n\r\n" not in head and (chunk := connection.recv(4096)):
                head += chunk
            if head:
                self.heads.append(head.decode())
                connection.sendall(self._answer(head.decode()).encode())


class Trickling:
    """A server that sends its answers byte by byte."""

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(100):
                connection.sendall(b" ")
                threading.Event().wait(0.2)
