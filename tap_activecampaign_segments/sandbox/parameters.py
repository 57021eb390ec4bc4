"""A request's query, strictly read."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import NoReturn

from .answers import RefusedError
from .ordering import is_sort

MAX_PAGE_SIZE = 10_000
MAX_PAGE = 2**31 - 1
_INTEGER = re.compile(r"[0-9]{1,10}")


def refuse(name: str, detail: str) -> NoReturn:
    """Refuse a parameter."""
    raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name}: {detail}", name)


class Parameters:
    """The parameters of one request."""

    def __init__(self, items: Collection[tuple[str, str]], known: Collection[str]) -> None:
        """Take them down.

        Args:
            items: Decoded names and values.
            known: The names that the operation has.
        """
        self._items = items
        self._known = known
        self._values = dict(items)

    def check(self) -> None:
        """Refuse unknown and repeated ones."""
        for name in self._values:
            if name not in self._known:
                refuse(name, "no such parameter")
        if len(self._values) < len(self._items):
            refuse("", "a parameter is given twice")

    def __contains__(self, name: str) -> bool:
        """Whether it was given, with or without a value."""
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """A parameter as it was given."""
        return self._values.get(name, default)

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """A parameter that is one of some words."""
        value = self.text(name, default)
        if value not in choices:
            refuse(name, f"must be one of {', '.join(choices)}")
        return value

    @property
    def page(self) -> int:
        """The page's number, from 1."""
        return self.integer("page", 1, MAX_PAGE)

    @property
    def page_size(self) -> int:
        """Rows per page."""
        return self.integer("page_size", 20, MAX_PAGE_SIZE)

    @property
    def sort(self) -> str:
        """The order of a result."""
        value = self.text("sort", "id")
        if not is_sort(value):
            refuse("sort", "no list of sortable fields")
        return value

    @property
    def instant(self) -> bool:
        """Whether not to wait; it is given or not, and has no value."""
        if self.text("instant"):
            refuse("instant", "takes no value")
        return "instant" in self

    def flag(self, name: str) -> bool:
        """A parameter that is the word true or the word false; false, if absent."""
        return self.choice(name, ("true", "false"), "false") == "true"

    def integer(self, name: str, default: int, highest: int) -> int:
        """A parameter that is an integer from 1."""
        value = self.text(name, str(default))
        if not _INTEGER.fullmatch(value) or not 1 <= int(value) <= highest:
            refuse(name, f"must be an integer between 1 and {highest}")
        return int(value)
