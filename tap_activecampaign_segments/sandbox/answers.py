"""Answers, good and bad."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response


class RefusedError(Exception):
    """A request that the API does not grant."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        pointer: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say why.

        Args:
            status: Of the answer.
            detail: One sentence.
            pointer: What in the request is meant.
            headers: Of the answer.
        """
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.pointer = pointer
        self.headers = headers or {}

    @property
    def response(self) -> Response:
        """The answer in the form of JSON:API."""
        return refusal(self.status, self.detail, self.pointer, self.headers)


def document(content: Any, status: int = HTTPStatus.OK) -> Response:
    """An answer in JSON; bytes are sent as they are."""
    body = content
    if not isinstance(content, bytes):
        body = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return Response(body, status, media_type="application/json")


def refusal(
    status: HTTPStatus, detail: str, pointer: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """An error in the form of JSON:API."""
    error = {
        "code": str(status.value),
        "detail": detail,
        "source": {"pointer": pointer},
        "status": f"{status.value} {status.name}",
        "title": status.phrase,
    }
    response = document({"errors": [error]}, status)
    response.headers.update(headers or {})
    return response
