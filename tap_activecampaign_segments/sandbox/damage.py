"""What faults make of answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from .answers import document, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from .evaluation import Run
    from .faults import Fault, Faults, Occasion

_FRACTION = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z")
_HTML = "<html><head><title>502 Bad Gateway</title></head><body>Bad gateway</body></html>"


class Cut(Response):
    """An answer that breaks off in the middle of its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Promise the whole and send half; the server then closes the connection."""
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": bytes(half), "more_body": True})


class Silence(Response):
    """No answer at all: the connection is closed, at once or later."""

    def __init__(self, seconds: float) -> None:
        """Choose how long nothing happens.

        Args:
            seconds: Real time, because it is real time that a client's time-out measures.
        """
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Say nothing until the time is over or the client is gone."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_departure(receive), self._seconds)
        scope["state"]["transport"].abort()
        await _departure(receive)


def _too_many(fault: Fault) -> Response:
    headers = {"Retry-After": str(fault.value)}
    return refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many requests", headers=headers)


_INSTEAD: dict[str, Callable[[Fault], Response]] = {
    "status": lambda fault: Response(fault.body, fault.status, dict(fault.headers)),
    "retry_after": _too_many,
    "not_found": lambda _: refusal(HTTPStatus.NOT_FOUND, "not found"),
    "gateway_404": lambda _: document(
        {"message": "no Route matched with those values"}, HTTPStatus.NOT_FOUND
    ),
    "empty": lambda _: Response(),
    "html": lambda _: Response(_HTML, media_type="text/html"),
    "redirect": lambda fault: Response(
        status_code=HTTPStatus.FOUND, headers={"Location": fault.location}
    ),
    "reset": lambda _: Silence(0),
    "hang": lambda fault: Silence(fault.seconds),
}


def instead(fault: Fault) -> Response:
    """The answer that the fault gives in place of the API's."""
    return _INSTEAD[fault.kind](fault)


def disturb(run: Run, faults: list[Fault], now: float) -> None:
    """Do to a run what its faults say; `now` in epoch seconds."""
    for fault in faults:
        if fault.kind == "run_fails":
            run.fails = True
        elif fault.kind == "run_never_ends":
            run.ended = math.inf
        else:
            run.expires_at = now


def damaged(response: Response, faults: Faults, occasion: Occasion) -> Response:
    """The answer with the faults that it comes by; the very same one without any."""
    if not len(faults) or response.status_code != HTTPStatus.OK:
        return response
    content = json.loads(bytes(response.body))
    found = content.get("data")
    attributes = found[0]["attributes"] if found else {}
    taken = faults.take("page", occasion) if attributes.get("is_ready") else []
    for fault in taken:
        _spoil(attributes, fault)
    taken += (others := faults.take("answer", occasion))
    for fault in others:
        content = _reshaped(content, fault)
    if not taken:
        return response
    answer = document(content)
    if any(fault.kind == "cut" for fault in others):
        return Cut(answer.body, media_type="application/json")
    return answer


def _reshaped(content: Any, fault: Fault) -> Any:
    if fault.answer is not None:
        return fault.answer(content)
    if fault.kind in _SHAPES:
        return _SHAPES[fault.kind](content, fault)
    return content


def _with_all_digits(content: Any, fault: Fault) -> Any:
    """Write every timestamp with as many fraction digits as the fault says."""
    return json.loads(_FRACTION.sub(partial(_with_digits, int(fault.value)), json.dumps(content)))


def _without_end(content: Any, _: Fault) -> Any:
    """Leave out when a run that is ready ended."""
    for resource in content.get("data", ()):
        if resource["attributes"].get("is_ready"):
            resource["attributes"].pop("run_id_end", None)
    return content


_SHAPES: dict[str, Callable[[Any, Fault], Any]] = {
    "not_object": lambda content, _: content.get("data", []),
    "no_data": lambda content, _: {
        name: value for name, value in content.items() if name != "data"
    },
    "data_object": lambda content, _: content | {"data": next(iter(content.get("data", ())), {})},
    "digits": _with_all_digits,
    "no_end": _without_end,
}


def _with_digits(digits: int, found: re.Match[str]) -> str:
    fraction = (found[2] or "").ljust(9, "0")[:digits]
    return f"{found[1]}.{fraction}Z" if digits else f"{found[1]}Z"


_NUMBERS = {"total_is": "total", "last_page_is": "last_page", "per_page_is": "per_page"}


def _spoil(attributes: dict[str, Any], fault: Fault) -> None:
    """Falsify one page of a result."""
    matches: list[Any] = attributes.get("matches", [])
    kind = fault.kind
    if kind in _NUMBERS:
        if "page" in attributes:
            attributes["page"][_NUMBERS[kind]] = fault.value
    elif kind == "empty_result":
        numbers = {"current_page": 1, "last_page": 1, "per_page": 20, "total": 0}
        attributes |= {"matches": [], "page": attributes.get("page", {}) | numbers}
    elif kind == "no_page":
        attributes.pop("page", None)
        attributes.pop("matches", None)
    elif kind == "total_changes" and "page" in attributes:
        attributes["page"]["total"] += 1
    elif kind == "duplicate":
        matches[-1:] = matches[:1]
    elif kind == "missing_row":
        matches[-1:] = []
    elif kind == "text_id":
        matches[:1] = ["abc"]


async def _departure(receive: Receive) -> None:
    """Wait until the client or the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
