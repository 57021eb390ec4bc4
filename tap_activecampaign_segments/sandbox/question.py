"""One request, on its way to an operation."""

import re
from collections.abc import Collection
from urllib.parse import unquote

from starlette.requests import Request

from .faults import Occasion
from .parameters import Parameters, refuse

_INTEGER = re.compile(r"[0-9]{1,18}")


class Question:
    """What a request asks of an operation.

    Attributes:
        path: The decoded parts of the path that are no constants, by name.
        parameters: The query, not checked yet.
        request: As it came.
        occasion: What faults are looked up for.
    """

    def __init__(self, operation: str, request: Request, known: Collection[str]) -> None:
        """Read a request, and refuse nothing yet.

        Args:
            operation: One of `faults.OPERATIONS`.
            request: As it came.
            known: The parameters that the operation has.
        """
        # The router saw the path as it was sent, so that an id may contain a slash.
        self.path = {name: unquote(text) for name, text in request.path_params.items()}
        self.request = request
        self.parameters = Parameters(request.query_params.multi_items(), known)
        page = request.query_params.get("page", "1")
        self.occasion = Occasion(
            operation, self.path.get("segment_id"), int(page) if _INTEGER.fullmatch(page) else None
        )

    def integer(self, name: str) -> int:
        """A part of the path that is an integer."""
        if not _INTEGER.fullmatch(self.path[name]):
            refuse(name, "must be an integer")
        return int(self.path[name])
