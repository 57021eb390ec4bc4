"""A request as an operation of either API reads it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote

from .responses import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

_INTEGER = re.compile(r"[0-9]{1,10}")
_PATH_INTEGER = re.compile(r"[0-9]{1,18}")


def parse_integer(text: str) -> int | None:
    """Return the number that the text writes with at most 18 digits, None if it is none."""
    return int(text) if _PATH_INTEGER.fullmatch(text) else None


def reject_parameter(name: str, detail: str) -> NoReturn:
    """Raise a 400 `ApiError` for a parameter."""
    raise ApiError(HTTPStatus.BAD_REQUEST, f"{name}: {detail}", name)


class QueryParameters:
    """The query parameters of one request. Readers raise `ApiError` for invalid values."""

    def __init__(self, items: Collection[tuple[str, str]], known: Collection[str]) -> None:
        """Wrap decoded parameters.

        Args:
            items: Names and values in the order sent.
            known: Names that the operation accepts.
        """
        self._items = items
        self._known = known
        self._values = dict(items)

    def check(self) -> None:
        """Raise `ApiError` if a parameter is unknown, or repeated without being a list."""
        for name in self._values:
            if name not in self._known:
                reject_parameter(name, "no such parameter")
        if any(not name.endswith("[]") for name in self._repeated_names):
            reject_parameter("", "a parameter is given twice")

    def without(self, names: Collection[str]) -> QueryParameters:
        """Return the parameters but for some."""
        items = [(name, value) for name, value in self._items if name not in names]
        return QueryParameters(items, self._known)

    def __contains__(self, name: str) -> bool:
        """Return whether the parameter was sent, with or without a value."""
        return name in self._values

    def get_text(self, name: str, default: str = "") -> str:
        """Return a parameter as it was sent."""
        return self._values.get(name, default)

    def get_texts(self, name: str) -> list[str]:
        """Return all values of a parameter, in the order sent."""
        return [value for each, value in self._items if each == name]

    @property
    def _repeated_names(self) -> list[str]:
        names = [name for name, _ in self._items]
        return [name for name in self._values if names.count(name) > 1]

    def get_choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return a parameter that must be one of `choices`."""
        value = self.get_text(name, default)
        if value not in choices:
            reject_parameter(name, f"must be one of {', '.join(choices)}")
        return value

    def get_flag(self, name: str) -> bool:
        """Return a parameter that must be ``true`` or ``false``; False by default."""
        return self.get_choice(name, ("true", "false"), "false") == "true"

    def get_integer(self, name: str, default: int, highest: int, *, lowest: int = 1) -> int:
        """Return a parameter that must be an integer from `lowest` to `highest`."""
        value = self.get_text(name, str(default))
        if not _INTEGER.fullmatch(value) or not lowest <= int(value) <= highest:
            reject_parameter(name, f"must be an integer between {lowest} and {highest}")
        return int(value)


class ApiRequest:
    """A routed request.

    Attributes:
        operation: Name of the operation, one of `faults.kinds.OPERATIONS`.
        path: Decoded path parameters by name.
        query: Query parameters, not checked yet.
        request: The Starlette request.
    """

    def __init__(self, operation: str, request: Request, known: Collection[str]) -> None:
        """Wrap a request.

        Args:
            operation: Name of the operation.
            request: The Starlette request.
            known: Query parameters that the operation accepts.
        """
        self.operation = operation
        # The router matched the encoded path, so that an id may contain a slash.
        self.path = {name: unquote(text) for name, text in request.path_params.items()}
        self.query = QueryParameters(request.query_params.multi_items(), known)
        self.request = request

    def get_path_integer(self, name: str) -> int:
        """Return a path parameter that must be an integer; raises `ApiError`."""
        number = parse_integer(self.path[name])
        if number is None:
            reject_parameter(name, "must be an integer")
        return number
