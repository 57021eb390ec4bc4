"""Switches for people: faults and requests over HTTP."""

import dataclasses
import json
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from .account import Account
from .answers import document, refusal
from .faults import Fault, Faults
from .gate import TokenGate
from .journal import Journal

PREFIX = "/sandbox"
_NOTHING = type(None)
_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "operation": (str, _NOTHING),
    "times": (int, _NOTHING),
    "after": (int,),
    "segment_id": (str, _NOTHING),
    "page": (int, _NOTHING),
    "status": (int,),
    "headers": (dict,),
    "body": (str,),
    "value": (str, int),
    "seconds": (int, float),
    "location": (str,),
}


class Control:
    """The sandbox's own routes; they are not counted, and not written down."""

    def __init__(self, account: Account, faults: Faults, journal: Journal) -> None:
        """Hold the switches."""
        self._account = account
        self._faults = faults
        self._journal = journal

    def application(self) -> ASGIApp:
        """The routes below their prefix, for those with the account's token."""
        routes = [
            Route("/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/requests", self.requests, methods=["GET", "DELETE"]),
        ]
        return TokenGate(Router(routes), self._account)

    async def faults(self, request: Request) -> Response:
        """List the faults, add one, or switch all of them off."""
        if request.method == "DELETE":
            self._faults.clear()
        if request.method == "POST":
            try:
                fault = self._faults.add(Fault(**_fields(await request.body())))
            except (TypeError, ValueError) as error:
                return refusal(HTTPStatus.BAD_REQUEST, str(error))
            return document(_shown(fault), HTTPStatus.CREATED)
        return document([_shown(fault) for fault in self._faults])

    async def requests(self, request: Request) -> Response:
        """List the requests so far, or forget them."""
        if request.method == "DELETE":
            self._journal.clear()
        return document(
            [
                dataclasses.asdict(each) | {"body": each.body.decode("utf-8", "replace")}
                for each in self._journal.copy()
            ]
        )


def _fields(body: bytes) -> dict[str, Any]:
    content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError("a fault is a JSON object")
    for name, value in content.items():
        if name not in _TYPES or type(value) not in _TYPES[name]:
            raise TypeError(f"{name}: unknown, or of another type")
    return content


def _shown(fault: Fault) -> dict[str, Any]:
    return {
        each.name: getattr(fault, each.name)
        for each in dataclasses.fields(fault)
        if not each.name.startswith("_") and each.name != "answer"
    }
