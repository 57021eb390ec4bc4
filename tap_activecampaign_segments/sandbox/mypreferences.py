"""PossibleNOW MyPreferences: the export of segment groups, and the tokens for it.

The vendor does not publish the paths; they are inferred from those of its other exports.
"""

import json
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from .answers import RefusedError, document
from .authorization import Authority
from .damage import instead
from .export import Export
from .faults import Fault, Faults, Occasion
from .order import Order
from .preferences import Preferences
from .question import Question
from .spoilage import PROFILES, disturb, spoilt

PREFIX = "/Profiles/v4"
TOKEN_PREFIX = "/oauth2"  # noqa: S105 (a path)
TOKEN_PATH = "/token"  # noqa: S105 (a path)
LIMIT = 1000
HIGHEST = 2**31 - 1
_INTEGER = re.compile(r"[0-9]{1,18}")

Operation = Callable[[Question], Awaitable[Response]]


class MyPreferences:
    """The operations on one client's data."""

    def __init__(self, preferences: Preferences, faults: Faults) -> None:
        """Serve a client, with faults."""
        self._preferences = preferences
        self._faults = faults
        self._authority = Authority(preferences)

    def application(self) -> ASGIApp:
        """The API below its prefix, for those who are authorized."""
        export = "/Async/{client_id}/Export"
        group = f"{export}/SegmentGroup"
        paged = ("limit", "offset", "keepAlive")
        routes = [
            self._route("POST", f"{group}/{{group}}", "initiate", self.initiate),
            self._route("GET", f"{export}/{{token}}/Status", "status", self.status),
            self._route("GET", f"{group}/{{token}}", "data", self.data, *paged),
            self._route("POST", f"{group}/Commit/{{token}}", "commit", self.commit, "keepFiles"),
        ]
        return Router(routes, redirect_slashes=False, default=_no_route)

    def token_application(self) -> ASGIApp:
        """The endpoint of OAuth 2.0 below its prefix."""
        routes = [self._route("POST", TOKEN_PATH, "token", self.token)]
        return Router(routes, redirect_slashes=False, default=_no_route)

    async def initiate(self, question: Question) -> Response:
        """Begin an export."""
        group = self._preferences.group(question.path["group"])
        if group is None:
            raise _not_found()
        request = question.request
        order = Order.read(await request.body(), request.headers.get("content-type", ""))
        export = self._preferences.initiate(group, order)
        self._disturb(export, question)
        return document({"AccessToken": export.token})

    async def status(self, question: Question) -> Response:
        """How an export stands."""
        return document(_standing(self._export(question)))

    async def data(self, question: Question) -> Response:
        """Some profiles of a complete export; the last ones end it, unless kept alive."""
        parameters = question.parameters
        limit = parameters.integer("limit", LIMIT, HIGHEST)
        offset = parameters.integer("offset", 1, HIGHEST)
        keep_alive = parameters.flag("keepAlive")
        export = self._complete(question)
        rows = export.rows[offset - 1 : offset - 1 + limit]
        has_more = offset - 1 + len(rows) < len(export.rows)
        if not has_more and not keep_alive:
            export.retrieved = True
        return document(
            {
                "Count": len(rows),
                "HasMore": has_more,
                "Limit": limit,
                "Offset": offset,
                "TotalResults": len(export.rows),
                PROFILES: [json.loads(row.document) for row in rows],
            }
        )

    async def commit(self, question: Question) -> Response:
        """Confirm the receipt of a complete export."""
        keep_files = question.parameters.flag("keepFiles")
        export = self._complete(question)
        export.commit(keep_files=keep_files)
        return document(_standing(export))

    async def token(self, question: Question) -> Response:
        """Issue a token."""
        request = question.request
        answer = document(self._authority.token(request.headers, await request.body()))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _route(self, method: str, path: str, name: str, operation: Operation, *known: str) -> Route:
        async def endpoint(request: Request) -> Response:
            # Read in any case, so that it is written down even if the answer is a refusal.
            await request.body()
            question = Question(name, request, known)
            question.occasion = self._occasion(question)
            try:
                return await self._answer(question, operation)
            except RefusedError as error:
                return _complaint(error, name)

        route = Route(path, endpoint, methods=[method])
        # A look at the head would be as good as a reading.
        route.methods = {method}
        return route

    async def _answer(self, question: Question, operation: Operation) -> Response:
        """What the operation answers, or what its faults make of that."""
        occasion = question.occasion
        if occasion.operation != "token":
            self._authority.check(question.request.headers, question.path["client_id"])
        for fault in self._faults.take("late", occasion):
            await self._preferences.clock.pause(fault.seconds)
        for fault in self._faults.take("instead", occasion):
            return _too_many(fault) if fault.kind == "retry_after" else instead(fault)
        question.parameters.check()
        known = self._preferences.client_id
        if question.path.get("client_id", known) != known:
            raise _not_found()
        return spoilt(await operation(question), self._faults, occasion)

    def _occasion(self, question: Question) -> Occasion:
        """What faults are looked up for: operation, group and page."""
        export = self._preferences.export(_number(question.path.get("token", "")))
        name = export.group_name if export else question.path.get("group")
        query = question.request.query_params
        limit, offset = _number(query.get("limit", str(LIMIT))), _number(query.get("offset", "1"))
        page = (offset - 1) // limit + 1 if limit and offset else None
        return Occasion(question.occasion.operation, name, page)

    def _export(self, question: Question) -> Export:
        export = self._preferences.export(_number(question.path["token"]))
        if export is None:
            raise _not_found()
        self._disturb(export, question)
        return export

    def _complete(self, question: Question) -> Export:
        export = self._export(question)
        if export.status != "Complete":
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"the export's status is {export.status}")
        return export

    def _disturb(self, export: Export, question: Question) -> None:
        faults = self._faults.take("export", question.occasion)
        disturb(export, faults, self._preferences.time())


def _standing(export: Export) -> dict[str, Any]:
    ready = export.status in {"Complete", "Retrieved"}
    size = sum(len(row.document.encode()) for row in export.rows) if ready else None
    return {
        "AccessToken": export.token,
        "Status": export.status,
        "RowCount": len(export.rows) if ready else None,
        "ByteCount": size,
    }


def _number(text: str) -> int:
    """A number that is written with digits only, 0 for anything else."""
    return int(text) if _INTEGER.fullmatch(text) else 0


def _not_found() -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, "no such client, segment group or export")


def _complaint(error: RefusedError, operation: str) -> Response:
    content = {"Message": error.detail}
    if operation == "token":
        content = {"error": error.pointer or "invalid_request", "error_description": error.detail}
    answer = document(content, error.status)
    answer.headers.update(error.headers)
    return answer


def _too_many(fault: Fault) -> Response:
    answer = document({"Message": "too many requests"}, HTTPStatus.TOO_MANY_REQUESTS)
    answer.headers["Retry-After"] = str(fault.value)
    return answer


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:
    answer = document({"Message": "no such resource"}, HTTPStatus.NOT_FOUND)
    await answer(scope, receive, send)
