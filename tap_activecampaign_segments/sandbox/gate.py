"""Who may ask, and how often."""

from collections import deque
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .account import Account
from .answers import refusal

WINDOW = 1.0


class Budget:
    """So many requests within any one second."""

    def __init__(self, limit: int) -> None:
        """Begin with nothing spent."""
        self.limit = limit
        self._granted: deque[float] = deque()

    def grant(self, now: float) -> int | None:
        """Spend a request at an instant (epoch seconds).

        Returns:
            How many are left, None if this one is too many. Those do not count.
        """
        while self._granted and self._granted[0] <= now - WINDOW:
            self._granted.popleft()
        if len(self._granted) >= self.limit:
            return None
        self._granted.append(now)
        return self.limit - len(self._granted)


class TokenGate:
    """Lets nobody pass without the account's token."""

    def __init__(self, app: ASGIApp, account: Account) -> None:
        """Stand before an application."""
        self._app = app
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it without a word."""
        if self._account.user(Headers(scope=scope).get("api-token")):
            await self._app(scope, receive, send)
        else:
            await Response(status_code=self._account.refusal_status)(scope, receive, send)


class RateGate:
    """Lets nobody pass too often, and says with every answer how often is left."""

    def __init__(self, app: ASGIApp, account: Account, limit: int | None) -> None:
        """Stand before an application.

        Args:
            app: The application.
            account: Whose requests are counted, by its clock.
            limit: Requests per second, None for any number.
        """
        self._app = app
        self._account = account
        self._budget = None if limit is None else Budget(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or send it away for a second."""
        if self._budget is None:
            await self._app(scope, receive, send)
            return
        left = self._budget.grant(self._account.clock.time())
        limits = {"RateLimit-Limit": str(self._budget.limit), "RateLimit-Remaining": str(left or 0)}

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(limits)
            await send(message)

        if left is None:
            answer = refusal(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests", headers={"Retry-After": "1"}
            )
            await answer(scope, receive, send_with_limits)
        else:
            await self._app(scope, receive, send_with_limits)
