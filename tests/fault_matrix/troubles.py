"""What goes wrong with requests in the fault matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Edit = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class Trouble:
    """What goes wrong with one request.

    Attributes:
        name: Name in test ids.
        fault: The sandbox's kind of fault.
        says: Part of the error line.
        tries: Attempts per request; with one failure less it passes.
        ends: Whether it ends the sync, whatever was requested.
        wait: Seconds that the server asks for after the first try.
        is_typical: Whether it is also used for `SITUATIONS`, and with all streams selected.
        is_of_data: Whether it needs a `data` object, which MyPreferences' answers lack, and those
            with contacts.
        details: Arguments of the sandbox's fault.
    """

    name: str
    fault: str
    says: str = ""
    tries: int = 5
    ends: bool = False
    wait: float = 0
    is_typical: bool = False
    is_of_data: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


def _status(status: int, **traits: Any) -> Trouble:
    return Trouble(
        f"{status}", "status", f"answered {status}", details={"status": status}, **traits
    )


def _retry_after(value: str, name: str = "", **traits: Any) -> Trouble:
    name = f"429 and Retry-After {name or value}"
    return Trouble(name, "retry_after", "answered 429", details={"value": value}, **traits)


def _redirect(status: int, **traits: Any) -> Trouble:
    return Trouble(
        f"{status} to another host",
        "status",
        "a redirect, which is never followed",
        tries=1,
        details={"status": status, "headers": {"Location": "{elsewhere}"}},
        **traits,
    )


def _edit(name: str, edit: Edit, **traits: Any) -> Trouble:
    return Trouble(name, "edit", details={"answer": edit}, **traits)


def unusable(name: str, edit: Edit, **traits: Any) -> Trouble:
    """Return a trouble: an answer of 200 that is retried."""
    return _edit(name, edit, says="200 without usable content", **traits)


def _bare(content: dict[str, Any]) -> dict[str, Any]:
    """Remove all meaningful fields."""
    if "contacts" in content:
        return {"contacts": [{}]}
    return {"data": [{"attributes": {}}]} if "data" in content else {"Other": 1}


def _each(content: dict[str, Any], value: Any) -> dict[str, Any]:
    """Replace the values of all meaningful fields."""
    if "contacts" in content:
        [first, *_] = content["contacts"]
        return {"contacts": [dict.fromkeys(first, value)]}
    if "data" not in content:
        return dict.fromkeys(content, value)
    attributes = content["data"][0]["attributes"] if content["data"] else {}
    return {"data": [{"id": value, "attributes": dict.fromkeys(attributes, value)}]}


TROUBLES = (
    _status(429),
    _retry_after("10", wait=10, is_typical=True),
    # A date has whole seconds, and this one is set before the sync starts.
    _retry_after("{in_10_seconds}", name="as a date", wait=8),
    _retry_after("-5"),
    _retry_after("soon"),
    # Longer than one request may wait.
    _retry_after("99999999", tries=1, ends=True, is_typical=True),
    _retry_after("Thu, 01 Jan 2099 00:00:00 GMT", name="in 2099", tries=1, ends=True),
    Trouble(
        "503 and Retry-After 3600",
        "status",
        "asks to stay away for 3600 s",
        tries=1,
        ends=True,
        details={"status": 503, "headers": {"Retry-After": "3600"}},
    ),
    _status(500),
    _status(502),
    _status(503, is_typical=True),
    Trouble(
        "503 and Retry-After 10",
        "status",
        "answered 503",
        wait=10,
        details={"status": 503, "headers": {"Retry-After": "10"}},
    ),
    _status(504),
    _status(511),
    _status(499),
    Trouble(
        "404 of a gateway",
        "status",
        "answered 404",
        details={"status": 404, "body": "<html><body>no such host</body></html>"},
    ),
    Trouble(
        "403 of a gateway",
        "status",
        "not the API's own",
        details={"status": 403, "body": "<!DOCTYPE html><title>Attention Required!</title>"},
    ),
    _status(403, tries=3, is_typical=True),
    _status(401, tries=1, ends=True, is_typical=True),
    _status(402, tries=1, ends=True),
    _status(418, tries=1),
    _redirect(302, is_typical=True),
    _redirect(307),
    Trouble("reset", "reset", "broke off", is_typical=True),
    Trouble("body cut off", "cut", "broke off"),
    Trouble("empty 200", "empty", "200 without usable content"),
    Trouble("HTML 200", "html", "200 without usable content"),
    unusable("array", lambda content: [content]),
    unusable("empty object", lambda _: {}),
    unusable("errors beside", lambda content: content | {"errors": [{"title": "no luck"}]}),
    unusable("data null", lambda _: {"data": None}, is_of_data=True),
)

NONSENSE = (
    _edit("fields missing", _bare),
    _edit("nulls", lambda content: _each(content, None), is_typical=True),
    _edit("wrong types", lambda content: _each(content, {"no": "such"})),
    _edit("data of nulls", lambda _: {"data": [None]}, is_of_data=True),
    _edit("no attributes", lambda _: {"data": [{"id": "1"}]}, is_of_data=True),
)
"""Valid JSON objects that make no sense."""

DATA_OBJECT = Trouble("data an object", "data_object")
"""Seen in practice, and accepted."""
