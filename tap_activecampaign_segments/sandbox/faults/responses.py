"""Responses that replace or break what an operation answers; the same for both APIs."""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from tap_activecampaign_segments.sandbox.responses import render_error, render_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import Receive, Scope, Send

    from .fault import Fault

_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>Bad gateway</body></html>"


class TruncatedResponse(Response):
    """Announces the whole body and sends half of it; the server then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the head and half of the body."""
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": bytes(half), "more_body": True})


class DroppedResponse(Response):
    """Closes the connection without a response."""

    def __init__(self, seconds: float) -> None:
        """Create a response.

        Args:
            seconds: Delay before the connection is closed, in real time, because a client
                measures its timeouts in real time.
        """
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Wait until the delay is over or the client is gone, then close the connection."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_wait_for_disconnect(receive), self._seconds)
        scope["state"]["transport"].abort()
        await _wait_for_disconnect(receive)


def _refuse_rate(fault: Fault) -> Response:
    headers = {"Retry-After": str(fault.value)}
    return render_error(HTTPStatus.TOO_MANY_REQUESTS, "too many requests", headers=headers)


_REPLACEMENTS: dict[str, Callable[[Fault], Response]] = {
    "status": lambda fault: Response(fault.body, fault.status, dict(fault.headers)),
    "retry_after": _refuse_rate,
    "not_found": lambda _: render_error(HTTPStatus.NOT_FOUND, "not found"),
    "gateway_404": lambda _: render_json(
        {"message": "no Route matched with those values"}, HTTPStatus.NOT_FOUND
    ),
    "empty": lambda _: Response(),
    "html": lambda _: Response(_GATEWAY_PAGE, media_type="text/html"),
    "redirect": lambda fault: Response(
        status_code=HTTPStatus.FOUND, headers={"Location": fault.location}
    ),
    "reset": lambda _: DroppedResponse(0),
    "hang": lambda fault: DroppedResponse(fault.seconds),
}


def replace_response(fault: Fault) -> Response:
    """Return the response that a fault of the stage ``instead`` gives."""
    return _REPLACEMENTS[fault.kind](fault)


def render_altered(content: Any, faults: Iterable[Fault]) -> Response:
    """Return the altered document as a response, truncated if one of the faults is "cut"."""
    response = render_json(content)
    if any(fault.kind == "cut" for fault in faults):
        return TruncatedResponse(response.body, media_type="application/json")
    return response


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
