"""Servers in processes of their own, each ended by the block that started it."""

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

PATIENCE = 10.0
"""Seconds for a server to end by itself."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: Where it is.
        token: What it accepts.
    """

    url: str
    token: str

    @property
    def settings(self) -> dict[str, Any]:
        """The tap's settings for it."""
        return {"api_url": self.url, "api_token": self.token}

    def journal(self) -> list[dict[str, Any]]:
        """Return the requests so far, and forget them."""
        requests: list[dict[str, Any]] = json.loads(self._ask("GET"))
        self._ask("DELETE")
        return requests

    def _ask(self, method: str) -> bytes:
        request = Request(  # noqa: S310 (loopback)
            f"{self.url}/sandbox/requests", headers={"Api-Token": self.token}, method=method
        )
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            body: bytes = answer.read()
        return body


@contextmanager
def pages(*sizes: int) -> Iterator[Server]:
    """Run a page server.

    Args:
        sizes: Contacts of each of its segments, whose ids are ``of-<size>``.
    """
    with _running("tools.bench.pageserver", {"sizes": sizes}) as server:
        yield server


@contextmanager
def account(**plan: Any) -> Iterator[Server]:
    """Run an account server.

    Args:
        plan: See `tools.bench.accountserver.Plan`.
    """
    with _running("tools.bench.accountserver", plan) as server:
        yield server


@contextmanager
def _running(module: str, plan: dict[str, Any]) -> Iterator[Server]:
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
            process.wait(PATIENCE)
        finally:
            process.kill()
