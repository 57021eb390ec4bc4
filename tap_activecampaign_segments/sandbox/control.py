"""The sandbox's own HTTP routes: faults and the journal."""

from __future__ import annotations

import dataclasses
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.routing import Route, Router

from .activecampaign.authorization import TokenMiddleware
from .faults.fault import Fault
from .responses import render_error, render_json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from .activecampaign.account import Account
    from .faults.fault import Faults
    from .journal import Journal

PREFIX = "/sandbox"
_NONE = type(None)
_FIELD_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "operation": (str, _NONE),
    "times": (int, _NONE),
    "after": (int,),
    "segment_id": (str, _NONE),
    "page": (int, _NONE),
    "status": (int,),
    "headers": (dict,),
    "body": (str,),
    "value": (str, int),
    "seconds": (int, float),
    "location": (str,),
}


class Control:
    """Routes to switch faults and to read the journal. They are not in the journal themselves."""

    def __init__(self, account: Account, faults: Faults, journal: Journal) -> None:
        """Create the routes.

        Args:
            account: Whose API tokens are accepted.
            faults: The faults to switch.
            journal: The requests to show.
        """
        self._account = account
        self._faults = faults
        self._journal = journal

    def build_app(self) -> ASGIApp:
        """Return the application to mount at `PREFIX`."""
        routes = [
            Route("/faults", self.handle_faults, methods=["GET", "POST", "DELETE"]),
            Route("/requests", self.handle_requests, methods=["GET", "DELETE"]),
        ]
        return TokenMiddleware(Router(routes), self._account)

    async def handle_faults(self, request: Request) -> Response:
        """List the faults, add one (POST), or remove all (DELETE)."""
        if request.method == "DELETE":
            self._faults.clear()
        if request.method == "POST":
            try:
                fault = self._faults.add(Fault(**_parse_fault(await request.body())))
            except (TypeError, ValueError) as error:
                return render_error(HTTPStatus.BAD_REQUEST, str(error))
            return render_json(_to_dict(fault), HTTPStatus.CREATED)
        return render_json([_to_dict(fault) for fault in self._faults])

    async def handle_requests(self, request: Request) -> Response:
        """List the journal's requests, or remove all (DELETE)."""
        if request.method == "DELETE":
            self._journal.clear()
        return render_json(
            [
                dataclasses.asdict(entry) | {"body": entry.body.decode("utf-8", "replace")}
                for entry in self._journal.copy()
            ]
        )


def _parse_fault(body: bytes) -> dict[str, Any]:
    """Return the fields of a fault; raises TypeError or ValueError."""
    content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError("a fault is a JSON object")
    for name, value in content.items():
        if name not in _FIELD_TYPES or type(value) not in _FIELD_TYPES[name]:
            raise TypeError(f"{name}: unknown, or of another type")
    return content


def _to_dict(fault: Fault) -> dict[str, Any]:
    return {
        field.name: getattr(fault, field.name)
        for field in dataclasses.fields(fault)
        if not field.name.startswith("_") and field.name != "answer"
    }
