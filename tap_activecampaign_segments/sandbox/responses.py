"""JSON responses and errors that both APIs share."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response


class ApiError(Exception):
    """An operation refuses a request. Each API renders it in its own form.

    Attributes:
        status: HTTP status.
        detail: One sentence.
        pointer: The part of the request that is wrong.
        headers: Response headers.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        pointer: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Create an error; see the attributes."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.pointer = pointer
        self.headers = headers or {}


def render_json(content: Any, status: int = HTTPStatus.OK) -> Response:
    """Return `content` as a JSON response. Bytes are sent as they are."""
    body = content
    if not isinstance(content, bytes):
        body = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return Response(body, status, media_type="application/json")


def render_error(
    status: HTTPStatus, detail: str, pointer: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON:API error response, the form of ActiveCampaign and of the sandbox itself."""
    error = {
        "code": str(status.value),
        "detail": detail,
        "source": {"pointer": pointer},
        "status": f"{status.value} {status.name}",
        "title": status.phrase,
    }
    response = render_json({"errors": [error]}, status)
    response.headers.update(headers or {})
    return response
