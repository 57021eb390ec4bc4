"""Servers in processes of their own, stopped when their context exits."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 10.0
"""Seconds to wait for a response, and for a server to exit."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: Base URL.
        token: Accepted API token.
    """

    url: str
    token: str

    @property
    def settings(self) -> dict[str, Any]:
        """The tap's settings for this server."""
        return {"api_url": self.url, "api_token": self.token}

    def take_requests(self) -> list[dict[str, Any]]:
        """Return the requests received so far, and clear them."""
        requests: list[dict[str, Any]] = json.loads(self._request("GET"))
        self._request("DELETE")
        return requests

    def _request(self, method: str) -> bytes:
        request = Request(  # noqa: S310 (loopback)
            f"{self.url}/sandbox/requests", headers={"Api-Token": self.token}, method=method
        )
        with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            body: bytes = response.read()
        return body


@contextmanager
def pages(*sizes: int) -> Iterator[Server]:
    """Run a page server.

    Args:
        sizes: Number of contacts of each segment; their ids are ``of-<size>``.
    """
    with _run("tools.bench.page_server", {"sizes": sizes}) as server:
        yield server


@contextmanager
def account(**plan: Any) -> Iterator[Server]:
    """Run an account server.

    Args:
        plan: See `tools.bench.account_server.Plan`.
    """
    with _run("tools.bench.account_server", plan) as server:
        yield server


@contextmanager
def _run(module: str, plan: dict[str, Any]) -> Iterator[Server]:
    with subprocess.Popen(  # noqa: S603 (the benchmark's own)
        [sys.executable, "-m", module, json.dumps(plan)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin  # noqa: S101
        assert process.stdout  # noqa: S101
        try:
            yield Server(**json.loads(process.stdout.readline()))
            process.stdin.close()
            process.wait(TIMEOUT)
        finally:
            process.kill()
