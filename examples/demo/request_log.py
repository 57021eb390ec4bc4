"""Request log of the sandbox: how many requests a sync makes."""

from __future__ import annotations

import json
import os
from urllib.request import Request, urlopen

PREFIX = "TAP_ACTIVECAMPAIGN_SEGMENTS_"


class RequestLog:
    """The requests that the sandbox has answered."""

    def __init__(self, url: str, token: str) -> None:
        """Connect to a sandbox.

        Args:
            url: Base URL.
            token: API token.
        """
        self._url = f"{url}/sandbox/requests"
        self._headers = {"Api-Token": token}

    @classmethod
    def from_environment(cls) -> RequestLog:
        """Return the log of the sandbox that started this process."""
        return cls(os.environ[f"{PREFIX}API_URL"], os.environ[f"{PREFIX}API_TOKEN"])

    def clear(self) -> None:
        """Forget all requests."""
        self._request("DELETE")

    def count(self) -> int:
        """Return the number of requests since the last `clear`."""
        return len(json.loads(self._request("GET")))

    def _request(self, method: str) -> bytes:
        request = Request(self._url, headers=self._headers, method=method)  # noqa: S310 (loopback)
        with urlopen(request, timeout=10) as response:  # noqa: S310
            body: bytes = response.read()
        return body
