"""The Segments API: routes and operations."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from starlette.routing import Route, Router

from tap_activecampaign_segments.sandbox.api_request import ApiRequest, parse_integer
from tap_activecampaign_segments.sandbox.faults.activecampaign import alter_response, alter_run
from tap_activecampaign_segments.sandbox.faults.fault import RequestKey
from tap_activecampaign_segments.sandbox.faults.responses import replace_response
from tap_activecampaign_segments.sandbox.responses import ApiError, render_error, render_json

from . import documents
from .authorization import TokenMiddleware
from .contact_listing import ContactListing
from .contact_query import CONTACT_PARAMETERS, get_contact_query
from .counts import select_page
from .parameters import (
    PAGE_PARAMETERS,
    get_instant,
    get_listing_sort,
    get_page,
    get_segment_ids,
    get_sort,
)
from .rate_limit import RateLimitMiddleware
from .trait_responses import TraitResponses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tap_activecampaign_segments.sandbox.faults.fault import Fault, Faults
    from tap_activecampaign_segments.sandbox.faults.kinds import Stage

    from .account import Account
    from .runs import Run
    from .segments import Segment
    from .users import User

    Operation = Callable[[ApiRequest], Awaitable[Response]]

PREFIX = "/api/3"
MAX_WAIT = 4.0
"""Seconds that a start waits for its result (documented)."""


class ActiveCampaignApi:
    """The operations on one account."""

    def __init__(self, account: Account, faults: Faults) -> None:
        """Create the API.

        Args:
            account: The data.
            faults: The faults to inject.
        """
        self._account = account
        self._faults = faults
        self._traits = TraitResponses(account)
        self._contacts = ContactListing(account)

    def build_app(self, limit: int | None) -> ASGIApp:
        """Return the application to mount at `PREFIX`.

        Args:
            limit: Requests per second, None for no limit.
        """
        page = PAGE_PARAMETERS
        segment = "/segmentsV2/{segment_id}"
        history = f"{segment}/count-history"
        match_all = "/segmentMatchAll/{segment_id}"
        match_some = "/segmentMatchSome/{segment_id}"
        routes = [
            self._route("/audiences", "list", self.list_segments, *page, "sort", "search"),
            self._route("/audiences/{segment_id}", "segment", self.get_summary),
            self._route("/users/me", "user", self.get_user),
            self._route(
                "/segmentsV2/count-history", "recent_counts", self.list_recent_counts, "segmentIds"
            ),
            self._route(segment, "segment", self.get_definition),
            self._route(f"{segment}/createdDate/{{milliseconds}}", "definition", self.get_version),
            self._route(history, "count_history", self.list_counts),
            self._route(f"{history}/{{seconds}}", "count_history", self.list_counts),
            self._route(match_all, "start", self.start_run, *page, "sort", "instant"),
            self._route(f"{match_all}/{{run_id}}", "read", self.read_run, *page, "sort"),
            self._route("/segmentMatch/{segment_id}/{contact_id}", "match", self.match_contact),
            self._route("/contacts", "contacts", self.list_contacts, *CONTACT_PARAMETERS),
            self._route(f"{match_some}/{{run_id}}", "read", self.read_run_as_sorted, *page),
        ]
        router = Router(routes, redirect_slashes=False, default=_answer_no_route)
        limited = RateLimitMiddleware(_allow_only_get(router), self._account, limit)
        return TokenMiddleware(limited, self._account)

    async def get_user(self, request: ApiRequest) -> Response:
        """Return the token's user."""
        user = self._find_user(request)
        if not self._account.names_user:
            raise ApiError(HTTPStatus.FORBIDDEN, "the user may not see users")
        return render_json({"user": {"id": user.user_id, "username": f"user {user.user_id}"}})

    async def list_segments(self, request: ApiRequest) -> Response:
        """Return one page of the saved segments. An empty page is 404."""
        field, descending = get_listing_sort(request.query)
        page, size = get_page(request.query)
        search = request.query.get_text("search").casefold()
        found = [
            segment
            for segment in self._account.segments
            if segment.name is not None and search in segment.name.casefold()
        ]
        size = min(size, self._account.listing_cap or size)
        last_page = -(-len(found) // size)
        if page > last_page:
            _raise_not_found("no segments")
        found.sort(key=lambda segment: _rank(segment, field), reverse=descending)
        rows = found[(page - 1) * size : page * size]
        content: dict[str, object] = {
            "data": [documents.build_summary(self._account, segment) for segment in rows]
        }
        match self._account.listing_meta:
            case True:
                content["meta"] = {"page": {"current_page": page, "last_page": last_page}}
            case "text":
                numbers = {"current_page": str(page), "last_page": str(last_page)}
                content["meta"] = {"page": numbers}
            case "total":
                content["meta"] = {"total": str(len(found))}
        return render_json(content)

    async def get_summary(self, request: ApiRequest) -> Response:
        """Return a saved segment as the listing shows it."""
        segment = self._find_segment(request)
        if segment.name is None:
            _raise_not_found("no such segment")
        return render_json({"data": [documents.build_summary(self._account, segment)]})

    async def get_definition(self, request: ApiRequest) -> Response:
        """Return the newest version of a definition."""
        segment = self._find_segment(request)
        newest = segment.versions[-1]
        return render_json({"data": [documents.build_definition(self._account, segment, newest)]})

    async def get_version(self, request: ApiRequest) -> Response:
        """Return the version of a definition that was in force at an instant."""
        milliseconds = request.get_path_integer("milliseconds")
        segment = self._find_segment(request)
        version = segment.find_version(milliseconds / 1000)
        if version is None or segment.segment_id.isdecimal():
            _raise_not_found("no definition at that time")
        return render_json({"data": [documents.build_definition(self._account, segment, version)]})

    async def list_counts(self, request: ApiRequest) -> Response:
        """Return the newest counts, or the newest ones before an instant."""
        before = request.get_path_integer("seconds") if "seconds" in request.path else None
        segment = self._find_segment(request)
        rows = select_page(segment.counts, before, self._account.counts_per_answer)
        return render_json(
            {"data": [documents.build_count(self._account, segment, row) for row in rows]}
        )

    async def list_recent_counts(self, request: ApiRequest) -> Response:
        """Return the newest count of each of some segments. Unknown segments have no row."""
        rows = []
        for segment_id in dict.fromkeys(get_segment_ids(request.query)):
            segment = self._account.find_segment(segment_id)
            count = segment.latest_count if segment else None
            if segment and count:
                rows.append(documents.build_count(self._account, segment, count))
        return render_json({"data": rows})

    async def start_run(self, request: ApiRequest) -> Response:
        """Start a run, and wait up to `MAX_WAIT` for its result unless ``instant`` is given."""
        sort, instant = get_sort(request.query), get_instant(request.query)
        page, page_size = get_page(request.query)
        segment = self._find_segment(request)
        if segment.external:
            raise ApiError(
                HTTPStatus.BAD_REQUEST, "the segment needs an external id", "external_id"
            )
        last = segment.runs[-1] if segment.runs else None
        if last and last.sort == sort and self._take_faults("start", request):
            return self._render_run(request, last, self._account.clock.time(), page, page_size)
        run = self._account.start(segment, sort, self._find_user(request))
        alter_run(run, self._take_faults("run", request), run.started)
        if instant:
            return self._render_started(request, run)
        seconds = min(MAX_WAIT, run.ended - run.started)
        if seconds > 0:
            await self._account.clock.pause(seconds)
        # A real clock may wake up a moment early.
        now = max(self._account.clock.time(), run.started + seconds)
        return self._render_run(request, run, now, page, page_size)

    async def read_run(self, request: ApiRequest) -> Response:
        """Return a run. Another sort than the run's drops the result and evaluates again."""
        sort = get_sort(request.query)
        page, page_size = get_page(request.query)
        segment, run = self._find_run(request)
        if sort != run.sort:
            self._account.restart(segment, run, sort)
            return self._render_started(request, run)
        return self._render_run(request, run, self._account.clock.time(), page, page_size)

    async def read_run_as_sorted(self, request: ApiRequest) -> Response:
        """Return a run in the order it has."""
        page, page_size = get_page(request.query)
        _, run = self._find_run(request)
        return self._render_run(request, run, self._account.clock.time(), page, page_size)

    async def match_contact(self, request: ApiRequest) -> Response:
        """Return whether one contact matches now. One that the user cannot see is 404."""
        segment = self._find_segment(request)
        contact = request.get_path_integer("contact_id")
        if contact in self._account.deleted or not self._find_user(request).sees(contact):
            _raise_not_found("no such contact")
        return render_json({"data": [documents.build_match(self._account, segment, contact)]})

    async def list_contacts(self, request: ApiRequest) -> Response:
        """Return contacts in the order of their ids, with their subscriptions if included."""
        query = get_contact_query(request.query.without(self._account.ignored_parameters))
        return render_json(self._contacts.build_page(query, self._find_user(request)))

    def _route(self, path: str, name: str, operation: Operation, *known: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._answer(ApiRequest(name, request, known), operation)

        return Route(path, endpoint)

    async def _answer(self, request: ApiRequest, operation: Operation) -> Response:
        """Return the operation's response with the faults applied."""
        for fault in self._take_faults("late", request):
            await self._account.clock.pause(fault.seconds)
        for fault in self._take_faults("instead", request):
            return replace_response(fault)
        try:
            request.query.check()
            response = await operation(request)
        except ApiError as error:
            response = render_error(error.status, error.detail, error.pointer, error.headers)
        response = self._traits.apply(request, response)
        return alter_response(response, self._faults, _make_key(request))

    def _take_faults(self, stage: Stage, request: ApiRequest) -> list[Fault]:
        return self._faults.take(stage, _make_key(request))

    def _find_segment(self, request: ApiRequest) -> Segment:
        segment = self._account.find_segment(request.path["segment_id"])
        if segment is None:
            _raise_not_found("no such segment")
        return segment

    def _find_run(self, request: ApiRequest) -> tuple[Segment, Run]:
        segment = self._find_segment(request)
        now = self._account.clock.time()
        run = next((run for run in segment.runs if run.run_id == request.path["run_id"]), None)
        if run is not None:
            alter_run(run, self._take_faults("run", request), now)
        unknown_for = self._account.runs_appear_after
        is_hidden = run is not None and unknown_for > 0 and now < run.started + unknown_for
        if run is None or is_hidden or run.has_expired(now):
            _raise_not_found("no such run")
        return segment, run

    def _find_user(self, request: ApiRequest) -> User:
        user = self._account.find_user(request.request.headers.get("api-token"))
        if user is None:
            _raise_not_found("no such user")
        return user

    def _render_started(self, request: ApiRequest, run: Run) -> Response:
        """Return a run as it is at its start, never ready."""
        return self._render_run(request, run, float("-inf"), 1, 1)

    def _render_run(
        self, request: ApiRequest, run: Run, now: float, page: int, page_size: int
    ) -> Response:
        content = documents.build_run(
            self._account,
            run,
            now=now,
            page=page,
            page_size=page_size,
            user=self._find_user(request),
        )
        return render_json({"data": [content]})


def _make_key(request: ApiRequest) -> RequestKey:
    query = request.request.query_params
    page = parse_integer(query.get("page", "1"))
    contacts = frozenset(query.getlist("ids[]"))
    return RequestKey(request.operation, request.path.get("segment_id"), page, contacts)


def _rank(segment: Segment, field: str) -> tuple[float, str]:
    """Return the sort key of the listing; the id breaks ties."""
    last = segment.latest_count
    if field == "last_total":
        rank = float(last.result_count if last else -1)
    elif field == "last_active_total":
        rank = float((last.active_result_count or 0) if last else -1)
    elif field == "recent":
        rank = segment.last_used_at
    elif field == "updated_date":
        rank = segment.updated_at
    else:
        return 0.0, f"{segment.name}".casefold()
    return rank, segment.segment_id


def _raise_not_found(detail: str) -> NoReturn:
    raise ApiError(HTTPStatus.NOT_FOUND, detail)


def _allow_only_get(app: ASGIApp) -> ASGIApp:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            await app(scope, receive, send)
            return
        response = render_error(
            HTTPStatus.METHOD_NOT_ALLOWED, "only GET is supported", headers={"Allow": "GET"}
        )
        await response(scope, receive, send)

    return application


async def _answer_no_route(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in the form of the API's older endpoints."""
    response = render_json({"message": "No Result found"}, HTTPStatus.NOT_FOUND)
    await response(scope, receive, send)
