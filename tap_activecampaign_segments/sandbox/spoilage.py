"""What faults make of exports and of the second vendor's answers."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .answers import document
from .damage import Cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from .export import Export
    from .faults import Fault, Faults, Occasion

PROFILES = "UserProfilePreferences"
_UNKNOWN = "Archiving"

_SUBSTANCE = {
    "initiate": "AccessToken",
    "status": "Status",
    "data": PROFILES,
    "commit": "Status",
    "token": "access_token",
}

_PAGES: dict[str, Callable[[dict[str, Any], Fault], dict[str, Any]]] = {
    "has_more_wrong": lambda _, fault: {"HasMore": bool(fault.value)},
    "nothing_found": lambda *_: {
        "Count": 0,
        "HasMore": False,
        "TotalResults": 0,
        PROFILES: [],
    },
    "count_zero": lambda *_: {"Count": 0, PROFILES: []},
    "total_wrong": lambda page, _: {"TotalResults": page["TotalResults"] + 1},
    "repeats_profiles": lambda page, _: {PROFILES: page[PROFILES][:-1] + page[PROFILES][:1]},
}


def disturb(export: Export, faults: list[Fault], now: float) -> None:
    """Do to an export what its faults say; `now` in epoch seconds."""
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


def spoilt(response: Response, faults: Faults, occasion: Occasion) -> Response:
    """The answer with the faults that it comes by; the very same one without any."""
    if not len(faults) or response.status_code != HTTPStatus.OK:
        return response
    content = json.loads(bytes(response.body))
    taken = faults.take("envelope", occasion, lambda fault: _matters(fault, content))
    # Last, because it hides the others' keys.
    taken.sort(key=lambda fault: fault.kind == "lower_case_keys")
    for fault in taken:
        content = _falsified(content, fault)
    others = faults.take("answer", occasion)
    for fault in others:
        content = _reshaped(content, fault, _SUBSTANCE[occasion.operation])
    if not taken and not others:
        return response
    answer = document(content)
    if any(fault.kind == "cut" for fault in others):
        return Cut(answer.body, media_type="application/json")
    return answer


def _matters(fault: Fault, content: dict[str, Any]) -> bool:
    """Whether the fault makes another answer of it."""
    if fault.kind == "has_more_wrong" and "HasMore" in content:
        return content["HasMore"] is not bool(fault.value)
    if fault.kind in _PAGES:
        return PROFILES in content
    return fault.kind != "unknown_status" or "Status" in content


def _falsified(content: dict[str, Any], fault: Fault) -> dict[str, Any]:
    if fault.kind == "lower_case_keys":
        return {name.lower(): value for name, value in content.items()}
    if fault.kind == "unknown_status":
        return content | {"Status": fault.body or _UNKNOWN}
    return content | _PAGES[fault.kind](content, fault)


def _reshaped(content: Any, fault: Fault, substance: str) -> Any:
    if fault.answer is not None:
        return fault.answer(content)
    if fault.kind == "not_object":
        return [content]
    if fault.kind == "no_data" and isinstance(content, dict):
        return {name: value for name, value in content.items() if name != substance}
    if fault.kind == "data_object" and isinstance(content, dict):
        return content | {substance: {"0": content.get(substance)}}
    return content
