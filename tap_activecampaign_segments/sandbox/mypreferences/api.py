"""The export API and its token endpoint: routes and operations.

The vendor does not publish the paths; they are inferred from those of its other exports.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.routing import Route, Router

from tap_activecampaign_segments.sandbox.api_request import ApiRequest, parse_integer
from tap_activecampaign_segments.sandbox.faults.fault import RequestKey
from tap_activecampaign_segments.sandbox.faults.mypreferences import alter_export, alter_response
from tap_activecampaign_segments.sandbox.faults.responses import replace_response
from tap_activecampaign_segments.sandbox.responses import ApiError, render_json

from . import documents
from .authorization import Authorizer
from .export_requests import ExportRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tap_activecampaign_segments.sandbox.faults.fault import Fault, Faults
    from tap_activecampaign_segments.sandbox.faults.kinds import Stage

    from .exports import Export
    from .preferences import Preferences

    Operation = Callable[[ApiRequest], Awaitable[Response]]

PREFIX = "/Profiles/v4"
TOKEN_PREFIX = "/oauth2"  # noqa: S105 (a path)
TOKEN_PATH = "/token"  # noqa: S105 (a path)
DEFAULT_LIMIT = 1000
_MAX_NUMBER = 2**31 - 1


class MyPreferencesApi:
    """The operations on one client."""

    def __init__(self, preferences: Preferences, faults: Faults) -> None:
        """Create the API.

        Args:
            preferences: The data.
            faults: The faults to inject.
        """
        self._preferences = preferences
        self._faults = faults
        self._authorizer = Authorizer(preferences)

    def build_app(self) -> ASGIApp:
        """Return the application to mount at `PREFIX`."""
        export = "/Async/{client_id}/Export"
        group = f"{export}/SegmentGroup"
        page = ("limit", "offset", "keepAlive")
        routes = [
            self._route("POST", f"{group}/{{group}}", "initiate", self.initiate),
            self._route("GET", f"{export}/{{token}}/Status", "status", self.get_status),
            self._route("GET", f"{group}/{{token}}", "data", self.read_page, *page),
            self._route("POST", f"{group}/Commit/{{token}}", "commit", self.commit, "keepFiles"),
        ]
        return Router(routes, redirect_slashes=False, default=_answer_no_route)

    def build_token_app(self) -> ASGIApp:
        """Return the OAuth application to mount at `TOKEN_PREFIX`."""
        routes = [self._route("POST", TOKEN_PATH, "token", self.issue_token)]
        return Router(routes, redirect_slashes=False, default=_answer_no_route)

    async def initiate(self, request: ApiRequest) -> Response:
        """Start an export."""
        group = self._preferences.find_group(request.path["group"])
        if group is None:
            raise _make_not_found()
        content_type = request.request.headers.get("content-type", "")
        parsed = ExportRequest.parse(await request.request.body(), content_type)
        export = self._preferences.initiate(group, parsed)
        self._alter(export, request)
        return render_json({"AccessToken": export.token})

    async def get_status(self, request: ApiRequest) -> Response:
        """Return the status of an export."""
        return render_json(documents.build_status(self._find_export(request)))

    async def read_page(self, request: ApiRequest) -> Response:
        """Return a page of a complete export. The last page ends it, unless kept alive."""
        limit = request.query.get_integer("limit", DEFAULT_LIMIT, _MAX_NUMBER)
        offset = request.query.get_integer("offset", 1, _MAX_NUMBER)
        keep_alive = request.query.get_flag("keepAlive")
        export = self._find_complete(request)
        page = documents.build_page(export, limit, offset)
        if not page["HasMore"] and not keep_alive:
            export.retrieved = True
        return render_json(page)

    async def commit(self, request: ApiRequest) -> Response:
        """Confirm receipt of a complete export."""
        keep_files = request.query.get_flag("keepFiles")
        export = self._find_complete(request)
        export.commit(keep_files=keep_files)
        return render_json(documents.build_status(export))

    async def issue_token(self, request: ApiRequest) -> Response:
        """Issue an OAuth token."""
        body = await request.request.body()
        response = render_json(self._authorizer.issue_token(request.request.headers, body))
        response.headers["Cache-Control"] = "no-store"
        return response

    def _route(self, method: str, path: str, name: str, operation: Operation, *known: str) -> Route:
        async def endpoint(request: Request) -> Response:
            # Read even if the request is refused, so that the journal has it.
            await request.body()
            api_request = ApiRequest(name, request, known)
            try:
                return await self._answer(api_request, operation)
            except ApiError as error:
                return _render_error(error, name)

        route = Route(path, endpoint, methods=[method])
        # Starlette adds HEAD to GET, and HEAD would end an export as a read does.
        route.methods = {method}
        return route

    async def _answer(self, request: ApiRequest, operation: Operation) -> Response:
        """Return the operation's response with the faults applied; raises `ApiError`."""
        if request.operation != "token":
            self._authorizer.check(request.request.headers, request.path["client_id"])
        for fault in self._take_faults("late", request):
            await self._preferences.clock.pause(fault.seconds)
        for fault in self._take_faults("instead", request):
            return _refuse_rate(fault) if fault.kind == "retry_after" else replace_response(fault)
        request.query.check()
        client_id = self._preferences.client_id
        if request.path.get("client_id", client_id) != client_id:
            raise _make_not_found()
        response = await operation(request)
        return alter_response(response, self._faults, self._make_key(request))

    def _take_faults(self, stage: Stage, request: ApiRequest) -> list[Fault]:
        return self._faults.take(stage, self._make_key(request))

    def _make_key(self, request: ApiRequest) -> RequestKey:
        export = self._preferences.find_export(_parse_number(request.path.get("token", "")))
        name = export.group_name if export else request.path.get("group")
        query = request.request.query_params
        limit = _parse_number(query.get("limit", str(DEFAULT_LIMIT)))
        offset = _parse_number(query.get("offset", "1"))
        page = (offset - 1) // limit + 1 if limit and offset else None
        return RequestKey(request.operation, name, page)

    def _find_export(self, request: ApiRequest) -> Export:
        export = self._preferences.find_export(_parse_number(request.path["token"]))
        if export is None:
            raise _make_not_found()
        self._alter(export, request)
        return export

    def _find_complete(self, request: ApiRequest) -> Export:
        export = self._find_export(request)
        if export.status != "Complete":
            raise ApiError(HTTPStatus.BAD_REQUEST, f"the export's status is {export.status}")
        return export

    def _alter(self, export: Export, request: ApiRequest) -> None:
        alter_export(export, self._take_faults("export", request), self._preferences.time())


def _parse_number(text: str) -> int:
    """Return a number from 1, or 0 for any other text."""
    return parse_integer(text) or 0


def _make_not_found() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, "no such client, segment group or export")


def _render_error(error: ApiError, operation: str) -> Response:
    build = documents.build_token_error if operation == "token" else documents.build_error
    response = render_json(build(error), error.status)
    response.headers.update(error.headers)
    return response


def _refuse_rate(fault: Fault) -> Response:
    error = ApiError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too many requests",
        headers={"Retry-After": str(fault.value)},
    )
    return _render_error(error, fault.kind)


async def _answer_no_route(scope: Scope, receive: Receive, send: Send) -> None:
    error = ApiError(HTTPStatus.NOT_FOUND, "no such resource")
    await _render_error(error, "")(scope, receive, send)
