"""What faults do to MyPreferences' exports and responses."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from .responses import render_altered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.responses import Response

    from .fault import Fault, Faults, RequestKey

_PROFILES = "UserProfilePreferences"
_UNKNOWN_STATUS = "Archiving"

_ESSENTIAL_KEYS = {
    "initiate": "AccessToken",
    "status": "Status",
    "data": _PROFILES,
    "commit": "Status",
    "token": "access_token",
}

_PAGE_CHANGES: dict[str, Callable[[dict[str, Any], Fault], dict[str, Any]]] = {
    "has_more_wrong": lambda _, fault: {"HasMore": bool(fault.value)},
    "nothing_found": lambda *_: {
        "Count": 0,
        "HasMore": False,
        "TotalResults": 0,
        _PROFILES: [],
    },
    "count_zero": lambda *_: {"Count": 0, _PROFILES: []},
    "total_wrong": lambda page, _: {"TotalResults": page["TotalResults"] + 1},
    "repeats_profiles": lambda page, _: {_PROFILES: page[_PROFILES][:-1] + page[_PROFILES][:1]},
}


class AlterableExport(Protocol):
    """The attributes of an export that faults change."""

    fails: bool
    errors: bool
    retrieved: bool
    ended: float
    expires_at: float


def alter_export(export: AlterableExport, faults: Iterable[Fault], now: float) -> None:
    """Apply faults of the stage ``export``; `now` in epoch seconds."""
    for fault in faults:
        if fault.kind == "export_fails":
            export.fails = True
        elif fault.kind == "export_errors":
            export.errors = True
        elif fault.kind == "export_never_ends":
            export.ended = export.expires_at = math.inf
        elif fault.kind == "export_retrieved":
            export.retrieved = True
        else:
            export.expires_at = now


def alter_response(response: Response, faults: Faults, key: RequestKey) -> Response:
    """Apply the request's faults of the stages ``envelope`` and ``answer`` to its response.

    Errors, and responses without such faults, are returned as they are.
    """
    if not len(faults) or response.status_code != HTTPStatus.OK:
        return response
    content = json.loads(bytes(response.body))
    on_page = faults.take("envelope", key, lambda fault: _is_effective(fault, content))
    # Last, because it hides the keys that the others look for.
    on_page.sort(key=lambda fault: fault.kind == "lower_case_keys")
    for fault in on_page:
        content = _alter_page(content, fault)
    on_document = faults.take("answer", key)
    for fault in on_document:
        content = _alter_document(content, fault, _ESSENTIAL_KEYS[key.operation])
    if not on_page and not on_document:
        return response
    return render_altered(content, on_document)


def _is_effective(fault: Fault, content: dict[str, Any]) -> bool:
    if fault.kind == "has_more_wrong" and "HasMore" in content:
        return content["HasMore"] is not bool(fault.value)
    if fault.kind in _PAGE_CHANGES:
        return _PROFILES in content
    return fault.kind != "unknown_status" or "Status" in content


def _alter_page(content: dict[str, Any], fault: Fault) -> dict[str, Any]:
    if fault.kind == "lower_case_keys":
        return {name.lower(): value for name, value in content.items()}
    if fault.kind == "unknown_status":
        return content | {"Status": fault.body or _UNKNOWN_STATUS}
    return content | _PAGE_CHANGES[fault.kind](content, fault)


def _alter_document(content: Any, fault: Fault, essential_key: str) -> Any:
    if fault.answer is not None:
        return fault.answer(content)
    if fault.kind == "not_object":
        return [content]
    if fault.kind == "no_data" and isinstance(content, dict):
        return {name: value for name, value in content.items() if name != essential_key}
    if fault.kind == "data_object" and isinstance(content, dict):
        return content | {essential_key: {"0": content.get(essential_key)}}
    return content
