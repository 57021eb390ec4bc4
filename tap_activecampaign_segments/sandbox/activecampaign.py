"""ActiveCampaign's Segments API: its operations and their routes."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NoReturn

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from . import documents
from .account import Account
from .answers import RefusedError, document, refusal
from .damage import damaged, disturb, instead
from .evaluation import Run
from .faults import Faults
from .gate import RateGate, TokenGate
from .history import newest_first
from .parameters import refuse
from .question import Question
from .segment import Segment
from .user import User

PREFIX = "/api/3"
PATIENCE = 4.0
MAX_SEGMENTS = 100
LISTING_SORTS = ("updated_date", "name", "recent", "last_total", "last_active_total")

Operation = Callable[[Question], Awaitable[Response]]


class ActiveCampaign:
    """The operations on one account."""

    def __init__(self, account: Account, faults: Faults) -> None:
        """Serve an account, with faults."""
        self._account = account
        self._faults = faults

    def application(self, limit: int | None) -> ASGIApp:
        """The API below its prefix, for those with the token, so many requests a second."""
        paged = ("page", "page_size")
        history = "/segmentsV2/{segment_id}/count-history"
        routes = [
            self._route("/audiences", "list", self.listing, *paged, "sort", "search"),
            self._route("/audiences/{segment_id}", "segment", self.summary),
            self._route("/users/me", "user", self.me),
            self._route(
                "/segmentsV2/count-history", "recent_counts", self.recent_counts, "segmentIds"
            ),
            self._route("/segmentsV2/{segment_id}", "segment", self.definition),
            self._route(
                "/segmentsV2/{segment_id}/createdDate/{milliseconds}",
                "definition",
                self.former_definition,
            ),
            self._route(history, "count_history", self.count_history),
            self._route(f"{history}/{{seconds}}", "count_history", self.count_history),
            self._route(
                "/segmentMatchAll/{segment_id}", "start", self.start, *paged, "sort", "instant"
            ),
            self._route(
                "/segmentMatchAll/{segment_id}/{run_id}", "read", self.read, *paged, "sort"
            ),
            self._route("/segmentMatchSome/{segment_id}/{run_id}", "read", self.read_kept, *paged),
        ]
        router = Router(routes, redirect_slashes=False, default=_no_route)
        return TokenGate(RateGate(_only_get(router), self._account, limit), self._account)

    async def me(self, question: Question) -> Response:
        """The user who asks."""
        user = self._user(question)
        if not self._account.names_user:
            raise RefusedError(HTTPStatus.FORBIDDEN, "the user may not see users")
        return document({"user": {"id": user.user_id, "username": f"user {user.user_id}"}})

    async def listing(self, question: Question) -> Response:
        """One page of the saved segments' summaries; nothing to list is not found."""
        parameters = question.parameters
        sort = parameters.choice(
            "sort", [sign + name for name in LISTING_SORTS for sign in ("", "-")], "-updated_date"
        )
        page, size = parameters.page, parameters.page_size
        search = parameters.text("search").casefold()
        found = [
            segment
            for segment in self._account.segments
            if segment.name is not None and search in segment.name.casefold()
        ]
        size = min(size, self._account.listing_cap or size)
        last_page = -(-len(found) // size)
        if page > last_page:
            _not_found("no segments")
        found.sort(
            key=lambda segment: _listing_rank(segment, sort.removeprefix("-")),
            reverse=sort.startswith("-"),
        )
        rows = found[(page - 1) * size : page * size]
        content: dict[str, object] = {
            "data": [documents.summary(self._account, segment) for segment in rows]
        }
        match self._account.listing_meta:
            case True:
                content["meta"] = {"page": {"current_page": page, "last_page": last_page}}
            case "text":
                numbers = {"current_page": str(page), "last_page": str(last_page)}
                content["meta"] = {"page": numbers}
            case "total":
                content["meta"] = {"total": str(len(found))}
        return document(content)

    async def summary(self, question: Question) -> Response:
        """A saved segment's summary."""
        segment = self._segment(question)
        if segment.name is None:
            _not_found("no such segment")
        return document({"data": [documents.summary(self._account, segment)]})

    async def definition(self, question: Question) -> Response:
        """The newest definition."""
        segment = self._segment(question)
        newest = segment.versions[-1]
        return document({"data": [documents.definition(self._account, segment, newest)]})

    async def former_definition(self, question: Question) -> Response:
        """The definition at an instant."""
        milliseconds = question.integer("milliseconds")
        segment = self._segment(question)
        version = segment.version(milliseconds / 1000)
        if version is None or segment.segment_id.isdecimal():
            _not_found("no definition at that time")
        return document({"data": [documents.definition(self._account, segment, version)]})

    async def count_history(self, question: Question) -> Response:
        """The newest sizes, or the newest ones before an instant."""
        before = question.integer("seconds") if "seconds" in question.path else None
        segment = self._segment(question)
        rows = newest_first(segment.counts, before, self._account.counts_per_answer)
        return document({"data": [documents.size(self._account, segment, row) for row in rows]})

    async def recent_counts(self, question: Question) -> Response:
        """The newest size of each of some segments."""
        ids = list(filter(None, question.parameters.text("segmentIds").split(",")))
        if not ids or len(ids) > MAX_SEGMENTS:
            refuse("segmentIds", f"must be 1 to {MAX_SEGMENTS} ids")
        rows = []
        for segment_id in dict.fromkeys(ids):
            segment = self._account.segment(segment_id)
            row = documents.latest(segment) if segment else None
            if segment and row:
                rows.append(documents.size(self._account, segment, row))
        return document({"data": rows})

    async def start(self, question: Question) -> Response:
        """Start a run, and wait a little for its result unless asked not to."""
        parameters = question.parameters
        sort, instant = parameters.sort, parameters.instant
        page, page_size = parameters.page, parameters.page_size
        segment = self._segment(question)
        if segment.external:
            raise RefusedError(
                HTTPStatus.BAD_REQUEST, "the segment needs an external id", "external_id"
            )
        last = segment.runs[-1] if segment.runs else None
        if last and last.sort == sort and self._faults.take("start", question.occasion):
            return self._result(question, last, self._account.clock.time(), page, page_size)
        run = self._account.start(segment, sort)
        disturb(run, self._faults.take("run", question.occasion), run.started)
        if instant:
            return self._running(question, run)
        waiting = min(PATIENCE, run.ended - run.started)
        if waiting > 0:
            await self._account.clock.pause(waiting)
        # A real clock may wake a moment early.
        now = max(self._account.clock.time(), run.started + waiting)
        return self._result(question, run, now, page, page_size)

    async def read(self, question: Question) -> Response:
        """Read a run's result; another sort drops it and evaluates again."""
        parameters = question.parameters
        sort, page, page_size = parameters.sort, parameters.page, parameters.page_size
        segment, run = self._run(question)
        if sort != run.sort:
            self._account.restart(segment, run, sort)
            return self._running(question, run)
        return self._result(question, run, self._account.clock.time(), page, page_size)

    async def read_kept(self, question: Question) -> Response:
        """Read a run's result in the order that it has."""
        parameters = question.parameters
        page, page_size = parameters.page, parameters.page_size
        _, run = self._run(question)
        return self._result(question, run, self._account.clock.time(), page, page_size)

    def _route(self, path: str, name: str, operation: Operation, *known: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._answer(Question(name, request, known), operation)

        return Route(path, endpoint)

    async def _answer(self, question: Question, operation: Operation) -> Response:
        """What the operation answers, or what its faults make of that."""
        for fault in self._faults.take("late", question.occasion):
            await self._account.clock.pause(fault.seconds)
        for fault in self._faults.take("instead", question.occasion):
            return instead(fault)
        try:
            question.parameters.check()
            answer = await operation(question)
        except RefusedError as error:
            return error.response
        return damaged(answer, self._faults, question.occasion)

    def _segment(self, question: Question) -> Segment:
        segment = self._account.segment(question.path["segment_id"])
        if segment is None:
            _not_found("no such segment")
        return segment

    def _run(self, question: Question) -> tuple[Segment, Run]:
        segment = self._segment(question)
        now = self._account.clock.time()
        run = next((run for run in segment.runs if run.run_id == question.path["run_id"]), None)
        if run is not None:
            disturb(run, self._faults.take("run", question.occasion), now)
        unknown_for = self._account.runs_appear_after
        is_hidden = run is not None and unknown_for > 0 and now < run.started + unknown_for
        if run is None or is_hidden or run.has_expired(now):
            _not_found("no such run")
        return segment, run

    def _running(self, question: Question, run: Run) -> Response:
        """A run that has only just begun."""
        return self._result(question, run, float("-inf"), 1, 1)

    def _result(
        self, question: Question, run: Run, now: float, page: int, page_size: int
    ) -> Response:
        content = documents.result(
            self._account,
            run,
            now=now,
            page=page,
            page_size=page_size,
            user=self._user(question),
        )
        return document({"data": [content]})

    def _user(self, question: Question) -> User:
        user = self._account.user(question.request.headers.get("api-token"))
        if user is None:
            _not_found("no such user")
        return user


def _listing_rank(segment: Segment, field: str) -> tuple[float, str]:
    """What a segment is sorted by; the id decides between equals."""
    last = documents.latest(segment)
    if field == "last_total":
        rank = float(last.result_count if last else -1)
    elif field == "last_active_total":
        rank = float((last.active_result_count or 0) if last else -1)
    elif field == "recent":
        rank = documents.used(segment)
    elif field == "updated_date":
        rank = documents.updated(segment)
    else:
        return 0.0, f"{segment.name}".casefold()
    return rank, segment.segment_id


def _not_found(detail: str) -> NoReturn:
    raise RefusedError(HTTPStatus.NOT_FOUND, detail)


def _only_get(app: ASGIApp) -> ASGIApp:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            await app(scope, receive, send)
            return
        answer = refusal(
            HTTPStatus.METHOD_NOT_ALLOWED, "only GET is supported", headers={"Allow": "GET"}
        )
        await answer(scope, receive, send)

    return application


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the older parts of the API do."""
    answer = document({"message": "No Result found"}, HTTPStatus.NOT_FOUND)
    await answer(scope, receive, send)
