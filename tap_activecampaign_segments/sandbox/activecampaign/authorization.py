"""Access by API token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .account import Account


class TokenMiddleware:
    """Passes on requests with one of the account's tokens."""

    def __init__(self, app: ASGIApp, account: Account) -> None:
        """Wrap an application.

        Args:
            app: The application.
            account: Whose tokens are valid, and which status others get.
        """
        self._app = app
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with an empty body."""
        if self._account.find_user(Headers(scope=scope).get("api-token")):
            await self._app(scope, receive, send)
        else:
            await Response(status_code=self._account.refusal_status)(scope, receive, send)
