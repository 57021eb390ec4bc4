"""The sandbox as an HTTP server on loopback."""

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

from . import activecampaign, control, mypreferences
from .account import Account
from .faults import Faults
from .journal import Journal, Request
from .preferences import Preferences

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .clock import Clock

HOST = "127.0.0.1"
LOGGER = logging.getLogger(__name__)


class Sandbox:
    """A replica of the APIs of one account each, served while the ``with`` block lasts.

    Attributes:
        account: What is served of ActiveCampaign.
        preferences: What is served of MyPreferences.
        faults: What goes wrong.
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
        """Prepare to serve.

        Args:
            account: What to serve; an empty one, if absent.
            clock: The clock of both from now on; the one that the account has, if absent.
            port: 0 for any free one.
            requests_per_second: ActiveCampaign's rate limit, None for no limit.
            preferences: What to serve of MyPreferences; a client without groups, if absent.
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
        """Listen, and serve in a thread."""
        listener = socket.create_server((HOST, self._port))
        self._port = listener.getsockname()[1]
        self._server = _Server(self._application())
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
        """Break off whatever is going on, and stop listening."""
        if self._server and self._thread:
            self._server.stop()
            self._thread.join()

    @property
    def url(self) -> str:
        """Where it is served, like ``http://127.0.0.1:8080``."""
        return f"http://{HOST}:{self._port}"

    @property
    def token(self) -> str:
        """The ``Api-Token`` that it accepts."""
        return self.account.token

    @property
    def mypreferences_url(self) -> str:
        """Where MyPreferences is served, its version included."""
        return f"{self.url}{mypreferences.PREFIX}"

    @property
    def oauth_token_url(self) -> str:
        """Where tokens for MyPreferences are issued."""
        return f"{self.url}{mypreferences.TOKEN_PREFIX}{mypreferences.TOKEN_PATH}"

    @property
    def requests(self) -> list[Request]:
        """The requests so far in order of arrival, without those to its own switches."""
        return self._journal.copy()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._journal.clear()

    def _application(self) -> ASGIApp:
        """Every vendor's API, each below its own prefix."""
        switches = control.Control(self.account, self.faults, self._journal)
        segments = activecampaign.ActiveCampaign(self.account, self.faults)
        groups = mypreferences.MyPreferences(self.preferences, self.faults)
        routes = [
            Mount(control.PREFIX, switches.application()),
            Mount(activecampaign.PREFIX, segments.application(self._limit)),
            Mount(mypreferences.PREFIX, groups.application()),
            Mount(mypreferences.TOKEN_PREFIX, groups.token_application()),
        ]
        router = Router(routes, redirect_slashes=False)
        return _Front(router, self._journal, self.account, self.preferences)


class _Front:
    """Takes requests in: writes them down, and dates the answers by the sandbox's clock."""

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

        second = path.startswith((f"{mypreferences.PREFIX}/", f"{mypreferences.TOKEN_PREFIX}/"))

        async def noted_receive() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                request.body += message.get("body", b"")
            return message

        async def dated_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                now = self._preferences.time() if second else self._account.clock.time()
                MutableHeaders(scope=message)["Date"] = formatdate(now, usegmt=True)
            await send(message)

        try:
            # Routed undecoded, so that a %2F within an id separates nothing.
            await self._app({**scope, "path": path}, noted_receive, dated_send)
        except Exception:
            LOGGER.exception("The sandbox failed at %s", path)
            raise


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets an answer get at its connection, to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)
        # Without it a body waits 40 ms for the client to acknowledge its head: asyncio sees to
        # that only for sockets that were made with a protocol number.
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
                # Broken answers are meant to be, and no reason to complain.
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
        """Serve on the sockets; whoever waits for that goes on even if it fails."""
        try:
            super().run(sockets)
        finally:
            self.ready.set()

    def stop(self) -> None:
        """End from another thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._end.wait()

    async def shutdown(self, sockets: Any = None) -> None:
        """Close everything at once; nobody is waited for."""
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
        # The transports close their sockets one turn after they were told to.
        await asyncio.sleep(0)
