"""What faults do to ActiveCampaign's runs and responses."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from .contacts import alter_contacts
from .responses import render_altered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.responses import Response

    from .fault import Fault, Faults, RequestKey

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z")
_NUMBERS = {"total_is": "total", "last_page_is": "last_page", "per_page_is": "per_page"}


class AlterableRun(Protocol):
    """The attributes of a run that faults change."""

    fails: bool
    ended: float
    expires_at: float


def alter_run(run: AlterableRun, faults: Iterable[Fault], now: float) -> None:
    """Apply faults of the stage ``run``; `now` in epoch seconds."""
    for fault in faults:
        if fault.kind == "run_fails":
            run.fails = True
        elif fault.kind == "run_never_ends":
            run.ended = math.inf
        else:
            run.expires_at = now


def alter_response(response: Response, faults: Faults, key: RequestKey) -> Response:
    """Apply the request's faults of the stages ``page`` and ``answer`` to its response.

    Errors, and responses without such faults, are returned as they are.
    """
    if not len(faults) or response.status_code != HTTPStatus.OK:
        return response
    content = json.loads(bytes(response.body))
    resources = content.get("data")
    attributes = resources[0]["attributes"] if resources else {}
    has_page = "contacts" in content or attributes.get("is_ready")
    on_page = faults.take("page", key) if has_page else []
    for fault in on_page:
        if "contacts" in content:
            alter_contacts(content, fault)
        else:
            _alter_page(attributes, fault)
    on_document = faults.take("answer", key)
    for fault in on_document:
        content = _alter_document(content, fault)
    if not on_page and not on_document:
        return response
    return render_altered(content, on_document)


def _alter_page(attributes: dict[str, Any], fault: Fault) -> None:
    """Change one page of a result in place."""
    matches: list[Any] = attributes.get("matches", [])
    kind = fault.kind
    if kind in _NUMBERS:
        if "page" in attributes:
            attributes["page"][_NUMBERS[kind]] = fault.value
    elif kind == "empty_result":
        numbers = {"current_page": 1, "last_page": 1, "per_page": 20, "total": 0}
        attributes |= {"matches": [], "page": attributes.get("page", {}) | numbers}
    elif kind == "no_page":
        attributes.pop("page", None)
        attributes.pop("matches", None)
    elif kind == "total_changes" and "page" in attributes:
        attributes["page"]["total"] += 1
    elif kind == "duplicate":
        matches[-1:] = matches[:1]
    elif kind == "missing_row":
        matches[-1:] = []
    elif kind == "text_id":
        matches[:1] = ["abc"]


def _alter_document(content: Any, fault: Fault) -> Any:
    if fault.answer is not None:
        return fault.answer(content)
    if fault.kind in _ALTERATIONS:
        return _ALTERATIONS[fault.kind](content, fault)
    return content


def _get_key(content: dict[str, Any]) -> str:
    """Return the name of the rows."""
    return "contacts" if "contacts" in content else "data"


def _set_digits(content: Any, fault: Fault) -> Any:
    """Rewrite every timestamp with the fault's number of fraction digits."""
    return json.loads(_TIMESTAMP.sub(partial(_pad, int(fault.value)), json.dumps(content)))


def _pad(digits: int, match: re.Match[str]) -> str:
    fraction = (match[2] or "").ljust(9, "0")[:digits]
    return f"{match[1]}.{fraction}Z" if digits else f"{match[1]}Z"


def _remove_end(content: Any, _: Fault) -> Any:
    for resource in content.get("data", ()):
        if resource["attributes"].get("is_ready"):
            resource["attributes"].pop("run_id_end", None)
    return content


_ALTERATIONS: dict[str, Callable[[Any, Fault], Any]] = {
    "not_object": lambda content, _: content.get(_get_key(content), []),
    "no_data": lambda content, _: {
        name: value for name, value in content.items() if name != _get_key(content)
    },
    "data_object": lambda content, _: (
        content | {_get_key(content): next(iter(content.get(_get_key(content), ())), {})}
    ),
    "digits": _set_digits,
    "no_end": _remove_end,
}
