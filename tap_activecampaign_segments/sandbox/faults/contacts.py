"""What faults do to a page of contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .fault import Fault


def alter_contacts(content: dict[str, Any], fault: Fault) -> None:
    """Change a page of contacts in place, by a fault of the stage ``page``."""
    contacts: list[dict[str, Any]] = content["contacts"]
    meta: dict[str, Any] = content.get("meta", {})
    if fault.kind == "empty_result":
        content |= {"contacts": [], "meta": {"total": "0"}}
    elif fault.kind == "no_page":
        content.pop("meta", None)
    elif fault.kind == "total_is":
        meta["total"] = fault.value
    elif fault.kind == "total_changes":
        meta["total"] = str(int(meta["total"]) + 1)
    elif fault.kind == "duplicate":
        contacts[-1:] = contacts[:1]
    elif fault.kind == "missing_row":
        contacts[-1:] = []
    elif fault.kind == "text_id" and contacts:
        contacts[0]["id"] = "abc"
