"""Serves both APIs over HTTP on loopback."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Mount, Router
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import control
from .activecampaign.account import Account
from .activecampaign.api import PREFIX as ACTIVECAMPAIGN_PREFIX
from .activecampaign.api import ActiveCampaignApi
from .faults.fault import Faults
from .journal import Journal, Request
from .mypreferences.api import PREFIX as MYPREFERENCES_PREFIX
from .mypreferences.api import TOKEN_PATH, TOKEN_PREFIX, MyPreferencesApi
from .mypreferences.preferences import Preferences

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .clock import Clock

HOST = "127.0.0.1"
LOGGER = logging.getLogger(__name__)


class Sandbox:
    """Both APIs with one account each, served in a thread while the ``with`` block lasts.

    Example:
        >>> with Sandbox(Account.demo()) as sandbox:
        ...     config = {"api_url": sandbox.url, "api_token": sandbox.token}
        ...     sandbox.faults.add(Fault("run_fails"))

    Attributes:
        account: The data of ActiveCampaign.
        preferences: The data of MyPreferences.
        faults: The faults to inject into both.
    """

    def __init__(
        self,
        account: Account | None = None,
        clock: Clock | None = None,
        port: int = 0,
        requests_per_second: int | None = 5,
        *,
        preferences: Preferences | None = None,
    ) -> None:
        """Create a sandbox; entering the block serves it.

        Args:
            account: Data of ActiveCampaign; an empty account by default.
            clock: Set as the clock of both; the account's by default.
            port: 0 for any free port.
            requests_per_second: ActiveCampaign's rate limit, None for no limit.
            preferences: Data of MyPreferences; a client without groups by default.
        """
        self.account = Account() if account is None else account
        if clock is not None:
            self.account.clock = clock
        self.preferences = Preferences() if preferences is None else preferences
        self.preferences.clock = self.account.clock
        self.faults = Faults()
        self._journal = Journal()
        self._port = port
        self._limit = requests_per_second
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Sandbox:  # noqa: PYI034 (Python 3.10 has no Self)
        """Serve; raises OSError if the port cannot be bound."""
        listener = socket.create_server((HOST, self._port))
        self._port = listener.getsockname()[1]
        self._server = _Server(self._build_app())
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="sandbox", daemon=True
        )
        self._thread.start()
        self._server.ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Abort open requests, and stop listening."""
        if self._server and self._thread:
            self._server.stop()
            self._thread.join()

    @property
    def url(self) -> str:
        """Base URL, like ``http://127.0.0.1:8080``."""
        return f"http://{HOST}:{self._port}"

    @property
    def token(self) -> str:
        """API token of the account's first user."""
        return self.account.token

    @property
    def mypreferences_url(self) -> str:
        """Base URL of MyPreferences, version included."""
        return f"{self.url}{MYPREFERENCES_PREFIX}"

    @property
    def oauth_token_url(self) -> str:
        """URL of MyPreferences' OAuth token endpoint."""
        return f"{self.url}{TOKEN_PREFIX}{TOKEN_PATH}"

    @property
    def requests(self) -> list[Request]:
        """Requests in order of arrival, except those to the sandbox's own routes."""
        return self._journal.copy()

    def clear_requests(self) -> None:
        """Remove all requests from the journal."""
        self._journal.clear()

    def _build_app(self) -> ASGIApp:
        """Mount each API at its prefix."""
        own = control.Control(self.account, self.faults, self._journal)
        activecampaign = ActiveCampaignApi(self.account, self.faults)
        mypreferences = MyPreferencesApi(self.preferences, self.faults)
        routes = [
            Mount(control.PREFIX, own.build_app()),
            Mount(ACTIVECAMPAIGN_PREFIX, activecampaign.build_app(self._limit)),
            Mount(MYPREFERENCES_PREFIX, mypreferences.build_app()),
            Mount(TOKEN_PREFIX, mypreferences.build_token_app()),
        ]
        router = Router(routes, redirect_slashes=False)
        return _JournalMiddleware(router, self._journal, self.account, self.preferences)


class _JournalMiddleware:
    """Records requests, and sets the ``Date`` of responses by the clock of the API."""

    def __init__(
        self, app: ASGIApp, journal: Journal, account: Account, preferences: Preferences
    ) -> None:
        self._app = app
        self._journal = journal
        self._account = account
        self._preferences = preferences

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["raw_path"].decode("ascii")
        request = Request(
            method=scope["method"],
            path=path,
            raw_query=scope["query_string"].decode("ascii"),
            status=0,
            at=self._account.clock.time(),
            headers=dict(Headers(scope=scope)),
        )
        if not path.startswith(f"{control.PREFIX}/"):
            self._journal.add(request)

        is_mypreferences = path.startswith((f"{MYPREFERENCES_PREFIX}/", f"{TOKEN_PREFIX}/"))

        async def receive_and_record() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                request.body += message.get("body", b"")
            return message

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                clock = self._account.clock
                own = clock.time() + self._account.clock_ahead
                now = self._preferences.time() if is_mypreferences else own
                MutableHeaders(scope=message)["Date"] = formatdate(now, usegmt=True)
            await send(message)

        try:
            # Routed by the encoded path, so that a %2F within an id is no separator.
            await self._app({**scope, "path": path}, receive_and_record, send_dated)
        except Exception:
            LOGGER.exception("The sandbox failed at %s", path)
            raise


class _Protocol(H11Protocol):
    """HTTP/1.1 whose responses can reach their connection, to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)
        # Without TCP_NODELAY a body waits 40 ms for the client to acknowledge the head. asyncio
        # sets it only for sockets created with a protocol number.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Server(uvicorn.Server):
    """A server that starts and stops without polling."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                # Broken responses are intended, and not worth a log line.
                log_level="critical",
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_keep_alive=75,
            )
        )
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on the sockets. Sets `ready` even if that fails."""
        try:
            super().run(sockets)
        finally:
            self.ready.set()

    def stop(self) -> None:
        """Stop; callable from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        """Serve until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._end.wait()

    async def shutdown(self, sockets: Any = None) -> None:
        """Close everything at once, without waiting for open requests."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports close their sockets one loop iteration later.
        await asyncio.sleep(0)
