"""The account's limit on requests per second."""

from __future__ import annotations

from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from tap_activecampaign_segments.sandbox.responses import render_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .account import Account

_WINDOW = 1.0


class RateLimiter:
    """Grants a number of requests within any one second.

    Attributes:
        limit: Requests per second.
    """

    def __init__(self, limit: int) -> None:
        """Create a limiter that has granted nothing."""
        self.limit = limit
        self._granted: deque[float] = deque()

    def grant(self, now: float) -> int | None:
        """Request a grant at an instant (epoch seconds).

        Returns:
            How many are left, None if it is refused. Refused requests do not count.
        """
        while self._granted and self._granted[0] <= now - _WINDOW:
            self._granted.popleft()
        if len(self._granted) >= self.limit:
            return None
        self._granted.append(now)
        return self.limit - len(self._granted)


class RateLimitMiddleware:
    """Refuses requests above the limit, and adds the ``RateLimit`` headers to every response."""

    def __init__(self, app: ASGIApp, account: Account, limit: int | None) -> None:
        """Wrap an application.

        Args:
            app: The application.
            account: Whose clock applies.
            limit: Requests per second, None for no limit.
        """
        self._app = app
        self._account = account
        self._limiter = None if limit is None else RateLimiter(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 429 with ``Retry-After: 1``."""
        if self._limiter is None:
            await self._app(scope, receive, send)
            return
        left = self._limiter.grant(self._account.clock.time())
        headers = {
            "RateLimit-Limit": str(self._limiter.limit),
            "RateLimit-Remaining": str(left or 0),
        }
        if not self._account.tells_limit:
            headers = {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        if left is None:
            response = render_error(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests", headers={"Retry-After": "1"}
            )
            await response(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)
