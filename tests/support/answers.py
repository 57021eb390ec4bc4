"""Edits of the sandbox's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BEYOND_INT64 = 2**63


def with_attribute(value: Any, *path: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return an edit that sets an attribute of the first resource."""

    def put(answer: dict[str, Any]) -> dict[str, Any]:
        inner = answer["data"][0]["attributes"]
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return answer

    return put
